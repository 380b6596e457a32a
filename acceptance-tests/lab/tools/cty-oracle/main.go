// Program cty-oracle says what Terraform's own library of values, go-cty, makes of encoded values.
//
// It reads one request a line on standard input and answers each with one line on standard output, both JSON. It is
// for tests that compare another implementation of the encodings with go-cty.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// request is a value of a type in one of the two encodings. Refine asks for every unknown string, number and list in
// the value to be refined before it is encoded again.
type request struct {
	Type    json.RawMessage `json:"type"`
	Msgpack []byte          `json:"msgpack,omitempty"`
	JSON    json.RawMessage `json:"json,omitempty"`
	Refine  bool            `json:"refine,omitempty"`
}

// answer is the same value in both encodings, or why there is none. JSON is missing when the value is not wholly
// known.
type answer struct {
	Msgpack []byte          `json:"msgpack,omitempty"`
	JSON    json.RawMessage `json:"json,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(input io.Reader, output io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(input))
	answers := json.NewEncoder(output)
	for {
		var asked request
		switch err := requests.Decode(&asked); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("read a request: %w", err)
		}
		given, err := encodings(asked)
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := answers.Encode(given); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}

func encodings(asked request) (answer, error) {
	ty, err := ctyjson.UnmarshalType(asked.Type)
	if err != nil {
		return answer{}, fmt.Errorf("decode the type: %w", err)
	}
	value, err := decode(asked, ty)
	if err != nil {
		return answer{}, fmt.Errorf("decode the value: %w", err)
	}
	if asked.Refine {
		if value, err = cty.Transform(value, refined); err != nil {
			return answer{}, fmt.Errorf("refine the value: %w", err)
		}
	}
	packed, err := msgpack.Marshal(value, ty)
	if err != nil {
		return answer{}, fmt.Errorf("encode the value as MessagePack: %w", err)
	}
	if !value.IsWhollyKnown() {
		return answer{Msgpack: packed}, nil
	}
	text, err := ctyjson.Marshal(value, ty)
	if err != nil {
		return answer{}, fmt.Errorf("encode the value as JSON: %w", err)
	}
	return answer{Msgpack: packed, JSON: text}, nil
}

func decode(asked request, ty cty.Type) (cty.Value, error) {
	if len(asked.Msgpack) > 0 {
		return msgpack.Unmarshal(asked.Msgpack, ty)
	}
	return ctyjson.Unmarshal(asked.JSON, ty)
}

// refined narrows an unknown value down as far as its type allows.
func refined(_ cty.Path, value cty.Value) (cty.Value, error) {
	if value.IsKnown() || value.Type() == cty.DynamicPseudoType {
		return value, nil
	}
	builder := value.Refine().NotNull()
	switch ty := value.Type(); {
	case ty == cty.String:
		builder = builder.StringPrefix("https://a-rather-long-prefix-of-a-text/")
	case ty == cty.Number:
		builder = builder.NumberRangeInclusive(cty.NumberIntVal(-7), cty.MustParseNumberVal("1e30"))
	case ty.IsListType():
		builder = builder.CollectionLengthLowerBound(1).CollectionLengthUpperBound(300)
	}
	return builder.NewValue(), nil
}

// mesh-config-oracle tells what istiod makes of documents of its mesh configuration.
//
// It reads one JSON object a line, {"document": "MeshConfig", "text": "<YAML>"}, and answers each with one line,
// {"error": "<why istiod drops the document>"}, or {"running": {…}} with what istiod then runs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/util/protomarshal"
)

type question struct {
	Document string `json:"document"`
	Text     string `json:"text"`
}

type answer struct {
	Error   string          `json:"error,omitempty"`
	Running json.RawMessage `json:"running,omitempty"`
}

func read(asked question) (proto.Message, error) {
	switch asked.Document {
	case "MeshConfig":
		return mesh.ApplyMeshConfigDefaults(asked.Text)
	case "MeshNetworks":
		return mesh.ParseMeshNetworks(asked.Text)
	case "ProxyConfig":
		return mesh.MergeProxyConfig(asked.Text, mesh.DefaultProxyConfig())
	default:
		return nil, fmt.Errorf("there is no document %q", asked.Document)
	}
}

func answerTo(asked question) answer {
	found, err := read(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	// As /debug/mesh does.
	running, err := protomarshal.Marshal(found)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Running: running}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if err := answers.Encode(answerTo(asked)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

package main

import (
	"io"
	"strings"
	"testing"
)

func TestTheTailOfALogHasTheLinesAskedFor(t *testing.T) {
	long := strings.Repeat("0123456789\n", 20000)
	for _, test := range []struct {
		log   string
		lines int
		want  string
	}{
		{"", 2, ""},
		{"one\n", 0, ""},
		{"one\ntwo\nthree\n", 2, "two\nthree\n"},
		{"one\ntwo\nunfinished", 2, "two\nunfinished"},
		{"one\ntwo\n", 5, "one\ntwo\n"},
		{long, 10000, long[:110000]},
	} {
		reader := strings.NewReader(test.log)
		if err := seekToTail(reader, test.lines); err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(reader)
		if string(got) != test.want {
			t.Errorf("the last %d lines of a log of %d bytes: got %d bytes", test.lines, len(test.log), len(got))
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	var out bytes.Buffer
	in := `{"layer": "ffn", "rows": 1, "density": 0.1, "rounds": 2}
{"layer": "compressed", "rows": 5, "density": 0.1, "rounds": 1}
`
	if err := serve(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(&out)
	for i := range 2 {
		var a answer
		if err := answers.Decode(&a); err != nil || a.Dense.Least <= 0 || a.Skip.Median < a.Skip.Least {
			t.Errorf("answer %d: %+v, %v", i, a, err)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	for in, want := range map[string]string{
		`{"layer": "gru", "rows": 1, "rounds": 1}`: `there is no layer "gru": ffn, gated, conv and compressed are`,
		`{"layer": "ffn", "rows": 0, "rounds": 1}`: "rows must be 1 to 1024",
		`ffn`: "a request is not JSON",
	} {
		if err := serve(strings.NewReader(in), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", in, err, want)
		}
	}
}

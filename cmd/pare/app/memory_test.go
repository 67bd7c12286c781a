package app

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/export"
)

const addingConfig = `
name: adding
data: {dataset: adding, length: 12, train: 200, validation: 20, test: 40}
model: {type: rnn, hidden: 8, depth: 2}
train: {epochs: 1, batch: 20, optimizer: {type: adam, lr: 0.01}}
penalties:
  - {type: l1, on: weights, layers: rnn1, lambda: 0.05}
export: {onnx: false}
`

func TestMemory(t *testing.T) {
	folder, _ := sequenceRun(t, addingConfig)
	svg := filepath.Join(t.TempDir(), "lag.svg")
	contains(t, succeed(t, "memory", folder, "-svg", svg), "lag k", "horizon", "≤", "rnn2: 8 units, 0 of 64 recurrent weights are 0")
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "<svg", ">lag<", "rnn2")

	var found []remembered
	if err := json.Unmarshal([]byte(succeed(t, "memory", folder, "-layer", "rnn2", "-json")), &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || len(found[0].Norms) != 12 || found[0].Contraction == nil {
		t.Fatalf("got %+v", found)
	}
	// The largest gradient shrinks at least by the contraction; norms of 8 units
	// differ from it by at most √8.
	for k, v := range found[0].Norms {
		if most := found[0].Norms[0] * math.Sqrt(8) * math.Pow(*found[0].Contraction, float64(k)); !(v <= most*1.0001) {
			t.Errorf("lag %d: %g is above the bound %g", k, v, most)
		}
	}
}

func TestMemoryErrors(t *testing.T) {
	folder, _ := sequenceRun(t, addingConfig)
	m, err := export.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Net.Params() {
		p.Fill(3e38)
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.CopyFS(large, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := export.Save(large, m); err != nil {
		t.Fatal(err)
	}
	fail(t, 2, "the gradient is not a finite number", "memory", large)
	fail(t, 2, "the gradient is not a finite number", "memory", large, "-json")
	fail(t, 2, "no recurrent layer \"x\"", "memory", folder, "-layer", "x")
	fail(t, 2, "-limit is 0", "memory", folder, "-limit", "0")
	plain, _ := sequenceRun(t, strings.Replace(chainConfig, "name: chain", "name: plain", 1))
	fail(t, 2, "no recurrent layer (rnn, lstm, gru)", "memory", plain)
}

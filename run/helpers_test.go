package run

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pare/config"
	"pare/export"
)

// base trains in a fraction of a second; sections that tests add come after it.
const base = `name: test
seed: 1
data: {dataset: digits, train: 320, validation: 50, test: 200}
train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}
`

const perceptron = `
model: {type: mlp, hidden: [24, 16]}
`

// block is a gated residual block between a convolution and the output.
const block = `
model:
  layers:
    - conv: {out: 6, kernel: 3, pad: 1, no_bias: true, name: stem}
    - batchnorm: {name: stem_bn}
    - relu: {name: x}
    - conv: {out: 6, kernel: 3, pad: 1, no_bias: true, name: residual}
    - batchnorm: {name: residual_bn}
    - gate: {name: residual_gate}
    - gate: {name: skip_gate, inputs: [x]}
    - add: {name: sum, inputs: [skip_gate, residual_gate]}
    - relu: {name: sum_out}
    - globalpool
    - linear: {out: 10, name: fc}
`

// branches joins two convolutions of different kernels.
const branches = `
model:
  layers:
    - conv: {out: 4, kernel: 3, pad: 1, name: wide}
    - relu: {name: wide_out}
    - conv: {out: 4, kernel: 1, name: narrow, inputs: [input]}
    - relu: {name: narrow_out}
    - concat: {name: join, inputs: [wide_out, narrow_out]}
    - maxpool: {kernel: 2, name: pool}
    - flatten
    - linear: {out: 10, name: fc}
`

func parse(t *testing.T, text string, sets ...string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return parseFile(t, path, sets...)
}

func parseFile(t *testing.T, path string, sets ...string) *config.Config {
	t.Helper()
	c, err := config.Load(path, sets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// result is a finished run.
type result struct {
	*Summary
	folder Folder
}

// finish plans and runs a config in a new folder.
func finish(t *testing.T, c *config.Config) result {
	t.Helper()
	_, data, err := Plan(context.Background(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Run(context.Background(), Options{Config: c, Folder: f, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	r := result{s, f}
	r.check(t)
	return r
}

// check holds for every run.
func (r result) check(t *testing.T) {
	t.Helper()
	if r.AccuracyBeforePrune != r.AccuracyAfterPrune || r.CorrectBeforePrune != r.CorrectAfterPrune {
		t.Errorf("accuracy %g before removal and %g after", r.AccuracyBeforePrune, r.AccuracyAfterPrune)
	}
	if r.Method != "none" && (r.Certificate.Inputs == 0 || r.Certificate.MaxRelDiff > r.Certificate.Tolerance) {
		t.Errorf("certificate %+v does not pass", r.Certificate)
	}
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Final()
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Net.Count(); n.Params != r.ParamsAfter || n.MACs != r.MACsAfter {
		t.Errorf("the exported model has %d parameters and %d MACs, the summary says %d and %d",
			n.Params, n.MACs, r.ParamsAfter, r.MACsAfter)
	}
	var onDisk Summary
	if _, err := r.folder.readJSON(SummaryFile, &onDisk); err != nil || !reflect.DeepEqual(onDisk, *r.Summary) {
		t.Errorf("summary.json says %+v (%v), Run returned %+v", onDisk, err, *r.Summary)
	}
}

func (r result) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(r.folder.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (r result) weights(t *testing.T) string { return r.read(t, export.SafetensorsFile) }

// keys lists the dotted keys of a JSON object.
func keys(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			out = append(out, strings.TrimPrefix(prefix, "."))
			return
		}
		for k, v := range m {
			walk(prefix+"."+k, v)
		}
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	walk("", v)
	return out
}

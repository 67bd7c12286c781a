// Command attack attacks the network of a run on the first test examples, for compare.py beside
// it. It reads jobs from standard input, one JSON object a line, and prints the result of
// each as a line:
//
//	{"attack": "pgd", "options": {"steps": 10}, "norm": "linf", "eps": 0.1, "seed": 1}
//
// It writes examples.npy, the inputs of the network with channels first, and examples.json with
// the labels and the normalisation to the folder -out.
//
//	go run ./scripts/attack -run runs/x -limit 200 -out DIR < jobs
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"pare/attack"
	"pare/datasets"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/npy"
	"pare/run"
)

func main() {
	folder := flag.String("run", "", "run folder")
	data := flag.String("data", "", "folder of the data; default: the folder in the run's config")
	limit := flag.Int("limit", 200, "number of test examples")
	batch := flag.Int("batch", 96, "examples that the network computes at once")
	out := flag.String("out", "", "folder for examples.npy and examples.json")
	flag.Parse()
	if *folder == "" || *out == "" || *limit < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := attackRun(*folder, *data, *out, *limit, *batch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// job is an attack to run.
type job struct {
	Attack  string          `json:"attack"`
	Options json.RawMessage `json:"options"`
	Norm    attack.Norm     `json:"norm"`
	Eps     float64         `json:"eps"`
	Seed    uint64          `json:"seed"`
}

// examples are the attacked examples as Python reads them, beside their inputs.
type examples struct {
	Labels []int     `json:"labels"`
	Mean   []float32 `json:"mean"`
	Std    []float32 `json:"std"`
}

func attackRun(folder, data, out string, limit, batch int) error {
	ctx := context.Background()
	a, err := run.OpenSource(folder, run.SourceOptions{})
	if err != nil {
		return err
	}
	m, err := a.Final()
	if err != nil {
		return err
	}
	d, err := a.Data(ctx, m, data, nil)
	if err != nil {
		return err
	}
	x, labels, err := first(d.Set.Test, m, limit)
	if err != nil {
		return err
	}
	if err := write(out, m, x, examples{labels, m.Preprocess.Mean, m.Preprocess.Std}); err != nil {
		return err
	}
	model, err := attack.NewNetwork(m.Net, batch)
	if err != nil {
		return err
	}
	rows := make([]float64, len(x))
	for i, v := range x {
		rows[i] = float64(v)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := one(ctx, model, m.Preprocess, lines.Bytes(), attack.Examples{X: rows, Labels: labels}); err != nil {
			return err
		}
	}
	return nil
}

// first are the inputs, channels last, and classes of the first examples.
func first(part datasets.Part, m export.Model, limit int) (x []float32, labels []int, err error) {
	if part == nil {
		return nil, nil, errors.New("the data have no test examples")
	}
	n := min(limit, part.Len())
	index, y := make([]int, n), make([]float32, n)
	for i := range index {
		index[i] = i
	}
	x = make([]float32, n*m.Net.Input.Size())
	err = part.Fill(x, y, index, datasets.Draw{})
	for _, v := range y {
		labels = append(labels, int(v))
	}
	return x, labels, err
}

// write writes the examples for Python.
func write(out string, m export.Model, x []float32, e examples) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	shape := m.Net.Input
	c, positions, n := shape.Units(), shape.Positions(), len(e.Labels)
	turned := make([]float32, len(x))
	for i := range n {
		for p := range positions {
			for k := range c {
				turned[(i*c+k)*positions+p] = x[(i*positions+p)*c+k]
			}
		}
	}
	var file bytes.Buffer
	if err := npy.Write(&file, append([]int{n}, shape...), turned); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(out, "examples.npy"), file.Bytes()); err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(out, "examples.json"), text)
}

// one runs a job and prints its result.
func one(ctx context.Context, model attack.Model, p export.Preprocess, line []byte, e attack.Examples) error {
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return fmt.Errorf("job %q: %w", line, err)
	}
	kind, err := attack.Kinds.New(j.Attack)
	if err != nil {
		return err
	}
	if len(j.Options) > 0 {
		if err := yaml.UnmarshalWithOptions(j.Options, kind, yaml.Strict()); err != nil {
			line, _, _ := strings.Cut(err.Error(), "\n") // the library shows the text below
			return fmt.Errorf("options of %s: %s", j.Attack, line)
		}
	}
	threat := attack.Threat{Norm: j.Norm, Eps: j.Eps, Range: attack.Range{Lower: 0, Upper: 1, Mean: wide(p.Mean), Std: wide(p.Std)}}
	attacker, err := attack.New(model, threat, kind, attack.Options{Random: rand.New(rand.NewPCG(j.Seed, 1))})
	if err != nil {
		return err
	}
	start := time.Now()
	r, err := attacker.Run(ctx, e)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"robust": r.Accuracy(), "broken": r.Broken, "by": r.By,
		"forward": r.Forward, "backward": r.Backward, "seconds": time.Since(start).Seconds()})
}

func wide(v []float32) []float64 {
	var w []float64
	for _, x := range v {
		w = append(w, float64(x))
	}
	return w
}

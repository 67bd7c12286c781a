package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/layers/memory"
	"pare/nn"
	"pare/report/chart"
	"pare/run"
)

// memoryCommand measures how far back recurrent layers remember.
var memoryCommand = command{
	name: "memory",
	args: "RUN [-layer NAME] [-limit 64] [-data-dir DIR] [-json] [-svg FILE]",
	doc:  "measures how far back recurrent layers remember",
	examples: []string{
		"pare memory runs/shakespeare-lstm",
		"pare memory runs/chain-rnn -svg memory.svg",
	},
	run: runMemory,
}

// remembered is the memory of one layer.
type remembered struct {
	Layer string `json:"layer"`
	Units int    `json:"units"`
	Zeros int    `json:"recurrent_zeros"` // of the recurrent weights
	Size  int    `json:"recurrent_weights"`
	// Horizon is the lag over which the gradient falls to 1/e; null where it does not.
	Horizon *float64 `json:"horizon"`
	// Contraction is ‖W‖₁, for layers of kind rnn.
	Contraction *float64  `json:"contraction,omitempty"`
	Norms       []float64 `json:"norms"` // by lag
}

func runMemory(ctx context.Context, f *flags) error {
	layer := f.String("layer", "", "recurrent layer by `name`; empty: all")
	limit := f.Int("limit", 64, "test examples to average over")
	dataDir := f.String("data-dir", "", "folder with the data, in place of data.dir of the run's config")
	asJSON := f.Bool("json", false, "print a JSON array with an object for each layer")
	svg := f.String("svg", "", "`FILE` for a chart of the norms by lag")
	f.within(atLeast(1), "limit")
	pos, err := f.parse("RUN")
	if err != nil {
		return err
	}
	if err := cmp.Or(writable(*svg), cli.OutputFile("-svg", *svg, ".svg")); err != nil {
		return err
	}
	a, m, err := (&sourceFlags{}).final(pos[0])
	if err != nil {
		return err
	}
	names, err := recurrentLayers(m.Net, *layer)
	if err != nil {
		return err
	}
	data, err := a.Data(ctx, m, *dataDir, f.progress())
	if err != nil {
		return err
	}
	found, err := remember(m, data, names, *limit)
	if err != nil {
		return err
	}
	if *svg != "" {
		if err := atomicfile.Write(*svg, func(w io.Writer) error { return lagChart(found).WriteSVG(w) }); err != nil {
			return err
		}
	}
	if *asJSON {
		return json.NewEncoder(f.stdout).Encode(found)
	}
	for _, r := range found {
		r.print(f.stdout)
	}
	return nil
}

// recurrentLayers are the layers to measure.
func recurrentLayers(net *nn.Network, only string) ([]string, error) {
	var names []string
	for _, node := range net.Nodes {
		if _, ok := node.Layer.(nn.StateTracer); ok && (only == "" || only == node.Name) {
			names = append(names, node.Name)
		}
	}
	switch {
	case len(names) > 0:
		return names, nil
	case only != "":
		return nil, cli.InputError("the network has no recurrent layer %q; leave -layer out to see all", only)
	}
	return nil, cli.InputError("the network has no recurrent layer (rnn, lstm, gru), so there is no memory to measure")
}

// remember measures layers on the first test examples.
func remember(m export.Model, data *run.Data, names []string, limit int) ([]remembered, error) {
	part := data.Set.Test
	n := min(limit, part.Len())
	task := data.Set.Task
	x, y := make([]float32, n*task.Size()), make([]float32, n*task.Targets)
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	if err := part.Fill(x, y, idx, datasets.Draw{}); err != nil {
		return nil, err
	}
	targets := make([]float32, n) // of the last position
	for i := range targets {
		targets[i] = y[(i+1)*task.Targets-1]
	}
	var out []remembered
	for _, name := range names {
		p, err := memory.Measure(m.Net, name, x, targets, data.Loss())
		if errors.Is(err, memory.ErrNotFinite) {
			return nil, cli.InputError("%w", err)
		}
		if err != nil {
			return nil, err
		}
		node, _ := m.Net.Lookup(name)
		r := remembered{Layer: name, Units: node.Shape.Units(), Norms: p.Norms}
		if !math.IsInf(p.Horizon, 1) {
			r.Horizon = &p.Horizon
		}
		for _, q := range node.Layer.Params() {
			if q.Name == "weight_hh" {
				r.Size = q.Size()
				for _, v := range q.Data() {
					if v == 0 {
						r.Zeros++
					}
				}
			}
		}
		if c, ok := memory.Contraction(node.Layer); ok {
			r.Contraction = &c
		}
		out = append(out, r)
	}
	return out, nil
}

func (r remembered) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d units, %d of %d recurrent weights are 0 (%.1f %%)\n", r.Layer, r.Units, r.Zeros, r.Size,
		100*float64(r.Zeros)/float64(max(1, r.Size)))
	fmt.Fprintln(w, "  lag k   mean ‖∂L/∂h(t−k)‖")
	for lag := 0; lag < len(r.Norms); lag = max(lag+1, 2*lag) {
		fmt.Fprintf(w, "  %5d   %.3g\n", lag, r.Norms[lag])
	}
	if r.Horizon == nil {
		fmt.Fprintln(w, "  horizon: unbounded, the gradient does not fall with the lag")
	} else {
		fmt.Fprintf(w, "  horizon: %.1f steps to 1/e\n", *r.Horizon)
	}
	if c := r.Contraction; c != nil {
		note := "no bound, as it is not below 1"
		if *c < 1 {
			note = "certifies that the memory fades"
		}
		fmt.Fprintf(w, "  ‖∂h(t)/∂h(t−k)‖₁ ≤ %.4gᵏ: %s\n", *c, note)
	}
}

// lagChart draws the logarithms of the norms; a norm of 0 leaves a gap.
func lagChart(found []remembered) chart.Chart {
	out := chart.Chart{Title: "Gradient by lag", X: "lag", Y: "log10 ‖∂L/∂h‖", Whole: true}
	for _, r := range found {
		c := chart.Curve{Name: r.Layer}
		for lag, v := range r.Norms {
			c.X, c.Y = append(c.X, float64(lag)), append(c.Y, math.Log10(v))
		}
		out.Curves = append(out.Curves, c)
	}
	return out
}

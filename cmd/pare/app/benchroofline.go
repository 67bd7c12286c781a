package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorgonia.org/gorgonia"

	"pare/infer"
	"pare/internal/bench"
	"pare/layers/activity"
	"pare/nn"
	"pare/report"
)

// work counts the work of the layers of a predictor.
type work struct {
	predictor *infer.Predictor
	net       *nn.Network
	zeros     map[int]bool // nodes whose values are made of exact zeros
	present   map[int]*presence
	needed    []float64         // multiply-accumulates by example
	executed  []map[string]done // by batch size, of layers whose kernels count
}

// done are the multiply-accumulates of a layer that its kernel executes for an example, and the
// layer in whose operation, "" for its own.
type done struct {
	macs   float64
	within string
}

// presence counts the values of a node that are not 0, of one example after the other.
type presence struct {
	node  *nn.Node // nil: the input of the network
	now   int      // of the last run
	total int64
	seen  int64 // values of all runs
}

// ReadsOutputs implements nn.OutputReader.
func (p *presence) ReadsOutputs() []string { return []string{p.node.Name} }

// Build implements nn.Probe.
func (p *presence) Build(b *nn.Builder) (*gorgonia.Node, error) {
	value, _ := b.Output(p.node.Name)
	return nn.Apply(nn.Op{Name: "presence", Run: func(dst []float32, in [][]float32) {
		p.count(in[0])
		dst[0] = float32(p.now)
	}}, value)
}

func (p *presence) count(values []float32) {
	p.now = 0
	for _, v := range values {
		if v != 0 {
			p.now++
		}
	}
	p.total, p.seen = p.total+int64(p.now), p.seen+int64(len(values))
}

// newWork prepares to observe the inputs of the layers that sum weighted inputs.
func newWork(p *infer.Predictor) *work {
	w := &work{predictor: p, net: p.Network(), zeros: map[int]bool{}, present: map[int]*presence{}}
	for _, i := range activity.Sites(w.net) {
		w.zeros[i] = true
	}
	for _, n := range w.net.Nodes {
		if _, ok := n.Layer.(nn.LinearMap); !ok {
			continue
		}
		if i := n.Inputs[0]; w.present[i] == nil {
			w.present[i] = &presence{}
			if i >= 0 {
				w.present[i].node = w.net.Nodes[i]
			}
		}
	}
	return w
}

// Examples that are observed: so many that they take about observedMACs, within these bounds.
const (
	observedLeast, observedMost = 16, 256
	observedMACs                = 20e9
)

// observe counts the values that are not 0 of examples.
func observe(ctx context.Context, p *infer.Predictor, x inferInputs, show func(what string, done, total int64)) (*work, error) {
	w := newWork(p)
	return w, w.observe(ctx, x, show)
}

// observed is the number of examples that are observed.
func (w *work) observed(x inferInputs) int {
	return min(x.n, max(observedLeast, int(min(observedMost, observedMACs/float64(max(1, w.net.Count().MACs))))))
}

// observe runs examples one at a time and finds the multiply-accumulates that each needs.
func (w *work) observe(ctx context.Context, x inferInputs, show func(what string, done, total int64)) error {
	var probes []nn.Probe
	for _, p := range w.present {
		if p.node != nil {
			probes = append(probes, p)
		}
	}
	program, err := w.predictor.Compile(1, probes...)
	if err != nil {
		return err
	}
	n := w.observed(x)
	size := w.net.Input.Size()
	w.needed = make([]float64, n)
	for e := range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		copy(program.X, x.x[e*size:][:size])
		if p := w.present[-1]; p != nil {
			p.count(program.X)
		}
		program.ResetState()
		program.Run()
		for _, node := range w.net.Nodes {
			share := 1.0
			if p, ok := w.inputOf(node); ok {
				share = float64(p.now) / float64(max(1, w.net.ShapeOf(node.Inputs[0]).Size()))
			}
			w.needed[e] += share * float64(w.net.CountNode(node).MACs)
		}
		if show != nil {
			show("count zeros", int64(e+1), int64(n))
		}
	}
	return nil
}

// skipping is the work of a predictor of the same network that skips zeros: the same inputs, and the
// multiply-accumulates that its kernels execute at the batch sizes.
func (w *work) skipping(ctx context.Context, p *infer.Predictor, x inferInputs, batches []int) (*work, error) {
	out := *w
	out.predictor, out.executed = p, nil
	for _, batch := range batches {
		var counts nn.Work
		program, err := p.CompileCounting(batch, &counts)
		if err != nil {
			return nil, err
		}
		runs := (w.observed(x) + batch - 1) / batch
		size := w.net.Input.Size()
		for run := range runs {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			for k := range batch {
				copy(program.X[k*size:], x.x[(run*batch+k)%x.n*size:][:size])
			}
			program.ResetState()
			program.Run()
		}
		executed := map[string]done{}
		for name, l := range counts.Layers {
			executed[name] = done{float64(l.MACs) / float64(runs*batch), l.Within}
		}
		out.executed = append(out.executed, executed)
	}
	return &out, nil
}

// inputOf is the presence of the input of a layer that sums weighted inputs.
func (w *work) inputOf(n *nn.Node) (*presence, bool) {
	if _, ok := n.Layer.(nn.LinearMap); !ok {
		return nil, false
	}
	return w.present[n.Inputs[0]], true
}

// layers are the layers with multiply-accumulates, with their ideal times at the batch sizes.
func (w *work) layers(batches []int, peaks bench.Roofline) []report.InferenceLayer {
	out := []report.InferenceLayer{}
	for _, n := range w.net.Nodes {
		macs := w.net.CountNode(n).MACs
		if macs == 0 {
			continue
		}
		l := report.InferenceLayer{Name: n.Name, Kind: n.Layer.Kind(), MACs: macs, Density: 1}
		if p, ok := w.inputOf(n); ok && p.seen > 0 {
			l.Density = float64(p.total) / float64(p.seen)
		}
		for i, batch := range batches {
			t := report.LayerTime{Batch: batch, Executed: float64(macs), Bytes: w.bytes(n, batch), Bound: "arithmetic"}
			if d, ok := w.counted(i, n.Name); ok {
				t.Executed, t.Within = d.macs, d.within
				if batch*n.Shape.Positions() == 1 { // weights of zeros are not read
					t.Bytes -= 4 * (1 - d.macs/float64(macs)) * float64(macs)
				}
			} else if z, ok := n.Layer.(nn.ZeroSkipper); ok && w.zeros[n.Inputs[0]] &&
				z.SkipsZeros(w.net.ShapeOf(n.Inputs[0]), batch, l.Density) {
				t.Executed *= l.Density
			}
			operations := 2 * t.Executed * float64(batch)
			t.IdealMs = 1e3 * peaks.Seconds(operations, t.Bytes)
			if peaks.Seconds(operations, 0) < peaks.Seconds(0, t.Bytes) {
				t.Bound = "memory"
			}
			l.Times = append(l.Times, t)
		}
		out = append(out, l)
	}
	return out
}

// counted is the work that a kernel has counted at the batch size of a number.
func (w *work) counted(batch int, layer string) (d done, ok bool) {
	if batch < len(w.executed) {
		d, ok = w.executed[batch][layer]
	}
	return d, ok
}

// layerRounds is the number of predictions whose operations are timed.
const layerRounds = 15

// timeLayers measures the layers of all sides, one side after the other in each round, on the
// first examples.
func timeLayers(ctx context.Context, sides []side, networks []report.InferenceNetwork, x inferInputs, batches []int) error {
	for b, batch := range batches {
		programs := make([]*nn.Program, len(sides))
		times := make([]map[string][]time.Duration, len(sides))
		for i, s := range sides {
			var err error
			if programs[i], err = s.predictor.Compile(batch); err != nil {
				return err
			}
			fillFrom(x.x)(programs[i].X, nil)
			programs[i].Run()
			times[i] = map[string][]time.Duration{}
		}
		for range layerRounds {
			for i, p := range programs {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				took := map[string]time.Duration{}
				p.ResetState()
				p.RunTimed(func(operation string, t time.Duration) {
					if _, layer, ok := strings.Cut(operation, " of layer "); ok {
						took[layer] += t
					}
				})
				for layer, t := range took {
					times[i][layer] = append(times[i][layer], t)
				}
			}
		}
		for i := range networks {
			for k := range networks[i].Layers {
				if l := &networks[i].Layers[k]; len(times[i][l.Name]) > 0 {
					slices.Sort(times[i][l.Name])
					l.Times[b].MedianMs = quantile(times[i][l.Name], 0.5)
				}
			}
		}
	}
	return nil
}

// elsewhere is the least time in seconds of the layers without multiply-accumulates.
func (w *work) elsewhere(batch int, peaks bench.Roofline) float64 {
	sum := 0.0
	for _, n := range w.net.Nodes {
		if w.net.CountNode(n).MACs == 0 {
			sum += peaks.Seconds(0, w.bytes(n, batch))
		}
	}
	return sum
}

// bytes are those that a layer reads and writes at least, of a batch. The layer before can compute
// factors, sums and all layers without parameters that keep the number of values, such as
// activations: these read their other inputs alone. Layers that look up rows move only the rows.
func (w *work) bytes(n *nn.Node, batch int) float64 {
	t := nn.TraitsOf(n.Layer)
	examples, values := 0, 0
	for _, i := range n.Inputs {
		examples += w.net.ShapeOf(i).Size()
	}
	switch {
	case t.Table != nil:
		return 4 * float64(batch) * float64(2*n.Shape.Size())
	case t.Factor != nil || len(n.Params()) == 0 && len(n.Inputs) == 1 && examples == n.Shape.Size():
		return 0
	case t.Sums || t.Multiplies:
		return 4 * float64(batch) * float64(examples-n.Shape.Size())
	}
	for _, p := range n.Params() {
		values += p.Size()
	}
	return 4 * (float64(values) + float64(batch)*float64(examples+n.Shape.Size()))
}

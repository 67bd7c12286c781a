package activity

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// runs are the runs of one program that a measurement is compiled into.
type runs struct {
	probes   []nn.Probe
	examples int // of the next run that count
}

// Probes are the probes that the program must be compiled with.
func (r *runs) Probes() []nn.Probe { return r.probes }

// Expect sets the number of examples of the next run that count, from the first one on.
func (r *runs) Expect(examples int) { r.examples = examples }

// probe sees the output of one layer in every run.
type probe struct {
	runs  *runs
	node  *nn.Node
	start func(batch int)                      // of a program; may be nil
	see   func(values []float32, examples int) // values of the whole batch
}

// ReadsOutputs implements nn.OutputReader.
func (p *probe) ReadsOutputs() []string { return []string{p.node.Name} }

// Build implements nn.Probe: the node has the number of examples that counted.
func (p *probe) Build(b *nn.Builder) (*gorgonia.Node, error) {
	x, ok := b.Output(p.node.Name)
	if !ok {
		return nil, fmt.Errorf("layer %s has no output to measure", p.node.Name)
	}
	if p.start != nil {
		p.start(b.Batch)
	}
	return nn.Apply(nn.Op{Name: "activity", Run: func(dst []float32, in [][]float32) {
		p.see(in[0], p.runs.examples)
		dst[0] = float32(p.runs.examples)
	}}, x)
}

package layers

import (
	"gorgonia.org/gorgonia"

	"pare/internal/kernel/recurrence"
	"pare/nn"
)

var _ nn.LookupReader = (*LSTM)(nil)

// ReadsLookup implements nn.LookupReader: the products of the weights with the
// rows are computed once for each row.
func (l *recurrent) ReadsLookup(rows, positions int) bool {
	return recurrence.LookupPays(rows, positions)
}

// BuildLookup implements nn.LookupReader.
func (l *recurrent) BuildLookup(b *nn.Builder, indices *gorgonia.Node, table *nn.Param) (*gorgonia.Node, error) {
	vocab, d := table.Shape()[0], table.Shape()[1]
	r := l.start(b, indices.Shape(), d)
	plan := recurrence.NewLookup(r.Shape, vocab, b.Mode == nn.Train)
	r.recurrentPlan = plan
	toTable := func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: l.kind + "/dtable", Shape: in[1].Shape().Clone(),
			Run:        func(dst []float32, in [][]float32) { plan.GradTable(dst, in[1], false) },
			Accumulate: func(dst []float32, in [][]float32) { plan.GradTable(dst, in[1], true) }}, back, in[2])
	}
	toWeights := func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: l.kind + "/dw", Shape: in[2].Shape().Clone(),
			Run: func(dst []float32, in [][]float32) { plan.GradInputWeights(dst, in[1]) }}, back, in[1])
	}
	run := func(dst []float32, in [][]float32) {
		plan.Forward(dst, in[0], in[1], in[2], in[3], in[4], in[5], r.state, r.cells)
	}
	return r.apply(run, []nn.GradFunc{nil, r.behind(toTable), r.behind(toWeights)}, indices, b.Param(table),
		b.Param(l.weightIH), b.Param(l.weightHH), b.Param(l.biasIH), b.Param(l.biasHH))
}

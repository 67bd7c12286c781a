package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/norm"
	"pare/nn"
)

// layerNormPass is a compiled LayerNorm. Its columns are the input units and,
// after them, those that the output has and the input lacks.
type layerNormPass struct {
	layer            *LayerNorm
	rows, inputs     int
	columns, outputs int
	column           []int // of each output unit; nil: the same
	mean, invstd     []float32
	dgamma, dbeta    []float32 // of the columns

	// Only with column:
	gamma, beta []float32 // of the columns; 0 where there is no output
	x, y        []float32 // rows of columns
}

// Build computes the gradients of all three inputs in one pass.
func (l *LayerNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	p := l.pass(shape.TotalSize() / l.in.Units())
	out := shape.Clone()
	out[len(out)-1] = p.outputs
	var dx *gorgonia.Node
	toInput := func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		var err error
		if dx == nil { // y is not read but must have been computed
			dx, err = nn.Apply(nn.Op{Name: "layernorm/dx", Shape: shape,
				Run: func(dst []float32, in [][]float32) { p.backward(dst, in[0], in[1], in[2]) }}, in[0], in[1], dy, y)
		}
		return dx, err
	}
	sum := func(name string, of []float32) nn.GradFunc {
		return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
			dx, err := toInput(in, y, dy)
			if err != nil {
				return nil, err
			}
			return nn.Apply(nn.Op{Name: name, Shape: tensor.Shape{p.outputs},
				Run: func(dst []float32, _ [][]float32) { p.pick(dst, of, 1) }}, dx)
		}
	}
	return nn.Apply(nn.Op{Name: "layernorm", Shape: out,
		Grad: []nn.GradFunc{toInput, sum("layernorm/dgamma", p.dgamma), sum("layernorm/dbeta", p.dbeta)},
		Run:  func(dst []float32, in [][]float32) { p.forward(dst, in[0], in[1], in[2]) },
	}, in[0], b.Param(l.weight), b.Param(l.bias))
}

func (l *LayerNorm) pass(rows int) *layerNormPass {
	p := &layerNormPass{layer: l, rows: rows, inputs: l.in.Units(), columns: l.in.Units(), outputs: l.outputs()}
	for _, u := range l.From {
		if u < 0 {
			u = p.columns
			p.columns++
		}
		p.column = append(p.column, u)
	}
	vector := func(n int) []float32 { return make([]float32, n) }
	p.mean, p.invstd, p.dgamma, p.dbeta = vector(rows), vector(rows), vector(p.columns), vector(p.columns)
	if p.column != nil {
		p.gamma, p.beta, p.y = vector(p.columns), vector(p.columns), vector(rows*p.columns)
		if p.columns > p.inputs {
			p.x = vector(rows * p.columns)
		}
	}
	return p
}

func (p *layerNormPass) forward(y, x, gamma, beta []float32) {
	eps := float32(p.layer.Eps)
	if p.column == nil {
		norm.Layer(y, p.mean, p.invstd, x, gamma, beta, p.rows, p.columns, p.layer.Width, eps)
		return
	}
	p.put(p.gamma, gamma, 1)
	p.put(p.beta, beta, 1)
	norm.Layer(p.y, p.mean, p.invstd, p.widened(x), p.gamma, p.beta, p.rows, p.columns, p.layer.Width, eps)
	p.pick(y, p.y, p.rows)
}

// backward computes dx, and the sums for γ and β on the way.
func (p *layerNormPass) backward(dx, x, gamma, dy []float32) {
	if p.column == nil {
		norm.LayerBackward(dx, p.dgamma, p.dbeta, x, p.mean, p.invstd, gamma, dy, p.rows, p.columns, p.layer.Width)
		return
	}
	p.put(p.y, dy, p.rows)
	if p.x != nil {
		x = p.x // as forward left it
	}
	norm.LayerBackward(p.y, p.dgamma, p.dbeta, x, p.mean, p.invstd, p.gamma, p.y, p.rows, p.columns, p.layer.Width)
	for r := range p.rows {
		copy(dx[r*p.inputs:(r+1)*p.inputs], p.y[r*p.columns:])
	}
}

// widened returns the rows of x with the columns that it lacks.
func (p *layerNormPass) widened(x []float32) []float32 {
	if p.x == nil {
		return x
	}
	for r := range p.rows {
		copy(p.x[r*p.columns:], x[r*p.inputs:(r+1)*p.inputs])
	}
	return p.x
}

// pick copies rows of output units from rows of columns.
func (p *layerNormPass) pick(dst, src []float32, rows int) {
	if p.column == nil {
		copy(dst, src)
		return
	}
	gatherRows(dst, src, p.column, rows, p.columns)
}

// put copies rows of output units to rows of columns, 0 where there is none.
func (p *layerNormPass) put(dst, src []float32, rows int) {
	clear(dst)
	scatterAddRows(dst, src, p.column, rows, p.columns)
}

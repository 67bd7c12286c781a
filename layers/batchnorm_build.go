package layers

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/norm"
	"pare/nn"
)

var (
	_ nn.Fuser         = (*BatchNorm)(nil)
	_ nn.MomentsReader = (*BatchNorm)(nil)
)

// Fuses implements nn.Fuser: gate, sum and ReLU take no pass of their own.
func (l *BatchNorm) Fuses(nn.Step) bool { return true }

// ReadsMoments implements nn.MomentsReader.
func (l *BatchNorm) ReadsMoments() {}

func (l *BatchNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.BuildFused(b, in, nn.Epilogue{})
}

// BuildFused implements nn.Fuser.
func (l *BatchNorm) BuildFused(b *nn.Builder, in []*gorgonia.Node, e nn.Epilogue) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	c := shape[len(shape)-1]
	p := newNormPass(b, e, shape.TotalSize()/c, c)
	if b.Mode == nn.Train || b.Mode == nn.Measure {
		return l.buildBatch(b, in[0], p, shape)
	}
	nodes := append([]*gorgonia.Node{in[0], b.Param(l.mean), b.Param(l.variance), b.Param(l.weight), b.Param(l.bias)}, p.nodes...)
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape, Run: func(dst []float32, in [][]float32) {
		invStd(p.invstd, in[2], l.Eps)
		p.set(in[0], in[1], p.invstd, in[3], in[4], in[5:])
		p.norm.Forward(dst)
	}}, nodes...)
}

// follow makes the running statistics follow the batches: each by a step towards it
// in training, all together where they are measured.
func (l *BatchNorm) follow(b *nn.Builder, moments *gorgonia.Node, variance []float32, rows int) {
	c := len(variance)
	add := func(mean []float32) { l.updateRunning(l.mean.Data(), l.variance.Data(), mean, variance, rows) }
	if b.Mode == nn.Measure {
		s := newMeasured(l, rows)
		b.Statistics(s)
		add = func(mean []float32) { s.add(mean, variance) }
	}
	b.After(func(value func(*gorgonia.Node) []float32) { add(value(moments)[:c]) })
}

func invStd(dst, variance []float32, eps float64) {
	for i, v := range variance {
		dst[i] = float32(1 / math.Sqrt(float64(v)+eps))
	}
}

// normPass is a normalisation with its epilogue: the kernel's coefficients from
// the values of the graph.
type normPass struct {
	norm     norm.Batch
	nodes    []*gorgonia.Node // of the epilogue: gate, skip, gate of the skip
	gate     int              // their places among nodes, or -1
	skip     int
	skipGate int
	gateSize int
	skipSize int
	a, b, h  []float32
	invstd   []float32
	p, q, r  []float32
	gates    []float32 // g of each channel
}

func newNormPass(b *nn.Builder, e nn.Epilogue, rows, c int) *normPass {
	p := &normPass{gate: -1, skip: -1, skipGate: -1}
	add := func(n *gorgonia.Node) int {
		p.nodes = append(p.nodes, n)
		return len(p.nodes) - 1
	}
	if e.Gate != nil {
		p.gate, p.gateSize = add(b.Param(e.Gate)), e.Gate.Size()
	}
	if e.Skip != nil {
		p.skip = add(e.Skip)
	}
	if e.SkipGate != nil {
		p.skipGate, p.skipSize = add(b.Param(e.SkipGate)), e.SkipGate.Size()
	}
	vector := func() []float32 { return make([]float32, c) }
	p.a, p.b, p.h, p.invstd, p.gates = vector(), vector(), vector(), vector(), vector()
	p.p, p.q, p.r = vector(), vector(), vector()
	p.norm = norm.Batch{Rows: rows, C: c, A: p.a, B: p.b, ReLU: e.ReLU}
	return p
}

// set computes the coefficients; epilogue holds the values of nodes.
func (p *normPass) set(x, mean, invstd, gamma, beta []float32, epilogue [][]float32) {
	p.norm.X = x
	spread(p.gates, epilogue, p.gate)
	for i := range p.a {
		a := p.gates[i] * gamma[i] * invstd[i]
		p.a[i] = a
		p.b[i] = float32(float64(p.gates[i])*float64(beta[i]) - float64(mean[i])*float64(a))
	}
	if p.skip >= 0 {
		p.norm.Skip, p.norm.H = epilogue[p.skip], p.h
		spread(p.h, epilogue, p.skipGate)
	}
}

// spread fills dst with the gate at place i, 1 where there is none.
func spread(dst []float32, epilogue [][]float32, i int) {
	for c := range dst {
		switch {
		case i < 0:
			dst[c] = 1
		case len(epilogue[i]) == 1:
			dst[c] = epilogue[i][0]
		default:
			dst[c] = epilogue[i][c]
		}
	}
}

// buildBatch makes the batch's moments a node of their own, [2C]: mean and
// 1/√(variance+ε), which the normalisation and all gradients read.
func (l *BatchNorm) buildBatch(b *nn.Builder, x *gorgonia.Node, p *normPass, shape tensor.Shape) (*gorgonia.Node, error) {
	rows, c := p.norm.Rows, p.norm.C
	if rows < 2 {
		return nil, fmt.Errorf("batchnorm: training needs more than one value per channel; use a larger batch")
	}
	given := b.Moments(x)
	variance := make([]float32, c)
	moments, err := nn.Apply(nn.Op{Name: "batchnorm/moments", Shape: tensor.Shape{2 * c},
		Run: func(dst []float32, in [][]float32) {
			if given != nil {
				copy(dst, given.Mean)
				copy(variance, given.Variance)
			} else {
				norm.Moments(dst[:c], variance, in[0], rows, c)
			}
			invStd(dst[c:], variance, l.Eps)
		}}, x)
	if err != nil {
		return nil, err
	}
	b.Pin(moments)
	l.follow(b, moments, variance, rows)
	g := &normGrads{normPass: p, shape: shape}
	grads := []nn.GradFunc{g.toInput, nil, g.toGamma, g.toBeta}
	for i := range p.nodes {
		switch i {
		case p.gate:
			grads = append(grads, g.toGate)
		case p.skip:
			grads = append(grads, g.toSkip)
		case p.skipGate:
			grads = append(grads, g.toSkipGate)
		}
	}
	nodes := append([]*gorgonia.Node{x, moments, b.Param(l.weight), b.Param(l.bias)}, p.nodes...)
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape, Grad: grads, Run: func(dst []float32, in [][]float32) {
		p.set(in[0], in[1][:c], in[1][c:], in[2], in[3], in[4:])
		p.norm.Forward(dst)
	}}, nodes...)
}

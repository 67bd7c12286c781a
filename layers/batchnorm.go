package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/norm"
	"pare/nn"
	"pare/nn/onnx"
)

// BatchNorm normalises each channel over batch and positions, then scales by γ
// and shifts by β (Ioffe & Szegedy 2015). Training uses the batch's statistics
// and updates the running ones; evaluation uses the running ones. Input and
// output have the same shape, [C, H, W] or [F].
type BatchNorm struct {
	Eps      float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"added to the variance; left out: 1e-5"`
	Momentum float64 `yaml:"momentum,omitempty" json:"momentum,omitempty" range:"(0,1]" doc:"share of a batch in the running statistics; left out: 0.1"`

	passUnits
	weight, bias, mean, variance *nn.Param
}

func init() {
	nn.RegisterLayer("batch normalisation with running statistics", func() nn.Layer { return &BatchNorm{} })
}

func (l *BatchNorm) Kind() string { return "batchnorm" }

func (l *BatchNorm) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("batchnorm", in)
	if err != nil {
		return nil, err
	}
	if l.Eps < 0 || l.Momentum < 0 || l.Momentum > 1 {
		return nil, fmt.Errorf("batchnorm: eps %g must not be negative and momentum %g must lie in [0, 1]", l.Eps, l.Momentum)
	}
	l.Eps, l.Momentum = cmp.Or(l.Eps, 1e-5), cmp.Or(l.Momentum, 0.1)
	c := s.Units()
	return s, initParams(unitParam(&l.weight, "weight", nn.RoleScale, c, filled(1)), unitParam(&l.bias, "bias", nn.RoleShift, c, nil),
		unitParam(&l.mean, "running_mean", nn.RoleBuffer, c, nil), unitParam(&l.variance, "running_var", nn.RoleBuffer, c, filled(1)))
}

func (l *BatchNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias, l.mean, l.variance) }

// Traits implements nn.Describer.
func (l *BatchNorm) Traits() nn.Traits { return nn.Traits{ReadsMoments: true} }

// Fuses implements nn.Fuser: gate, sum and ReLU take no pass of their own.
func (l *BatchNorm) Fuses(nn.Step) bool { return true }

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
	load := func(in [][]float32) {
		invStd(p.invstd, in[2], l.Eps)
		p.set(in[0], in[1], p.invstd, in[3], in[4], in[5:len(nodes)])
	}
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape, Grad: p.fixedGrads(shape, load), Run: func(dst []float32, in [][]float32) {
		load(in)
		p.norm.Forward(dst)
	}}, nodes...)
}

// fixedGrads differentiates a normalisation by running statistics with respect to x and the
// skip; parameters get no gradient. load sets the coefficients from the inputs of the op.
func (p *normPass) fixedGrads(shape tensor.Shape, load func(in [][]float32)) []nn.GradFunc {
	size, inputs, sides := shape.TotalSize(), 5+len(p.nodes), 1
	if p.skip >= 0 {
		sides = 2
	}
	both := shared(nn.Gradient(nn.Op{Name: "batchnorm/dx", Shape: tensor.Shape{sides * size}, Run: func(dst []float32, in [][]float32) {
		load(in)
		clear(p.q)
		clear(p.r)
		var dskip []float32
		if p.skip >= 0 {
			dskip = dst[size:]
		}
		p.norm.GradInput(dst[:size], dskip, p.a, p.q, p.r, in[inputs])
	}}, append(upTo(inputs), nn.OutGrad)...))
	grads := make([]nn.GradFunc, inputs)
	grads[0] = part(both, "batchnorm/dx", 0, shape)
	if p.skip >= 0 {
		grads[5+p.skip] = part(both, "batchnorm/dskip", size, shape)
	}
	return grads
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
	nodes := append([]*gorgonia.Node{x, moments, b.Param(l.weight), b.Param(l.bias)}, p.nodes...)
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape, Grad: p.grads(shape), Run: func(dst []float32, in [][]float32) {
		p.load(in)
		p.norm.Forward(dst)
	}}, nodes...)
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
	a, b, h  []float32
	invstd   []float32
	p, q, r  []float32
	gates    []float32 // g of each channel
}

func newNormPass(b *nn.Builder, e nn.Epilogue, rows, c int) *normPass {
	p := &normPass{gate: -1, skip: -1, skipGate: -1}
	add := func(place *int, n *gorgonia.Node) {
		*place = len(p.nodes)
		p.nodes = append(p.nodes, n)
	}
	if e.Gate != nil {
		add(&p.gate, b.Param(e.Gate))
	}
	if e.Skip != nil {
		add(&p.skip, e.Skip)
	}
	if e.SkipGate != nil {
		add(&p.skipGate, b.Param(e.SkipGate))
	}
	for _, v := range []*[]float32{&p.a, &p.b, &p.h, &p.invstd, &p.gates, &p.p, &p.q, &p.r} {
		*v = make([]float32, c)
	}
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

// load sets the coefficients from the inputs of the op in training: x, moments, γ, β and
// the epilogue's.
func (p *normPass) load(in [][]float32) (mean, invstd []float32) {
	mean, invstd = in[1][:p.norm.C], in[1][p.norm.C:]
	p.set(in[0], mean, invstd, in[2], in[3], in[4:4+len(p.nodes)])
	return mean, invstd
}

// spread fills dst with the gate at place i, or with 1 without a gate.
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

// grads differentiates with respect to x, moments, γ, β and the epilogue's nodes. With dz
// the gradient behind the ReLU, three sums per channel give the gradients of all
// parameters: Σdz, Σdz·(x−mean) and Σdz·skip. The two large gradients, to x and
// to the skip, come from one pass.
func (p *normPass) grads(shape tensor.Shape) []nn.GradFunc {
	c, size, inputs := p.norm.C, shape.TotalSize(), 4+len(p.nodes)
	parts, sides := 2, 1
	if p.skipGate >= 0 {
		parts = 3
	}
	if p.skip >= 0 {
		sides = 2
	}
	sums := shared(nn.Gradient(nn.Op{Name: "batchnorm/sums", Shape: tensor.Shape{parts * c},
		Run: func(dst []float32, in [][]float32) {
			mean, _ := p.load(in)
			var skipDot []float32
			if parts == 3 {
				skipDot = dst[2*c:]
			}
			p.norm.GradSums(dst[:c], dst[c:2*c], skipDot, mean, in[inputs])
		}}, append(upTo(inputs), nn.OutGrad)...))
	both := shared(after(sums, nn.Op{Name: "batchnorm/dx", Shape: tensor.Shape{sides * size},
		Run: func(dst []float32, in [][]float32) { p.toInputs(dst, in[:inputs], in[inputs], in[inputs+1]) }},
		append(upTo(inputs + 1)[1:], 0, nn.OutGrad)...))
	// toParam is a gradient with one value for each channel, or their sum where there is room
	// for one only. x and the skip are large and not read here: without them their buffers
	// are free earlier.
	from := []int{0, 2, 3, 4}
	if p.gate >= 0 {
		from = append(from, 5+p.gate)
	}
	toParam := func(name string, size int, value func(i int, s normSums) float64) nn.GradFunc {
		return after(sums, nn.Op{Name: name, Shape: tensor.Shape{size}, Run: func(dst []float32, in [][]float32) {
			spread(p.gates, in[4:], min(p.gate, 0))
			s := normSums{in[0][:c], in[0][c : 2*c], in[0][2*c:], in[1][c:], in[2], in[3]}
			total := 0.0
			for i := range c {
				v := value(i, s)
				if total += v; size == c {
					dst[i] = float32(v)
				}
			}
			if size != c {
				dst[0] = float32(total)
			}
		}}, from...)
	}
	grads := []nn.GradFunc{
		part(both, "batchnorm/dx", 0, shape),
		nil,
		toParam("batchnorm/dgamma", c, func(i int, s normSums) float64 { return float64(p.gates[i] * s.invstd[i] * s.dot[i]) }),
		toParam("batchnorm/dbeta", c, func(i int, s normSums) float64 { return float64(p.gates[i] * s.sum[i]) }),
	}
	for i, n := range p.nodes {
		switch i {
		case p.gate: // its factor is γ·x̂ + β, whose product with dz the sums hold
			grads = append(grads, toParam("gate/dg", n.Shape().TotalSize(), func(i int, s normSums) float64 {
				return float64(s.gamma[i])*float64(s.invstd[i])*float64(s.dot[i]) + float64(s.beta[i])*float64(s.sum[i])
			}))
		case p.skip:
			grads = append(grads, part(both, "batchnorm/dskip", size, shape))
		case p.skipGate:
			grads = append(grads, toParam("gate/dg", n.Shape().TotalSize(), func(i int, s normSums) float64 { return float64(s.skipDot[i]) }))
		}
	}
	return grads
}

// normSums are the sums for each channel, with values of the forward pass.
type normSums struct{ sum, dot, skipDot, invstd, gamma, beta []float32 }

// toInputs computes the gradients to x and, behind it, to the skip if there is one:
// dx = g·γ/σ·(dz − Σdz/n − x̂·Σ(dz·x̂)/n).
func (p *normPass) toInputs(dst []float32, in [][]float32, sums, dy []float32) {
	mean, invstd := p.load(in)
	c, n := p.norm.C, float64(p.norm.Rows)
	for i, a := range p.a {
		q := -float64(a) * float64(invstd[i]) * float64(invstd[i]) * float64(sums[c+i]) / n
		p.p[i], p.q[i] = a, float32(q)
		p.r[i] = float32(-float64(a)*float64(sums[i])/n - float64(p.q[i])*float64(mean[i]))
	}
	var dskip []float32
	if p.skip >= 0 {
		dskip = dst[len(dy):]
	}
	p.norm.GradInput(dst[:len(dy)], dskip, p.p, p.q, p.r, dy)
}

// follow makes the running statistics follow the batches: each by a step towards it
// in training, all together where they are measured.
func (l *BatchNorm) follow(b *nn.Builder, moments *gorgonia.Node, variance []float32, rows int) {
	c := len(variance)
	add := func(mean []float32) { l.step(mean, variance, rows) }
	if b.Mode == nn.Measure {
		s := &measured{layer: l, rows: rows, mean: make([]float64, c), between: make([]float64, c), within: make([]float64, c)}
		b.Statistics(s)
		add = func(mean []float32) { s.add(mean, variance) }
	}
	b.After(func(value func(*gorgonia.Node) []float32) { add(value(moments)[:c]) })
}

// step moves the running statistics towards the batch's; the running variance is the
// unbiased one, as in PyTorch.
func (l *BatchNorm) step(mean, variance []float32, rows int) {
	rm, rv := l.mean.Data(), l.variance.Data()
	m, unbias := float32(l.Momentum), float32(rows)/float32(rows-1)
	for i := range mean {
		rm[i] += m * (mean[i] - rm[i])
		rv[i] += m * (variance[i]*unbias - rv[i])
	}
}

// measured gathers the moments of all rows of several batches of one size, as if
// they were one (Chan et al. 1979). It implements nn.Statistics.
type measured struct {
	layer   *BatchNorm
	rows    int       // of a batch
	batches int       // so far
	mean    []float64 // of all rows
	between []float64 // Σ (mean of a batch − mean)²
	within  []float64 // Σ variance of a batch, biased
}

// add takes a batch in.
func (m *measured) add(mean, variance []float32) {
	m.batches++
	for i, v := range mean {
		d := float64(v) - m.mean[i]
		m.mean[i] += d / float64(m.batches)
		m.between[i] += d * (float64(v) - m.mean[i])
		m.within[i] += float64(variance[i])
	}
}

// Reset implements nn.Statistics.
func (m *measured) Reset() {
	m.batches = 0
	clear(m.mean)
	clear(m.between)
	clear(m.within)
}

// Store implements nn.Statistics; the running variance is the unbiased one.
func (m *measured) Store() {
	mean, variance := m.layer.mean.Data(), m.layer.variance.Data()
	n := float64(m.batches) * float64(m.rows)
	for i := range mean {
		mean[i] = float32(m.mean[i])
		variance[i] = float32((m.within[i] + m.between[i]) / float64(m.batches) * n / (n - 1))
	}
}

// Constants: γ = 0 gives β for any input.
func (l *BatchNorm) Constants(in []nn.Known) nn.Known {
	g, b := l.weight.Data(), l.bias.Data()
	inv := make([]float32, len(g))
	invStd(inv, l.variance.Data(), l.Eps)
	out := nn.Unknown(len(g))
	for u := range g {
		switch {
		case g[u] == 0 && !l.weight.Holds(u):
			out.Set(u, b[u])
		case in[0].Const[u]:
			out.Set(u, (in[0].Value[u]-l.mean.Data()[u])*inv[u]*g[u]+b[u])
		}
	}
	return out
}

func (l *BatchNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	return &BatchNorm{Eps: l.Eps, Momentum: l.Momentum,
		weight: l.weight.Select(nil, s.Out), bias: l.bias.Select(nil, s.Out),
		mean: l.mean.Select(nil, s.Out), variance: l.variance.Select(nil, s.Out)}, nil
}

// Affine implements nn.Affine, by the running statistics.
func (l *BatchNorm) Affine(units int) (factor, shift []float32) {
	factor, shift = make([]float32, units), make([]float32, units)
	invStd(factor, l.variance.Data(), l.Eps)
	for u, weight := range l.weight.Data() {
		factor[u] *= weight
		shift[u] = l.bias.Data()[u] - factor[u]*l.mean.Data()[u]
	}
	return factor, shift
}

// AbsorbShift implements nn.ShiftSink: an input that no longer carries the
// constant has a mean lower by it.
func (l *BatchNorm) AbsorbShift(shift []float32) {
	m := l.mean.Data()
	for i, v := range shift {
		m[i] -= v
	}
}

// ONNX is BatchNormalization with the running statistics.
func (l *BatchNorm) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("BatchNormalization", onnxParams(b, name, in, l.Params()...),
		onnx.Float("epsilon", float32(l.Eps))), nil
}

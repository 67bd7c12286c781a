package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel"
	"pare/nn"
)

// BatchNorm normalises each channel over batch and positions, then scales by γ
// and shifts by β (Ioffe & Szegedy 2015). Training uses the batch's statistics
// and updates the running ones; evaluation uses the running ones. Input and
// output have the same shape, [C, H, W] or [F].
type BatchNorm struct {
	Eps      float64 `yaml:"eps,omitempty" json:"eps,omitempty"`           // added to the variance; 0 means 1e-5
	Momentum float64 `yaml:"momentum,omitempty" json:"momentum,omitempty"` // share of the new batch in the running statistics; 0 means 0.1

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
	if l.Eps == 0 {
		l.Eps = 1e-5
	}
	if l.Momentum == 0 {
		l.Momentum = 0.1
	}
	for _, p := range []struct {
		at   **nn.Param
		name string
		role nn.Role
		fill float32
	}{
		{&l.weight, "weight", nn.RoleScale, 1}, {&l.bias, "bias", nn.RoleShift, 0},
		{&l.mean, "running_mean", nn.RoleBuffer, 0}, {&l.variance, "running_var", nn.RoleBuffer, 1},
	} {
		shape := []int{s.Units()}
		if *p.at, err = keepOrMake(*p.at, shape, func() *nn.Param {
			return nn.NewParam(p.name, p.role, shape, nn.AxisOut).Fill(p.fill)
		}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (l *BatchNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias, l.mean, l.variance) }

func (l *BatchNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape()
	c := shape[len(shape)-1]
	rows := shape.TotalSize() / c
	if b.Mode == nn.Train {
		return l.buildTrain(b, in[0], rows, c)
	}
	mean, variance := b.Param(l.mean), b.Param(l.variance)
	scratch := make([]float32, c)
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape.Clone(),
		Run: func(dst []float32, in [][]float32) {
			invStd(scratch, in[2], l.Eps)
			kernel.BNApply(dst, in[0], in[1], scratch, in[3], in[4], rows, c)
		}}, in[0], mean, variance, b.Param(l.weight), b.Param(l.bias))
}

func invStd(dst, variance []float32, eps float64) {
	for i, v := range variance {
		dst[i] = float32(1 / math.Sqrt(float64(v)+eps))
	}
}

// buildTrain makes the batch's moments a node of their own, [2C]: mean and
// 1/√(variance+ε), which the normalisation and both gradients read.
func (l *BatchNorm) buildTrain(b *nn.Builder, x *gorgonia.Node, rows, c int) (*gorgonia.Node, error) {
	if rows < 2 {
		return nil, fmt.Errorf("batchnorm: training needs more than one value per channel; use a larger batch")
	}
	shape := x.Shape().Clone()
	variance := make([]float32, c)
	moments, err := nn.Apply(nn.Op{Name: "batchnorm/moments", Shape: tensor.Shape{2 * c},
		Run: func(dst []float32, in [][]float32) {
			kernel.BNMoments(dst[:c], variance, in[0], rows, c)
			invStd(dst[c:], variance, l.Eps)
		}}, x)
	if err != nil {
		return nil, err
	}
	b.Pin(moments)
	rm, rv := l.mean.Data(), l.variance.Data()
	b.After(func(value func(*gorgonia.Node) []float32) {
		l.updateRunning(rm, rv, value(moments)[:c], variance, rows)
	})

	// [2C]: dγ and dβ, shared by three gradients of one output.
	var sums *gorgonia.Node
	gradSums := func(in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
		if sums != nil {
			return sums, nil
		}
		var err error
		sums, err = nn.Apply(nn.Op{Name: "batchnorm/sums", Shape: tensor.Shape{2 * c},
			Run: func(dst []float32, in [][]float32) {
				kernel.BNGradStats(dst[:c], dst[c:], in[0], in[1][:c], in[1][c:], in[2], rows, c)
			}}, in[0], in[1], dy)
		return sums, err
	}
	part := func(name string, lo, hi int) nn.GradFunc {
		return func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			s, err := gradSums(in, dy)
			if err != nil {
				return nil, err
			}
			return nn.Apply(nn.Op{Name: name, Shape: tensor.Shape{c},
				Run: func(dst []float32, in [][]float32) { copy(dst, in[0][lo:hi]) }}, s)
		}
	}
	toInput := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		s, err := gradSums(in, dy)
		if err != nil {
			return nil, err
		}
		return nn.Apply(nn.Op{Name: "batchnorm/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) {
				kernel.BNGradInput(dst, in[0], in[1][:c], in[1][c:], in[2], in[3][:c], in[3][c:], in[4], rows, c)
			}}, in[0], in[1], in[2], s, dy)
	}
	return nn.Apply(nn.Op{Name: "batchnorm", Shape: shape,
		Grad: []nn.GradFunc{toInput, nil, part("batchnorm/dgamma", 0, c), part("batchnorm/dbeta", c, 2*c)},
		Run: func(dst []float32, in [][]float32) {
			kernel.BNApply(dst, in[0], in[1][:c], in[1][c:], in[2], in[3], rows, c)
		}}, x, moments, b.Param(l.weight), b.Param(l.bias))
}

// updateRunning moves the running statistics rm and rv towards the batch's; the
// running variance is the unbiased one, as in PyTorch.
func (l *BatchNorm) updateRunning(rm, rv, mean, variance []float32, rows int) {
	m := float32(l.Momentum)
	unbias := float32(rows) / float32(rows-1)
	for i := range mean {
		rm[i] += m * (mean[i] - rm[i])
		rv[i] += m * (variance[i]*unbias - rv[i])
	}
}

// Constants: γ = 0 gives β whatever comes in.
func (l *BatchNorm) Constants(in []nn.Known) nn.Known {
	g, b := l.weight.Data(), l.bias.Data()
	inv := make([]float32, len(g))
	invStd(inv, l.variance.Data(), l.Eps)
	out := nn.Unknown(len(g))
	for u := range g {
		switch {
		case g[u] == 0:
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

// AbsorbShift implements nn.ShiftSink: an input that no longer carries the
// constant has a mean lower by it.
func (l *BatchNorm) AbsorbShift(shift []float32) {
	m := l.mean.Data()
	for i, v := range shift {
		m[i] -= v
	}
}

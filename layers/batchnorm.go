package layers

import (
	"fmt"
	"math/rand/v2"

	"pare/nn"
)

// BatchNorm normalises each channel over batch and positions, then scales by γ
// and shifts by β (Ioffe & Szegedy 2015). Training uses the batch's statistics
// and updates the running ones; evaluation uses the running ones. Input and
// output have the same shape, [C, H, W] or [F].
type BatchNorm struct {
	Eps      float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)"`            // added to the variance; 0 means 1e-5
	Momentum float64 `yaml:"momentum,omitempty" json:"momentum,omitempty" range:"(0,1]"` // share of the new batch in the running statistics; 0 means 0.1

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

// AbsorbShift implements nn.ShiftSink: an input that no longer carries the
// constant has a mean lower by it.
func (l *BatchNorm) AbsorbShift(shift []float32) {
	m := l.mean.Data()
	for i, v := range shift {
		m[i] -= v
	}
}

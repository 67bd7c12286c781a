package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/internal/option"
	"pare/nn"
	"pare/nn/onnx"
)

// Clip is min(max(x, Min), Max). Input and output have the same shape. The gradient passes
// between the limits and is 0 at them and beyond, as for PyTorch's hardtanh.
type Clip struct {
	Min *float64 `yaml:"min,omitempty" json:"min,omitempty" doc:"smaller values become this; left out: no limit"`
	Max *float64 `yaml:"max,omitempty" json:"max,omitempty" doc:"larger values become this, at least min; left out: no limit"`

	passUnits
}

func init() {
	nn.RegisterLayer("min(max(x, min), max)", func() nn.Layer { return &Clip{} })
}

func (l *Clip) Kind() string { return "clip" }

// Validate implements option.Validator.
func (l *Clip) Validate() error {
	if l.Min == nil && l.Max == nil {
		return option.Errorf("min", "and max are missing; give one or both")
	}
	finite := func(v *float64) bool { return v == nil || math.Abs(*v) <= math.MaxFloat32 }
	if lo, hi := l.limits(); !(lo <= hi) || !finite(l.Min) || !finite(l.Max) {
		return option.Errorf("max", "must be finite and at least min, got min %g and max %g", lo, hi)
	}
	return nil
}

// limits are Min and Max; a missing one is infinite.
func (l *Clip) limits() (lo, hi float32) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	if l.Min != nil {
		lo = float32(*l.Min)
	}
	if l.Max != nil {
		hi = float32(*l.Max)
	}
	return lo, hi
}

func (l *Clip) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if err := l.Validate(); err != nil {
		return nil, fmt.Errorf("clip: %w", err)
	}
	return oneInput("clip", in)
}

// clipping is min(max(x, lo), hi).
func clipping(lo, hi float32) elementwise {
	return elementwise{fromOutput: true, sparse: lo == 0 || hi == 0,
		forward:  func(y, x []float32) { vector.Clip(y, x, lo, hi) },
		backward: func(dx, y, dy []float32) { vector.ClipBackward(dx, y, dy, lo, hi) }}
}

func (l *Clip) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return clipping(l.limits()).build("clip", in[0])
}

// Curve implements nn.Elementwise.
func (l *Clip) Curve(int) nn.Curve {
	lo, hi := l.limits()
	return clipCurve(float64(lo), float64(hi))
}

// Constants: the function of a constant is a constant, and limits that are equal leave one
// value.
func (l *Clip) Constants(in []nn.Known) nn.Known {
	lo, hi := l.limits()
	out := mapped(in[0], clipping(lo, hi).forward)
	for u := range out.Const {
		if lo == hi {
			out.Set(u, lo)
		}
	}
	return out
}

func (l *Clip) Slice(nn.Slicing) (nn.Layer, error) { return &Clip{Min: l.Min, Max: l.Max}, nil }

// ONNX is Clip.
func (l *Clip) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return onnxClip(b, name, in[0], l.Min, l.Max), nil
}

// onnxClip adds Clip; a nil limit is missing.
func onnxClip(b *onnx.Builder, name, x string, lo, hi *float64) string {
	in := []string{x, "", ""}
	if lo != nil {
		in[1] = onnxScalar(b, name+"/min", float32(*lo))
	}
	if hi != nil {
		in[2] = onnxScalar(b, name+"/max", float32(*hi))
	} else {
		in = in[:2]
	}
	return b.Node("Clip", in)
}

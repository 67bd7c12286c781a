package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/resample"
	"pare/nn"
	"pare/nn/onnx"
)

// Upsample makes an image of another size by repeating pixels (nearest) or interpolating
// linearly between them (bilinear), as PyTorch's layer of this name does. Input [C, H, W],
// output [C, Scale.H·H, Scale.W·W] or [C, Size.H, Size.W].
type Upsample struct {
	Scale        Extent `yaml:"scale,omitempty" json:"scale,omitzero" range:"[1,)" doc:"factor, or [height, width]; without size: 2"`
	Size         Extent `yaml:"size,omitempty" json:"size,omitzero" range:"[1,)" doc:"side of the output, or [height, width]"`
	Mode         string `yaml:"mode,omitempty" json:"mode,omitempty" enum:"nearest,bilinear" doc:"left out: nearest, which repeats pixels"`
	AlignCorners bool   `yaml:"align_corners,omitempty" json:"align_corners,omitempty" doc:"bilinear: corners stay corners"`

	out  Extent
	same bool // the output is the input
	passUnits
}

func init() {
	nn.RegisterLayer("larger images by repetition or interpolation", func() nn.Layer { return &Upsample{} })
}

func (l *Upsample) Kind() string { return "upsample" }

func (l *Upsample) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("upsample", in)
	if err != nil {
		return nil, err
	}
	if l.Mode == "" {
		l.Mode = "nearest"
	}
	if l.Mode != "nearest" && l.Mode != "bilinear" {
		return nil, fmt.Errorf("upsample: mode is %q, it must be nearest or bilinear", l.Mode)
	}
	if l.AlignCorners && l.Mode == "nearest" {
		return nil, fmt.Errorf("upsample: align_corners needs mode bilinear")
	}
	l.out = l.Size
	if l.Size == (Extent{}) {
		l.Scale = l.Scale.orElse(Square(2))
		if err := l.Scale.size("upsample", "scale"); err != nil {
			return nil, err
		}
		l.out = Extent{h * l.Scale.H, w * l.Scale.W}
	} else if l.Scale != (Extent{}) {
		return nil, fmt.Errorf("upsample: scale %s and size %s exclude each other", l.Scale, l.Size)
	}
	l.same = l.out == Extent{h, w}
	return nn.Shape{c, l.out.H, l.out.W}, l.out.size("upsample", "size")
}

// Traits implements nn.Describer.
func (l *Upsample) Traits() nn.Traits { return nn.Traits{Wires: l.same, Identity: l.same} }

func (l *Upsample) axis(in, out int) resample.Axis {
	if l.Mode == "nearest" {
		return resample.Nearest(in, out)
	}
	return resample.Linear(in, out, l.AlignCorners)
}

func (l *Upsample) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	d := in[0].Shape()
	plan := resample.New(d[0], d[3], l.axis(d[1], l.out.H), l.axis(d[2], l.out.W))
	return apply("upsample", in[0], resized(in[0], l.out), plan.Forward, plan.Backward)
}

// Combine implements nn.Combiner.
func (l *Upsample) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	resampled(in[0].Units(), l.axis(in[0][1], l.out.H), l.axis(in[0][2], l.out.W), add)
}

func (l *Upsample) Slice(nn.Slicing) (nn.Layer, error) {
	return &Upsample{Scale: l.Scale, Size: l.Size, Mode: l.Mode, AlignCorners: l.AlignCorners}, nil
}

// ONNX is Resize for whole factors. For others runtimes differ in rounding: products with
// the matrices of the axes are exact.
func (l *Upsample) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	h, w := shapes[0][1], shapes[0][2]
	if l.out.H%h != 0 || l.out.W%w != 0 {
		return onnxResample(b, name, in[0], l.axis(h, l.out.H), l.axis(w, l.out.W)), nil
	}
	scales := b.Initializer(name+"/scales", []int{4}, []float32{1, 1, float32(l.out.H / h), float32(l.out.W / w)})
	attrs := []onnx.Attr{onnx.String("mode", "nearest"), onnx.String("coordinate_transformation_mode", "asymmetric"),
		onnx.String("nearest_mode", "floor")}
	if l.Mode == "bilinear" {
		mode := "half_pixel"
		if l.AlignCorners {
			mode = "align_corners"
		}
		attrs = []onnx.Attr{onnx.String("mode", "linear"), onnx.String("coordinate_transformation_mode", mode)}
	}
	return b.Node("Resize", []string{in[0], "", scales}, attrs...), nil
}

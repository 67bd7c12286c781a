package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/nn"
	"pare/nn/onnx"
)

// PixelShuffle makes an image Factor times as high and wide from Factor² times as many
// channels (Shi et al. 2016): channel c·Factor² + i·Factor + j is row i and column j of
// each block of channel c. Input [C·Factor², H, W], output [C, Factor·H, Factor·W].
type PixelShuffle struct {
	Factor int `yaml:"factor" json:"factor" range:"[1,)" doc:"factor of height and width; left out: 2"`
}

func init() {
	nn.RegisterLayer("larger images from the pixels of several channels", func() nn.Layer { return &PixelShuffle{} })
}

func (l *PixelShuffle) Kind() string { return "pixelshuffle" }

func (l *PixelShuffle) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("pixelshuffle", in)
	if err != nil {
		return nil, err
	}
	if l.Factor == 0 {
		l.Factor = 2
	}
	if err := Square(l.Factor).size("pixelshuffle", "factor"); err != nil {
		return nil, err
	}
	block := l.Factor * l.Factor
	if c%block != 0 {
		return nil, fmt.Errorf("pixelshuffle: %d channels do not divide into blocks of %d×%d", c, l.Factor, l.Factor)
	}
	out := Extent{h * l.Factor, w * l.Factor}
	return nn.Shape{c / block, out.H, out.W}, out.size("pixelshuffle", "factor times the image")
}

// Traits implements nn.Describer.
func (l *PixelShuffle) Traits() nn.Traits {
	return nn.Traits{Wires: l.Factor == 1, Identity: l.Factor == 1}
}

func (l *PixelShuffle) Params() []*nn.Param { return nil }

func (l *PixelShuffle) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	d := in[0].Shape()
	s := &shuffle{h: d[1], w: d[2], c: d[3] / (l.Factor * l.Factor), factor: l.Factor}
	s.rows = d[0] * d[1]
	out := in[0].Shape().Clone()
	out[1], out[2], out[3] = d[1]*l.Factor, d[2]*l.Factor, s.c
	return apply("pixelshuffle", in[0], out, func(y, x []float32) { s.move(y, x, false) },
		func(dx, dy []float32) { s.move(dy, dx, true) })
}

// shuffle moves values between the two forms of an image.
type shuffle struct {
	rows, h, w, c, factor int
	y, x                  []float32
	back                  bool
}

// move copies x to y or, back, y to x.
func (s *shuffle) move(y, x []float32, back bool) {
	s.y, s.x, s.back = y, x, back
	parallel.Each(s.rows, s, (*shuffle).row)
	s.y, s.x = nil, nil
}

// row moves one row of blocks.
func (s *shuffle) row(_, task int) {
	f := s.factor
	for col := range s.w {
		x := s.x[(task*s.w+col)*s.c*f*f:][:s.c*f*f]
		for i := range f {
			for j := range f {
				y := s.y[((task*f+i)*s.w*f+col*f+j)*s.c:][:s.c]
				for c := range y {
					if s.back {
						x[(c*f+i)*f+j] = y[c]
					} else {
						y[c] = x[(c*f+i)*f+j]
					}
				}
			}
		}
	}
}

// Combine implements nn.Combiner.
func (l *PixelShuffle) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	f, w := l.Factor, in[0][2]
	c := in[0].Units() / (f * f)
	for out := range in[0].Size() {
		row, column, u := out/(w*f*c), out/c%(w*f), out%c
		add(out, 0, (row/f*w+column/f)*c*f*f+(u*f+row%f)*f+column%f, 1)
	}
}

// Constants implements nn.Pruner: a channel is constant where all of its block are the same
// constant.
func (l *PixelShuffle) Constants(in []nn.Known) nn.Known {
	block := l.Factor * l.Factor
	out := nn.Unknown(len(in[0].Const) / block)
	for u := range out.Const {
		first := in[0].Value[u*block]
		same := true
		for i := u * block; i < (u+1)*block; i++ {
			same = same && in[0].Const[i] && in[0].Value[i] == first
		}
		if same {
			out.Set(u, first)
		}
	}
	return out
}

// Needs implements nn.Pruner: a channel needs its whole block.
func (l *PixelShuffle) Needs(keep []bool, in []nn.Known) [][]bool {
	block := l.Factor * l.Factor
	need := make([]bool, len(in[0].Const))
	for i := range need {
		need[i] = keep[i/block]
	}
	return [][]bool{need}
}

func (l *PixelShuffle) Slice(nn.Slicing) (nn.Layer, error) {
	return &PixelShuffle{Factor: l.Factor}, nil
}

// ONNX is DepthToSpace, whose mode CRD has this order of channels.
func (l *PixelShuffle) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("DepthToSpace", in, onnx.Int("blocksize", int64(l.Factor)), onnx.String("mode", "CRD")), nil
}

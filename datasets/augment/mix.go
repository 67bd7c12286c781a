package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Batch is float32 images in NHWC order with a target each, that MixUp and CutMix combine.
type Batch struct {
	N, H, W, C int
	X          []float32 // N·H·W·C values
	Y          []float32 // N targets
	// Second are the targets of the other image of each pair, N, filled by MixUp and
	// CutMix. The loss of example i is weight·loss(Y[i]) + (1−weight)·loss(Second[i]).
	Second []float32
	// Weights say how much each of the N examples counts in the loss. SecondWeights are the
	// weights of the other image of each pair, filled as Second is. nil: all count the same.
	Weights, SecondWeights []float32
	saved                  []float32 // one image
}

// check reports lengths that do not agree.
func (b *Batch) check(name string) error {
	if b.N < 1 || len(b.X) != b.N*b.H*b.W*b.C || len(b.Y) != b.N || len(b.Second) != b.N {
		return fmt.Errorf("%s: %d values, %d and %d targets for %d images of %d×%d×%d (HWC)",
			name, len(b.X), len(b.Y), len(b.Second), b.N, b.H, b.W, b.C)
	}
	if len(b.Weights) != len(b.SecondWeights) || b.Weights != nil && len(b.Weights) != b.N {
		return fmt.Errorf("%s: %d and %d weights for %d images", name, len(b.Weights), len(b.SecondWeights), b.N)
	}
	return nil
}

// pair calls combine for each image with the one before it, the first with the last, whose
// values are as they came, and fills Second and SecondWeights.
func (b *Batch) pair(combine func(x, other []float32)) {
	size := b.H * b.W * b.C
	last := b.X[(b.N-1)*size:]
	b.saved = append(b.saved[:0], last...)
	for i := b.N - 1; i > 0; i-- {
		combine(b.X[i*size:][:size], b.X[(i-1)*size:][:size])
	}
	combine(b.X[:size], b.saved)
	before(b.Second, b.Y)
	before(b.SecondWeights, b.Weights)
}

// before writes the value of the image before each one to dst.
func before(dst, src []float32) {
	if n := copy(dst[min(1, len(dst)):], src); len(src) > 0 {
		dst[0] = src[n]
	}
}

// BatchTransform combines the images of a batch at random.
type BatchTransform interface {
	// Apply combines the images and gives the weight of Y, see Batch.Second.
	Apply(b *Batch, r *rand.Rand) (weight float32, err error)
	// Check reports a setting that makes no sense.
	Check() error
}

// MixUp replaces each image x of a batch by λx + (1−λ)x', where x' is the image before it
// and λ, one for the batch, is of the beta distribution Beta(Alpha, Alpha) (Zhang et al.
// 2018, "mixup: beyond empirical risk minimization"; torchvision's v2.MixUp). The batch has
// to be in random order.
type MixUp struct {
	Alpha float64 // above 0; 0 means 1, a uniform λ
}

// Check reports an Alpha that makes no sense.
func (t MixUp) Check() error { return checkAlpha("mixup", t.Alpha) }

// Apply combines the images of a batch and gives the weight of Y, λ.
func (t MixUp) Apply(b *Batch, r *rand.Rand) (weight float32, err error) {
	if err := b.check("mixup"); err != nil {
		return 0, err
	}
	weight = float32(beta(t.Alpha, r))
	b.mix(weight)
	return weight, nil
}

func (b *Batch) mix(weight float32) {
	b.pair(func(x, other []float32) {
		for i, v := range other[:len(x)] {
			x[i] = float32(v*(1-weight)) + float32(x[i]*weight)
		}
	})
}

// CutMix replaces a rectangle of each image of a batch by the same one of the image before it (Yun
// et al. 2019, "CutMix: regularization strategy to train strong classifiers with
// localizable features"; torchvision's v2.CutMix). The rectangle, one for the batch, has
// the shape of the image, the share 1−λ of its area with λ of Beta(Alpha, Alpha), and a
// uniform centre; it is cut off at the border. The batch has to be in random order.
type CutMix struct {
	Alpha float64 // above 0; 0 means 1
}

// Check reports an Alpha that makes no sense.
func (t CutMix) Check() error { return checkAlpha("cutmix", t.Alpha) }

// Apply combines the images of a batch and gives the weight of Y: the share of the pixels
// that stay.
func (t CutMix) Apply(b *Batch, r *rand.Rand) (weight float32, err error) {
	if err := b.check("cutmix"); err != nil {
		return 0, err
	}
	return b.cut(box(b.H, b.W, beta(t.Alpha, r), r.IntN(b.W), r.IntN(b.H))), nil
}

// box is the rectangle around a pixel for a λ.
func box(h, w int, lambda float64, x, y int) rectangle {
	side := 0.5 * math.Sqrt(1-lambda)
	halfW, halfH := int(side*float64(w)), int(side*float64(h))
	left, top := max(x-halfW, 0), max(y-halfH, 0)
	return rectangle{top, left, min(y+halfH, h) - top, min(x+halfW, w) - left}
}

func (b *Batch) cut(at rectangle) float32 {
	b.pair(func(x, other []float32) {
		for y := at.top; y < at.top+at.h; y++ {
			start := (y*b.W + at.left) * b.C
			copy(x[start:start+at.w*b.C], other[start:])
		}
	})
	return float32(1 - float64(at.w*at.h)/float64(b.W*b.H))
}

func checkAlpha(name string, alpha float64) error {
	if !(alpha >= 0 && alpha <= 1e6) {
		return fmt.Errorf("%s: alpha is %v; choose a number above 0, such as 0.2 or 1", name, alpha)
	}
	return nil
}

// beta draws from Beta(alpha, alpha).
func beta(alpha float64, r *rand.Rand) float64 {
	if alpha == 0 {
		alpha = 1
	}
	v := distuv.Beta{Alpha: alpha, Beta: alpha, Src: r}.Rand()
	if math.IsNaN(v) { // both gammas underflow for a small alpha: the limit is 0 or 1
		return float64(r.Uint64() & 1)
	}
	return v
}

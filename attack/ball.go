package attack

import (
	"math"
	"math/rand/v2"
)

// Float is the precision of points: float64 where attacks evaluate a model, float32 where they
// move the examples of a training step.
type Float interface{ float32 | float64 }

// Ball is the geometry of a Threat, for points in the scale in which a model reads them: channels
// last, so that value j of a point belongs to channel j mod C. Distances are in units of the data.
type Ball[F Float] struct {
	Eps float64 // radius; it may change between examples

	norm      Norm
	std       []float64 // of each channel: units of the data in one of the model's
	low, high []F       // range of each channel
}

// NewBall returns the geometry of a threat to a model of so many channels, or refuses the threat.
func NewBall[F Float](t Threat, channels int) (*Ball[F], error) {
	if err := t.check(channels); err != nil {
		return nil, err
	}
	b := &Ball[F]{Eps: t.Eps, norm: t.Norm, std: t.Range.Std, low: make([]F, channels), high: make([]F, channels)}
	for c, std := range b.std {
		b.low[c], b.high[c] = F((t.Range.Lower-t.Range.Mean[c])/std), F((t.Range.Upper-t.Range.Mean[c])/std)
	}
	return b, nil
}

// Limits are a clean example and the least and the largest value that each of its values may take.
type Limits[F Float] struct{ Clean, Low, High []F }

// Limit computes Low and High from Clean: the range and, for Linf, the ball, rounded towards Clean.
// A clean value outside the range limits itself.
func (b *Ball[F]) Limit(l Limits[F]) {
	low, high, channels := l.Low, l.High, len(b.std)
	for c, std := range b.std {
		r := b.Eps / std
		for j := c; j < len(l.Clean); j += channels {
			v := l.Clean[j]
			lo, hi := min(b.low[c], v), max(b.high[c], v)
			if b.norm == Linf {
				lo, hi = max(lo, within(v, -r)), min(hi, within(v, r))
			}
			low[j], high[j] = lo, hi
		}
	}
}

// within is x+d as a number of the precision that is no farther from x than d.
func within[F Float](x F, d float64) F {
	v := F(float64(x) + d)
	if math.Abs(float64(v)-float64(x)) > math.Abs(d) {
		v = next(v, x)
	}
	return v
}

// next is the number after x on the way to y.
func next[F Float](x, y F) F {
	if single[F]() {
		return F(math.Nextafter32(float32(x), float32(y)))
	}
	return F(math.Nextafter(float64(x), float64(y)))
}

// single reports whether F is float32.
func single[F Float]() bool {
	_, ok := any(F(0)).(float32)
	return ok
}

// Random writes a random point of ball and range: for Linf uniform in the ball, for L2 of a uniform
// direction and a uniform length, each value then moved into its limits.
func (b *Ball[F]) Random(x []F, l Limits[F], rng *rand.Rand) {
	if b.norm == L2 {
		copy(x, l.Clean)
		b.shift(x, b.Eps*rng.Float64(), rng)
		b.Project(x, l)
		return
	}
	uniform := rng.Float64
	if single[F]() {
		uniform = func() float64 { return float64(rng.Float32()) }
	}
	c := 0
	for j, v := range l.Clean {
		x[j] = min(max(v+F(b.Eps/b.std[c])*(2*F(uniform())-1), l.Low[j]), l.High[j])
		if c++; c == len(b.std) {
			c = 0
		}
	}
}

// shift moves x by a length in a random direction.
func (b *Ball[F]) shift(x []F, length float64, rng *rand.Rand) {
	delta, sum := make([]float64, len(x)), 0.0
	for j := range delta {
		delta[j] = rng.NormFloat64()
		sum += delta[j] * delta[j]
	}
	factor, c := length/math.Sqrt(sum), 0
	for j, d := range delta {
		x[j] += F(factor * d / b.std[c])
		if c++; c == len(b.std) {
			c = 0
		}
	}
}

// Step moves x by the step of a length that is the steepest along a gradient by x: along its
// signs for Linf, along the gradient by the values in units of the data for L2. Then it projects x.
// A gradient of 0 or one that is not finite moves nothing under L2.
func (b *Ball[F]) Step(x, grad []F, l Limits[F], length float64) {
	channels := len(b.std)
	if b.norm == Linf {
		grad, low, high := grad[:len(x)], l.Low[:len(x)], l.High[:len(x)]
		for c, std := range b.std {
			s := F(length / std)
			for j := c; j < len(x); j += channels {
				v := x[j]
				switch g := grad[j]; {
				case g > 0:
					v += s
				case g < 0:
					v -= s
				}
				x[j] = min(max(v, low[j]), high[j])
			}
		}
		return
	}
	norm, scale := euclidean(grad, b.std)
	if norm == 0 {
		return
	}
	f, c := length/norm, 0
	for j, g := range grad {
		std := b.std[c]
		x[j] += F(f * (float64(g) * scale) / (std * std))
		if c++; c == channels {
			c = 0
		}
	}
	b.Project(x, l)
}

// euclidean is the length of v, whose channels are divided by std, times scale: a power of 2, so
// that neither the length nor the squares vanish or overflow. The length is 0 where v is 0 or not
// finite.
func euclidean[F Float](v []F, std []float64) (norm, scale float64) {
	const least, most = 1e-200, 1e200
	if sum := squares(v, std, 1); sum > least && sum < most {
		return math.Sqrt(sum), 1
	}
	largest, c := 0.0, 0
	for _, x := range v {
		largest = max(largest, math.Abs(float64(x)/std[c])) // NaN if any is
		if c++; c == len(std) {
			c = 0
		}
	}
	if !(largest > 0 && largest <= math.MaxFloat64) {
		return 0, 1
	}
	_, e := math.Frexp(largest)
	scale = math.Ldexp(1, -max(e, -1000))
	return math.Sqrt(squares(v, std, scale)), scale
}

// squares is the sum of the squares of v, whose channels are divided by std, times scale.
func squares[F Float](v []F, std []float64, scale float64) (sum float64) {
	c := 0
	for _, x := range v {
		p := float64(x) * scale / std[c]
		sum += p * p
		if c++; c == len(std) {
			c = 0
		}
	}
	return sum
}

// Project moves x into the ball and the range: for L2 along the line to the clean example into the
// ball, then each value into its limits, which cannot leave the ball.
func (b *Ball[F]) Project(x []F, l Limits[F]) {
	clean, low, high := l.Clean[:len(x)], l.Low[:len(x)], l.High[:len(x)]
	if b.norm == L2 {
		margin := 1e-15
		if single[F]() {
			margin = 1e-6
		}
		for norm := b.distance(x, clean); norm > b.Eps; norm = b.distance(x, clean) {
			f := b.Eps / norm * max(0, 1-margin)
			for j, v := range x {
				x[j] = F(float64(clean[j]) + f*(float64(v)-float64(clean[j])))
			}
			margin *= 2 // rounding may hold a point just outside
		}
	}
	for j, v := range x {
		x[j] = min(max(v, low[j]), high[j])
	}
}

// distance is the Euclidean one, in units of the data.
func (b *Ball[F]) distance(x, y []F) float64 {
	sum, c := 0.0, 0
	for j, v := range x {
		d := (float64(v) - float64(y[j])) * b.std[c]
		sum += d * d
		if c++; c == len(b.std) {
			c = 0
		}
	}
	return math.Sqrt(sum)
}

package regularize

import "pare/internal/kernel/vector"

// HoyerSquare is f(a) = (Σ|aᵢ|)²/Σaᵢ² (Yang et al. 2020, eq. 3), 0 for a = 0. It lies
// between 1 and the number of units and does not depend on the scale of a. For an image, a
// holds all units at all pixels, and f is divided by the number of pixels: empty pixels
// cost nothing.
type HoyerSquare struct{}

var (
	_ ActivationPenalty = HoyerSquare{}
	_ OfImages          = HoyerSquare{}
)

func init() {
	Penalties.Register("hoyer_square", "(sum of absolute values)² over the sum of squares: no scale changes it",
		func() Kind { return HoyerSquare{} })
}

func (HoyerSquare) Kind() string { return "hoyer_square" }

// OfImages implements OfImages.
func (HoyerSquare) OfImages() {}

func (HoyerSquare) OfSums(s ActivationSums) (sum float64) {
	for v, square := range s.Square {
		if square != 0 {
			sum += s.Abs[v] * s.Abs[v] / square
		}
	}
	return sum
}

// AddGradient adds p·sign(a) + q·a with p = 2·Σ|aᵢ|/Σaᵢ² and q = −2·(Σ|aᵢ|)²/(Σaᵢ²)².
func (HoyerSquare) AddGradient(dst, a, weight []float32, first int, s ActivationSums) {
	n, p, q := len(weight), float32(0), float32(0)
	for r := range len(dst) / n {
		if v := (first + r) / s.Rows; r == 0 || (first+r)%s.Rows == 0 {
			p, q = 0, 0
			if abs, square := s.Abs[v], s.Square[v]; square != 0 {
				p, q = float32(2*abs/square), float32(-2*abs*abs/(square*square))
			}
		}
		vector.SignGrad(dst[r*n:][:n], a[r*n:][:n], weight, p, q)
	}
}

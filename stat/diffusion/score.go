package diffusion

import (
	"fmt"
	"math"

	"pare/stat/recovery"

	"gonum.org/v1/gonum/mat"
)

// CompareOptions say which entries Compare counts; the zero value counts all
// entries that are not zero.
type CompareOptions struct {
	// TruthAbove and FoundAbove are the absolute values from which an entry is in
	// the support, exclusive: a heat kernel is nowhere exactly zero.
	TruthAbove, FoundAbove float64
	// OffDiagonal leaves the diagonal out.
	OffDiagonal bool
}

// Compare scores the support of what was found against the truth.
func Compare(truth, found mat.Matrix, o CompareOptions) (recovery.Score, error) {
	q, p := truth.Dims()
	if r, c := found.Dims(); r != q || c != p {
		return recovery.Score{}, fmt.Errorf("the truth is %d×%d, what was found %d×%d", q, p, r, c)
	}
	var both, more, fewer, neither int
	for i := range q {
		for j := range p {
			if i == j && o.OffDiagonal {
				continue
			}
			is, got := math.Abs(truth.At(i, j)) > o.TruthAbove, math.Abs(found.At(i, j)) > o.FoundAbove
			switch {
			case is && got:
				both++
			case got:
				more++
			case is:
				fewer++
			default:
				neither++
			}
		}
	}
	return recovery.Of(both, more, fewer, neither), nil
}

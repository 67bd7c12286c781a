package diffusion

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Score says how well the support of a matrix was found.
type Score struct {
	TruePositives, FalsePositives, FalseNegatives, TrueNegatives int
	// Precision is 1 where nothing was found, Recall 1 where nothing was to be
	// found; F1 is their harmonic mean, 0 where both are 0.
	Precision, Recall, F1 float64
	// Hamming is the number of entries that are in one support only.
	Hamming int
}

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
func Compare(truth, found mat.Matrix, o CompareOptions) (Score, error) {
	var s Score
	q, p := truth.Dims()
	if r, c := found.Dims(); r != q || c != p {
		return s, fmt.Errorf("diffusion: the truth is %d×%d, what was found %d×%d", q, p, r, c)
	}
	for i := range q {
		for j := range p {
			if i == j && o.OffDiagonal {
				continue
			}
			is, got := math.Abs(truth.At(i, j)) > o.TruthAbove, math.Abs(found.At(i, j)) > o.FoundAbove
			switch {
			case is && got:
				s.TruePositives++
			case got:
				s.FalsePositives++
			case is:
				s.FalseNegatives++
			default:
				s.TrueNegatives++
			}
		}
	}
	s.Precision = share(s.TruePositives, s.FalsePositives)
	s.Recall = share(s.TruePositives, s.FalseNegatives)
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	s.Hamming = s.FalsePositives + s.FalseNegatives
	return s, nil
}

func share(hits, misses int) float64 {
	if hits+misses == 0 {
		return 1
	}
	return float64(hits) / float64(hits+misses)
}

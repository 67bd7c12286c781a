package diffusion

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/stat/recovery"
)

// Kernel is a sparse q×p matrix by rows: Rows[i] holds the weights of the inputs in
// output i.
type Kernel struct {
	Inputs int
	Rows   []Row
}

// Row holds the entries of a row that are not zero, indices rising.
type Row struct {
	Index []int
	Value []float64
}

// Nonzeros counts the entries that are not zero.
func (k Kernel) Nonzeros() int {
	n := 0
	for _, r := range k.Rows {
		n += len(r.Index)
	}
	return n
}

// Dense returns the kernel as a matrix.
func (k Kernel) Dense() *mat.Dense {
	d := mat.NewDense(len(k.Rows), k.Inputs, nil)
	for i, r := range k.Rows {
		for a, j := range r.Index {
			d.Set(i, j, r.Value[a])
		}
	}
	return d
}

// apply is the inner product of a row with a signal.
func (r Row) apply(x []float64) float64 {
	var s float64
	for a, j := range r.Index {
		s += r.Value[a] * x[j]
	}
	return s
}

// Predict returns the outputs of the model for inputs X (n×p), without noise.
func (m *Model) Predict(x *mat.Dense) (*mat.Dense, error) {
	n, p := x.Dims()
	if p != m.Kernel.Inputs {
		return nil, fmt.Errorf("inputs have %d columns, the kernel %d", p, m.Kernel.Inputs)
	}
	y := mat.NewDense(n, len(m.Kernel.Rows), nil)
	for r := range n {
		for i, row := range m.Kernel.Rows {
			v := row.apply(x.RawRowView(r))
			if m.Intercept != nil {
				v += m.Intercept[i]
			}
			y.Set(r, i, v)
		}
	}
	return y, nil
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

// Compare scores the support of the kernel found against the truth.
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

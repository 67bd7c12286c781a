package diffusion

import "gonum.org/v1/gonum/mat"

// Kernel is a sparse q×p matrix by rows: Rows[i] says what output i takes from
// which inputs.
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

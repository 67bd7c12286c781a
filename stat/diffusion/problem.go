package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/internal/limit"
)

// Problem is the data of a fit and the knowledge about the kernel.
type Problem struct {
	// X are the inputs, n×p: row r is the signal that entered observation r.
	X *mat.Dense
	// Y are the outputs, n×q: row r is the signal that came out. Usually q = p.
	Y *mat.Dense
	// Intercept adds an unpenalised constant to every output.
	Intercept bool
	// Symmetric demands H = Hᵀ, exactly; it needs q = p.
	Symmetric bool
	// NonNegative demands Hᵢⱼ ≥ 0 for all entries.
	NonNegative bool
	// FreeDiagonal leaves Hᵢᵢ unpenalised: nodes mostly keep a part of their own
	// signal. It needs q = p.
	FreeDiagonal bool
	// Support, q×p, says which entries may differ from zero; nil allows all. With
	// Symmetric it has to be symmetric.
	Support [][]bool
}

// Check returns the first fault of the data, in one line, or nil.
func (p *Problem) Check() error {
	if p.X == nil || p.Y == nil {
		return errors.New("inputs and outputs are both needed")
	}
	n, in := p.X.Dims()
	m, out := p.Y.Dims()
	if n != m {
		return fmt.Errorf("%d observations of the inputs, %d of the outputs", n, m)
	}
	if err := checkMatrix("inputs", p.X); err != nil {
		return err
	}
	if err := checkMatrix("outputs", p.Y); err != nil {
		return err
	}
	if p.Symmetric && in != out {
		return fmt.Errorf("a symmetric kernel needs as many outputs as inputs, not %d and %d", out, in)
	}
	// Moments, kernel and gradient.
	if err := limit.Check(fmt.Sprintf("a kernel from %d inputs to %d outputs", in, out), int64(in)*int64(in+3*out), 8); err != nil {
		return err
	}
	if p.FreeDiagonal && in != out {
		return fmt.Errorf("a free diagonal needs as many outputs as inputs, not %d and %d", out, in)
	}
	return p.checkSupport(out, in)
}

func (p *Problem) checkSupport(q, cols int) error {
	if p.Support == nil {
		return nil
	}
	if len(p.Support) != q {
		return fmt.Errorf("the known support has %d rows, the kernel %d", len(p.Support), q)
	}
	for i, row := range p.Support {
		if len(row) != cols {
			return fmt.Errorf("row %d of the known support has %d columns, the kernel %d", i+1, len(row), cols)
		}
	}
	if !p.Symmetric {
		return nil
	}
	for i, row := range p.Support {
		for j := range i {
			if row[j] != p.Support[j][i] {
				return fmt.Errorf("the known support is not symmetric at row %d, column %d", i+1, j+1)
			}
		}
	}
	return nil
}

// checkMatrix refuses data that no kernel can be learned from.
func checkMatrix(name string, m *mat.Dense) error {
	n, p := m.Dims()
	if n < 2 {
		return fmt.Errorf("%s have %d observation, at least 2 are needed", name, n)
	}
	for r := range n {
		for c, v := range m.RawRowView(r) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s: row %d, column %d is %v", name, r+1, c+1, v)
			}
		}
	}
	for c := range p {
		first, constant := m.At(0, c), true
		for r := 1; r < n && constant; r++ {
			constant = m.At(r, c) == first
		}
		if constant {
			return fmt.Errorf("%s: column %d is constant (%g)", name, c+1, first)
		}
	}
	return nil
}

func checkLambda(lambda float64) error {
	if lambda < 0 || math.IsNaN(lambda) || math.IsInf(lambda, 0) {
		return fmt.Errorf("lambda is %v, it has to be 0 or more", lambda)
	}
	return nil
}

// allowed reports whether the entry may differ from zero.
func (p *Problem) allowed(i, j int) bool {
	return p.Support == nil || p.Support[i][j]
}

// weight is the factor of λ for the entry.
func (p *Problem) weight(i, j int) float64 {
	if p.FreeDiagonal && i == j {
		return 0
	}
	return 1
}

// Options are the accuracy of a solution and the number of threads.
type Options struct {
	// Tolerance is the largest duality gap, relative to the objective of H = 0;
	// 0 means 1e-8.
	Tolerance float64
	// MaxIterations limits the passes of coordinate descent, for each row and λ
	// (for each λ with Problem.Symmetric); 0 means 100,000.
	MaxIterations int
	// Threads is the number of goroutines; 0 means GOMAXPROCS. It does not change
	// the result.
	Threads int
	// Progress, if not nil, is called from one goroutine at a time as work of a
	// path or a cross-validation is done.
	Progress func(done, total int)
}

// complete checks the options and sets defaults.
func (o *Options) complete() error {
	if o.Tolerance < 0 || math.IsNaN(o.Tolerance) {
		return fmt.Errorf("the tolerance is %v, it has to be 0 or more", o.Tolerance)
	}
	if o.MaxIterations < 0 || o.Threads < 0 {
		return errors.New("the numbers of iterations and threads have to be 0 or more")
	}
	o.Tolerance, o.MaxIterations = cmp.Or(o.Tolerance, 1e-8), cmp.Or(o.MaxIterations, 100_000)
	return nil
}

package guard

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// Method chooses the distance of knockoffs from their features: the s of Cov(x, x̃) = Σ −
// diag(s), with 2Σ − diag(s) positive semidefinite.
type Method int

const (
	// MVR minimises the trace of the inverse joint covariance (Spector & Janson
	// 2022): no feature can be told from the others and the knockoffs.
	MVR Method = iota
	// SDP maximises the sum of s, by coordinate ascent with a barrier (Askari,
	// Rebjock, d'Aspremont & El Ghaoui 2021).
	SDP
	// Equicorrelated is the same s for all, min(1, 2λ_min).
	Equicorrelated
)

func (m Method) String() string {
	switch m {
	case MVR:
		return "mvr"
	case SDP:
		return "sdp"
	case Equicorrelated:
		return "equicorrelated"
	}
	return fmt.Sprintf("Method(%d)", int(m))
}

// reach bounds the distance s of knockoffs from their features: reach·Σ − diag(s) must be
// positive semidefinite.
func reach(copies int) float64 { return float64(copies+1) / float64(copies) }

// distances is s for a correlation matrix and several knockoffs a feature.
func distances(sigma []float64, p int, method Method, copies int) ([]float64, error) {
	s := make([]float64, p)
	if method == Equicorrelated {
		var eigen mat.EigenSym
		if !eigen.Factorize(mat.NewSymDense(p, sigma), false) {
			return nil, fmt.Errorf("the eigenvalues of the covariance were not found")
		}
		for j := range s {
			s[j] = min(1, reach(copies)*eigen.Values(nil)[0])
		}
		return s, nil
	}
	d := &gap{sigma: sigma, reach: reach(copies), s: s, column: make([]float64, p)}
	if err := d.start(); err != nil {
		return nil, err
	}
	switch method {
	case MVR:
		// Up to a factor the trace is tr (reach·Σ − S)⁻¹ + copies²·tr S⁻¹.
		k := float64(copies)
		return d.s, d.sweeps(50, 1e-4, func(j int) float64 {
			c := d.inverse[j*p : (j+1)*p]
			root := math.Sqrt(f64.Dot(c, c))
			return (k - root*d.s[j]) / (root + k*c[j])
		})
	case SDP:
		barrier := 0.0
		move := func(j int) float64 {
			to := d.s[j] + 1/d.inverse[j*p+j] - barrier
			return max(barrier/100, min(1, to)) - d.s[j]
		}
		for barrier = 0.1; barrier > 1e-4; barrier /= 4 {
			if err := d.sweeps(8, 1e-4, move); err != nil {
				return nil, err
			}
		}
		return d.s, nil
	}
	return nil, fmt.Errorf("unknown method %v for the distances of knockoffs", method)
}

// gap is reach·Σ − diag(s), kept as its inverse while s changes.
type gap struct {
	sigma   []float64
	reach   float64 // 2 for one knockoff a feature
	s       []float64
	inverse []float64 // p×p, symmetric
	column  []float64
}

// start sets an s inside the feasible set: half of a feasible one.
func (g *gap) start() error {
	const smallest = 1e-12
	for s := 1.0; s > smallest; s /= 2 {
		for j := range g.s {
			g.s[j] = s
		}
		if g.invert() == nil {
			for j := range g.s {
				g.s[j] = s / 2
			}
			return g.invert()
		}
	}
	return fmt.Errorf("the covariance of the features is singular or indefinite: leave out columns that follow from others")
}

// invert computes the inverse anew, free of the rounding of updates.
func (g *gap) invert() error {
	p := len(g.s)
	a := make([]float64, p*p)
	for i, v := range g.sigma {
		a[i] = g.reach * v
	}
	for i, s := range g.s {
		a[i*p+i] -= s
	}
	w, err := inverse(a, p)
	if err != nil {
		return fmt.Errorf("the knockoffs are too far from their features: a multiple of Σ less diag(s) is indefinite")
	}
	g.inverse = w
	return nil
}

// sweeps moves one s after the other by move, until a sweep changes none by more than
// tolerance.
func (g *gap) sweeps(most int, tolerance float64, move func(j int) float64) error {
	p := len(g.s)
	for sweep := range most {
		largest := 0.0
		for j := range p {
			delta := move(j)
			diagonal := g.inverse[j*p+j]
			if delta*diagonal > 1-1e-9 {
				delta = (1 - 1e-9) / diagonal
			}
			if math.Abs(delta) < tolerance/100 {
				continue
			}
			largest = max(largest, math.Abs(delta))
			g.s[j] += delta
			copy(g.column, g.inverse[j*p:(j+1)*p])
			factor := delta / (1 - delta*diagonal)
			for i, c := range g.column {
				f64.Axpy(factor*c, g.column, g.inverse[i*p:(i+1)*p])
			}
		}
		if largest <= tolerance {
			break
		}
		if sweep%10 == 9 {
			if err := g.invert(); err != nil {
				return err
			}
		}
	}
	return g.invert()
}

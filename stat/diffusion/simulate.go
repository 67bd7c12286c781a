package diffusion

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// Heat returns e^(−tL), the diffusion of heat over time t ≥ 0. All its entries are
// positive within a component of the graph.
func Heat(g *Graph, t float64) (*mat.Dense, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if !(t >= 0) || math.IsInf(t, 0) {
		return nil, fmt.Errorf("the time of the heat kernel is %v, it has to be 0 or more", t)
	}
	var eig mat.EigenSym
	if !eig.Factorize(g.Laplacian(), true) {
		return nil, errors.New("the eigenvalues of the Laplacian did not converge")
	}
	var v, scaled mat.Dense
	eig.VectorsTo(&v)
	values := eig.Values(nil)
	scaled.Apply(func(_, k int, x float64) float64 { return x * math.Exp(-t*values[k]) }, &v)
	h := new(mat.Dense)
	h.Mul(&scaled, v.T())
	symmetrise(h)
	return h, nil
}

// RandomWalk returns (D⁻¹A)^k, k ≥ 0 steps of averaging over neighbours; a node
// without neighbours keeps its own value.
func RandomWalk(g *Graph, k int) (*mat.Dense, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	p := mat.DenseCopyOf(g.Adjacency())
	for i, d := range g.Degrees() {
		if d == 0 {
			p.Set(i, i, 1)
			continue
		}
		for j := range g.Nodes {
			p.Set(i, j, p.At(i, j)/d)
		}
	}
	return power(p, k)
}

// Consensus returns (I − εL)^k, k ≥ 0 rounds in which nodes move towards their
// neighbours. The values settle for 0 < ε < 1/(largest degree).
func Consensus(g *Graph, epsilon float64, k int) (*mat.Dense, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return nil, fmt.Errorf("the step of consensus is %v, it has to be positive", epsilon)
	}
	l := g.Laplacian()
	l.ScaleSym(-epsilon, l)
	for i := range g.Nodes {
		l.SetSym(i, i, 1+l.At(i, i))
	}
	h, err := power(mat.DenseCopyOf(l), k)
	if err != nil {
		return nil, err
	}
	symmetrise(h)
	return h, nil
}

func power(m *mat.Dense, k int) (*mat.Dense, error) {
	if k < 0 {
		return nil, fmt.Errorf("the number of steps is %d, it has to be 0 or more", k)
	}
	h := new(mat.Dense)
	h.Pow(m, k)
	return h, nil
}

// symmetrise removes the rounding between the triangles.
func symmetrise(m *mat.Dense) {
	n, _ := m.Dims()
	for i := range n {
		for j := range i {
			v := (m.At(i, j) + m.At(j, i)) / 2
			m.Set(i, j, v)
			m.Set(j, i, v)
		}
	}
}

// Simulate draws n signals X with independent standard normal entries and returns
// them with Y = XHᵀ + noise. The noise is normal and the same at all outputs; its
// expected power is the power of XHᵀ in this sample, less decibels dB. +Inf means no
// noise.
func Simulate(h *mat.Dense, n int, decibels float64, rng *rand.Rand) (x, y *mat.Dense, err error) {
	if n < 1 {
		return nil, nil, fmt.Errorf("the number of observations is %d, it has to be 1 or more", n)
	}
	if math.IsNaN(decibels) || math.IsInf(decibels, -1) {
		return nil, nil, fmt.Errorf("the signal-to-noise ratio is %v dB", decibels)
	}
	q, p := h.Dims()
	x = mat.NewDense(n, p, nil)
	data := x.RawMatrix().Data
	for i := range data {
		data[i] = rng.NormFloat64()
	}
	y = mat.NewDense(n, q, nil)
	y.Mul(x, h.T())
	if math.IsInf(decibels, 1) {
		return x, y, nil
	}
	out := y.RawMatrix().Data
	sigma := math.Sqrt(f64.Dot(out, out) / float64(len(out)) * math.Pow(10, -decibels/10))
	for i := range out {
		out[i] += sigma * rng.NormFloat64()
	}
	return x, y, nil
}

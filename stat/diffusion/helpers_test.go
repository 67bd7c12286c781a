package diffusion

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func gaussian(n, p int, rng *rand.Rand) *mat.Dense {
	m := mat.NewDense(n, p, nil)
	for i := range n {
		for j := range p {
			m.Set(i, j, rng.NormFloat64())
		}
	}
	return m
}

// orthonormal has XᵀX = nI.
func orthonormal(n, p int, rng *rand.Rand) *mat.Dense {
	var qr mat.QR
	qr.Factorize(gaussian(n, p, rng))
	var q mat.Dense
	qr.QTo(&q)
	x := mat.DenseCopyOf(q.Slice(0, n, 0, p))
	x.Scale(math.Sqrt(float64(n)), x)
	return x
}

func consensusOf(t *testing.T, g *Graph) *mat.Dense {
	t.Helper()
	var most float64
	for _, d := range g.Degrees() {
		most = max(most, d)
	}
	h, err := Consensus(g, 1/(most+1), 1)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// sample is a small recoverable problem.
func sample(t *testing.T, p, n int, seed uint64) (Problem, *mat.Dense) {
	t.Helper()
	rng := newRand(seed)
	g, err := ErdosRenyi(p, 0.2, rng)
	if err != nil {
		t.Fatal(err)
	}
	h := consensusOf(t, g)
	x, y, err := Simulate(h, n, 15, rng)
	if err != nil {
		t.Fatal(err)
	}
	return Problem{X: x, Y: y}, h
}

func soft(z, lambda float64) float64 {
	return math.Copysign(max(0, math.Abs(z)-lambda), z)
}

// correlations are (Y − 1bᵀ − XHᵀ)ᵀX/n, and the loss, straight from the data.
func correlations(p Problem, m *Model) (*mat.Dense, float64) {
	r, err := m.Predict(p.X)
	if err != nil {
		panic(err)
	}
	r.Sub(p.Y, r)
	n, _ := p.X.Dims()
	var c mat.Dense
	c.Mul(r.T(), p.X)
	c.Scale(1/float64(n), &c)
	loss := mat.Norm(r, 2)
	return &c, loss * loss / float64(2*n)
}

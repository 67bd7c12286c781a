package graphical

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// randomProblem has up to 40 variables, more or fewer observations, any penalty.
func randomProblem(t *testing.T, seed uint64) (*Covariance, Penalty) {
	r := rand.New(rand.NewPCG(seed, 7))
	p := 2 + r.IntN(39)
	c := sampled(t, r, 3+r.IntN(80), p, r.IntN(4))
	if r.IntN(2) == 0 {
		c = c.Correlation()
	}
	pen := Penalty{Diagonal: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		pen.Weights = make([]float64, p*p)
		for i := range p {
			for j := range i + 1 {
				w := 0.5 + r.Float64()
				if r.IntN(10) == 0 && i != j {
					w = math.Inf(1)
				}
				pen.Weights[i*p+j], pen.Weights[j*p+i] = w, w
			}
		}
	}
	top, err := LambdaMax(c, pen)
	if err != nil {
		t.Fatal(err)
	}
	pen.Lambda = top * math.Pow(0.02+0.98*r.Float64(), 2)
	return c, pen
}

func TestRandomProblemsAreOptimal(t *testing.T) {
	for seed := range uint64(80) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c, pen := randomProblem(t, seed)
			n := mustFit(t, c, pen, Options{Tolerance: 1e-12})
			checkOptimal(t, c, pen, n, 1e-5)
		})
	}
}

// slow is proximal gradient descent with backtracking on Θ (Rolfs et al. 2012), in gonum,
// until it stands still.
func slow(c *Covariance, pen Penalty) float64 {
	p := c.P()
	s := stored(c)
	theta := mat.NewSymDense(p, nil)
	for i := range p {
		theta.SetSym(i, i, 1/(s.At(i, i)+pen.at(i, i, p)))
	}
	f, step := objectiveOf(c, pen, theta), 1.0
	var chol mat.Cholesky
	var w mat.SymDense
	for still := 0; still < 20; {
		chol.Factorize(theta)
		if err := chol.InverseTo(&w); err != nil {
			panic(err)
		}
		next := mat.NewSymDense(p, nil)
		for {
			square, linear := 0.0, 0.0
			for i := range p {
				for j := range i + 1 {
					g := s.At(i, j) - w.At(i, j)
					v := soft(theta.At(i, j)-step*g, step*pen.at(i, j, p))
					next.SetSym(i, j, v)
					d, twice := v-theta.At(i, j), 2.0
					if i == j {
						twice = 1
					}
					square += twice * d * d
					linear += twice * g * d
				}
			}
			smooth := objectiveOf(c, Penalty{}, next)
			if smooth <= objectiveOf(c, Penalty{}, theta)+linear+square/(2*step)+1e-13 {
				break
			}
			step /= 2
		}
		g := objectiveOf(c, pen, next)
		if f-g < 1e-14 {
			still++
		} else {
			still = 0
		}
		theta, f = next, min(f, g)
		step *= 1.5
	}
	return f
}

func TestAgreesWithSlowSolver(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 8))
		p := 2 + r.IntN(7)
		c := sampled(t, r, 10+r.IntN(40), p, 2).Correlation()
		pen := Penalty{Lambda: 0.05 + 0.3*r.Float64(), Diagonal: seed%2 == 0}
		if seed%3 == 0 {
			pen.Weights = make([]float64, p*p)
			for i := range p {
				for j := range i + 1 {
					w := 0.5 + r.Float64()
					pen.Weights[i*p+j], pen.Weights[j*p+i] = w, w
				}
			}
		}
		n := mustFit(t, c, pen, Options{})
		want := slow(c, pen)
		near(t, fmt.Sprintf("objective of problem %d", seed), n.Objective, want, 1e-9)
	}
}

// Each of the two methods alone reaches the same optimum.
func TestDescentAndNewtonAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, links := range []int{1, 3} {
		c := sampled(t, r, 100, 60, links).Correlation()
		pen := Penalty{Lambda: 0.1}
		b := newBlock(c, pen, upTo(60))
		newton := b.begin(nil)
		b.newton(newton, 1e-9, 500)
		if newton.gap > 1e-9 {
			t.Errorf("Newton steps alone: gap %v", newton.gap)
		}
		descent := b.begin(nil)
		descent.invert(b)
		b.descend(descent, 1e-9, 500)
		if descent.gap > 1e-9 {
			t.Errorf("descent alone: gap %v", descent.gap)
		}
		near(t, "objective", descent.f, newton.f, descent.gap+1e-9)
	}
}

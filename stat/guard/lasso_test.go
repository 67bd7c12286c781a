package guard

import (
	"flag"
	"math"
	"math/rand/v2"

	"pare/internal/f64"
)

var long = flag.Bool("long", false, "simulations of full size")

// lassoPath is a plain coordinate descent with an intercept: the tests need
// some solver, of small problems.
func lassoPath(x Matrix, y []float64, lambdas []float64) ([][]float64, error) {
	n := float64(x.Rows)
	beta, square, r := make([]float64, x.Cols), make([]float64, x.Cols), make([]float64, x.Rows)
	mean, _ := moments(y)
	for i, v := range y {
		r[i] = v - mean
	}
	centre := make([]float64, x.Cols)
	for j := range square {
		m, s := moments(x.Column(j))
		centre[j], square[j] = m, s*s
	}
	update := func(j int, lambda float64) float64 {
		if square[j] == 0 {
			return 0
		}
		// r has mean 0, so the centre of x need not be subtracted here.
		g := x.Dot(j, r)/n + square[j]*beta[j]
		b := math.Copysign(max(0, math.Abs(g)-lambda), g) / square[j]
		d := b - beta[j]
		if d != 0 {
			for i, v := range x.Column(j) {
				r[i] -= d * (v - centre[j])
			}
			beta[j] = b
		}
		return math.Abs(d) * math.Sqrt(square[j])
	}
	var out [][]float64
	var active []int
	for _, lambda := range lambdas {
		for range 1000 {
			active = active[:0]
			largest := 0.0
			for j := range beta {
				largest = max(largest, update(j, lambda))
				if beta[j] != 0 {
					active = append(active, j)
				}
			}
			if largest < 1e-5 {
				break
			}
			for range 100 {
				inner := 0.0
				for _, j := range active {
					inner = max(inner, update(j, lambda))
				}
				if inner < 1e-5 {
					break
				}
			}
		}
		out = append(out, append([]float64(nil), beta...))
	}
	return out, nil
}

// lassoAt fits at a share of the largest λ.
func lassoAt(share float64) Importance {
	return func(x Matrix, y []float64, _ *rand.Rand) ([]float64, error) {
		lambdas, err := falling(x, y, 10, share)
		if err != nil {
			return nil, err
		}
		path, err := lassoPath(x, y, lambdas)
		if err != nil {
			return nil, err
		}
		return path[len(path)-1], nil
	}
}

// autoregressive draws rows whose neighbours have correlation rho.
func autoregressive(n, p int, rho float64, rng *rand.Rand) Matrix {
	x := NewMatrix(n, p)
	for j := range p {
		for i := range n {
			v := rng.NormFloat64()
			if j > 0 {
				v = rho*x.Data[(j-1)*n+i] + math.Sqrt(1-rho*rho)*v
			}
			x.Data[j*n+i] = v
		}
	}
	return x
}

func autoregressiveGaussian(p int, rho float64) *Gaussian {
	g := &Gaussian{Mean: make([]float64, p), Covariance: make([]float64, p*p)}
	for i := range p {
		for j := range p {
			g.Covariance[i*p+j] = math.Pow(rho, math.Abs(float64(i-j)))
		}
	}
	return g
}

// planted is y of every step-th column with random signs, and noise.
func planted(x Matrix, step int, size float64, rng *rand.Rand) []float64 {
	y := make([]float64, x.Rows)
	for i := range y {
		y[i] = 3 + rng.NormFloat64()
	}
	for j := 0; j < x.Cols; j += step {
		b := size
		if rng.Uint64()&1 == 1 {
			b = -size
		}
		f64.Axpy(b, x.Column(j), y)
	}
	return y
}

// rates are the false discovery proportion and the power of a guard.
func rates(selected []int, p, step int) (fdp, power float64) {
	right := 0
	for _, j := range selected {
		if j%step == 0 {
			right++
		}
	}
	return float64(len(selected)-right) / float64(max(1, len(selected))), float64(right) / float64((p+step-1)/step)
}

// meanAndError are the mean of values and its standard error.
func meanAndError(v []float64) (mean, se float64) {
	mean, scale := moments(v)
	return mean, scale / math.Sqrt(float64(len(v)-1))
}

// coefficientDifference is |β of the feature| − |β of its knockoff|.
func coefficientDifference(fit Importance) Statistic {
	return Difference(func(x Matrix, y []float64, rng *rand.Rand) ([]float64, error) {
		beta, err := fit(x, y, rng)
		for j, b := range beta {
			beta[j] = math.Abs(b)
		}
		return beta, err
	})
}

package certify

import (
	"context"
	"math"

	"pare/attack"
	"pare/internal/dense"
	"pare/internal/kernel/parallel"
)

// Margins that shrink with the product of operator norms.

// Norms are the Lipschitz bounds of a network in one norm.
type Norms struct {
	// Layers has, for each node, a bound on how far its values move where the input moves by one
	// unit of the data: a product of operator norms along a path, sums where paths meet.
	Layers []float64
	norm   attack.Norm
	pairs  [][]float64 // of the differences of two outputs
}

// Lipschitz bounds how fast the values of a network change with its input in a norm; scale is the
// number of units of the data in one of the network's, of each channel.
func (c *Network) Lipschitz(n attack.Norm, scale []float64) Norms {
	input := 0.0
	for _, s := range scale {
		input = max(input, 1/s)
	}
	l := Norms{Layers: make([]float64, len(c.nodes)), norm: n}
	before := make([][]float64, len(c.nodes))
	for i, node := range c.nodes {
		for _, j := range node.inputs {
			if j == len(c.nodes) {
				before[i] = append(before[i], input)
			} else {
				before[i] = append(before[i], l.Layers[j])
			}
		}
		l.Layers[i] = node.lipschitz(n, before[i])
	}
	last := len(c.nodes) - 1
	outputs := c.sizes[last]
	o, weighted := c.nodes[last].operation.(*weightedSums)
	l.pairs = make([][]float64, outputs)
	for a := range outputs {
		l.pairs[a] = make([]float64, outputs)
		for b := range outputs {
			switch {
			case a == b:
			case weighted && o.Groups == 1: // ‖w_a − w_b‖ in the dual norm
				l.pairs[a][b] = o.difference(n, a, b) * before[last][0]
			case n == attack.Linf:
				l.pairs[a][b] = 2 * l.Layers[last]
			default:
				l.pairs[a][b] = math.Sqrt2 * l.Layers[last]
			}
		}
	}
	return l
}

// Radii are, for n examples, lower bounds on the distance, in units of the data, to the nearest input
// that gets another class: 0 where the class is not the decision, or no bound shows that it is. example
// returns the region of one at a size of perturbations, and its class; several goroutines call it at once.
//
// Outputs of float32 move by rounding as well, for which a radius makes room by the largest effect that
// rounding has within it. No radius is above attack.LargestEps.
func (c *Network) Radii(ctx context.Context, l Norms, n int, example func(i int, eps float64) (Region, int)) ([]float64, error) {
	out := make([]float64, n)
	works := parallel.PerWorker[*work](nil)
	parallel.Workers(min(parallel.Threads(), n), n, func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		if works[worker] == nil {
			works[worker] = c.newWork()
		}
		out[i] = works[worker].radius(l, func(eps float64) (Region, int) { return example(i, eps) })
	})
	return out, ctx.Err()
}

func (w *work) radius(l Norms, at func(eps float64) (Region, int)) float64 {
	r, class := at(0)
	low, high := w.outputs(&r, IBP)
	radius, best := min(l.radius(low, high, class, 0), attack.LargestEps), 0.0
	for range 8 { // once for most networks: rounding takes little of the radius
		if radius == 0 {
			break
		}
		r, _ = at(radius)
		w.start(&r, false)
		left := l.radius(low, high, class, w.drift(l.norm))
		best = max(best, min(radius, left))
		if left > radius/2 {
			break
		}
		radius /= 4
	}
	return best
}

// radius is the distance at which margins between bounds of the outputs, less twice the drift, may be gone.
func (l Norms) radius(low, high []float64, class int, drift float64) float64 {
	radius := math.Inf(1)
	for b := range low {
		if b != class {
			radius = min(radius, max(0, low[class]-high[b]-2*drift)/l.pairs[class][b])
		}
	}
	if math.IsNaN(radius) { // 0 of infinity, or of 0
		return 0
	}
	return radius * (1 - 1e-12)
}

// drift bounds how far rounding moves an output of a point of the region from its exact value, where start
// has bounded all values: each operation adds its own and passes on the drift of its inputs.
func (w *work) drift(n attack.Norm) float64 {
	input := len(w.c.nodes)
	drifts := make([]float64, input+1)
	drifts[input] = length(n, w.region.rounding)
	for i := range w.c.nodes {
		node := &w.c.nodes[i]
		in := make([]float64, len(node.inputs))
		for k, j := range node.inputs {
			in[k] = drifts[j]
		}
		drifts[i] = node.lipschitz(n, in) + length(n, w.boxes[i].rounding)
	}
	return drifts[input-1]
}

// length is the norm of a vector.
func length(n attack.Norm, v []float64) float64 {
	most, squares := 0.0, 0.0
	for _, x := range v {
		most, squares = max(most, math.Abs(x)), squares+x*x
	}
	if n == attack.L2 {
		return math.Sqrt(squares)
	}
	return most
}

// difference is the dual norm of the difference of the weights of two outputs.
func (o *weightedSums) difference(n attack.Norm, a, b int) float64 {
	sum := 0.0
	for k := range o.Terms {
		d := math.Abs(o.w[k*o.outs+a] - o.w[k*o.outs+b])
		if n == attack.L2 {
			d *= d
		}
		sum += d
	}
	if n == attack.L2 {
		sum = math.Sqrt(sum)
	}
	return sum * (1 + 1e-12)
}

func (o *weightedSums) lipschitz(n attack.Norm, in []float64) float64 {
	rows, columns := o.absoluteSums()
	if n == attack.Linf {
		return rows * in[0] * (1 + 1e-12)
	}
	return min(math.Sqrt(rows*columns), o.spectral()) * in[0] * (1 + 1e-12)
}

// absoluteSums are the largest sum of the absolute weights of an output, the operator norm from ℓ∞ to
// ℓ∞, and of an input, that from ℓ1 to ℓ1. At the border of an image fewer weights count.
func (o *weightedSums) absoluteSums() (rows, columns float64) {
	row, column := make([]float64, o.outs), make([]float64, o.Inputs*o.Groups)
	per := o.outs / o.Groups
	for i := range o.Inputs {
		for u := range o.outs {
			v := o.channels[i*o.outs+u]
			row[u] += v
			column[u/per*o.Inputs+i] += v
		}
	}
	for _, v := range row {
		rows = max(rows, v)
	}
	for _, v := range column {
		columns = max(columns, v)
	}
	return rows, columns
}

// spectralWork bounds the multiplications that a spectral norm may take.
const spectralWork = 1 << 33

// spectral bounds the operator norm from ℓ2 to ℓ2; infinite where it would take too long.
//
// A convolution, with any stride, dilation and zero padding, picks rows and columns of one on the
// whole plane, whose norm is the largest one of the matrices Σ over taps t of W[t]·exp(i·ω·t) over
// all frequencies ω. They are taken on a grid; between its points a function of taps 0 to k − 1
// exceeds them by a factor of at most 1/cos(π(k−1)/2N) on each axis (Duffin & Schaeffer 1938).
func (o *weightedSums) spectral() float64 {
	per := o.outs / o.Groups
	grid, between, points := make([]int, len(o.axes)), 1.0, 1
	for a, k := range o.axes {
		grid[a] = 1
		if k > 1 {
			grid[a] = 8 * k
			between /= math.Cos(math.Pi * float64(k-1) / float64(2*grid[a]))
		}
		points *= grid[a]
	}
	small, large := min(per, o.Inputs), max(per, o.Inputs)
	if cost := float64(points*o.Groups) * float64(small) * float64(small) * float64(large+gramSteps*small) * 2; cost > spectralWork {
		return math.Inf(1)
	}
	norm := 0.0
	taps := o.Terms / o.Inputs
	real, imaginary := make([]float64, o.Inputs*per), make([]float64, o.Inputs*per)
	for g := range o.Groups {
		for p := range points {
			if conjugate := mirrored(p, grid); conjugate < p {
				continue // the matrix is the conjugate of one before
			}
			clear(real)
			clear(imaginary)
			for t := range taps {
				angle, rest, place := 0.0, t, p
				for a := len(grid) - 1; a >= 0; a-- {
					angle += 2 * math.Pi * float64(place%grid[a]) / float64(grid[a]) * float64(rest%o.axes[a])
					place, rest = place/grid[a], rest/o.axes[a]
				}
				sin, cos := math.Sincos(angle)
				for i := range o.Inputs {
					for u := range per {
						w := o.w[(t*o.Inputs+i)*o.outs+g*per+u]
						real[i*per+u] += cos * w
						imaginary[i*per+u] += sin * w
					}
				}
			}
			norm = max(norm, complexNorm(real, imaginary, o.Inputs, per))
		}
	}
	return norm * between
}

// mirrored is the place of the frequencies −ω on a grid.
func mirrored(p int, grid []int) int {
	out, step := 0, 1
	for a := len(grid) - 1; a >= 0; a-- {
		out += (grid[a] - p%grid[a]) % grid[a] * step
		p, step = p/grid[a], step*grid[a]
	}
	return out
}

// gramSteps is the number of squarings of a Gram matrix. The norm is then too large by a factor of
// at most n^(1/2¹⁰) for n rows, 1.007 for 1,000.
const gramSteps = 8

// complexNorm bounds the spectral norm of a matrix [m, n] from above: the root of the norm of G,
// where ‖G‖ ≤ ‖G^(2^k)‖_F^(1/2^k) for its Gram matrix G (Delattre et al. 2023).
func complexNorm(real, imaginary []float64, m, n int) float64 {
	a, b := dense.Matrix{Data: real, Stride: n}, dense.Matrix{Data: imaginary, Stride: n}
	k, s := n, m
	if n < m {
		a, b, k, s = a.T(), b.T(), m, n
	}
	// G = (A + iB)(A + iB)ᴴ has the real part AAᵀ + BBᵀ, and the imaginary part BAᵀ − ABᵀ.
	re, im := make([]float64, s*s), make([]float64, s*s)
	dense.Multiply(re, s, 1, a, a.T(), s, s, k, 0)
	dense.Multiply(re, s, 1, b, b.T(), s, s, k, 0)
	dense.Multiply(im, s, 1, b, a.T(), s, s, k, 0)
	dense.Multiply(im, s, -1, a, b.T(), s, s, k, 0)
	logarithm, power := 0.0, 1.0 // ‖G‖ ≤ exp(logarithm/power)·‖G now‖^(1/power)
	for step := 0; ; step++ {
		norm := 0.0
		for i := range re {
			norm += re[i]*re[i] + im[i]*im[i]
		}
		norm = math.Sqrt(norm)
		if norm == 0 {
			return 0
		}
		if step == gramSteps {
			return math.Exp((logarithm+math.Log(norm))/power/2) * (1 + 1e-10)
		}
		for i := range re {
			re[i] /= norm
			im[i] /= norm
		}
		logarithm, power = 2*(logarithm+math.Log(norm)), 2*power
		// The square of a Hermitian matrix R + iS is RR − SS + i(RS + SR).
		r, i := dense.Matrix{Data: re, Stride: s}, dense.Matrix{Data: im, Stride: s}
		re2, im2 := make([]float64, s*s), make([]float64, s*s)
		dense.Multiply(re2, s, 1, r, r, s, s, s, 0)
		dense.Multiply(re2, s, -1, i, i, s, s, s, 0)
		dense.Multiply(im2, s, 1, r, i, s, s, s, 0)
		dense.Multiply(im2, s, 1, i, r, s, s, s, 0)
		re, im = re2, im2
	}
}

func (o *combination) lipschitz(n attack.Norm, in []float64) float64 {
	if n == attack.Linf {
		most := 0.0
		for i := range o.shift {
			sum := 0.0
			for _, t := range o.terms[o.start[i]:o.start[i+1]] {
				sum += math.Abs(t.factor) * in[t.input]
			}
			most = max(most, sum)
		}
		return most * (1 + 1e-12)
	}
	// Of each input, ‖A‖₂ ≤ √(‖A‖₁‖A‖∞).
	rows, columns := make([]float64, len(in)), make([]map[int32]float64, len(in))
	apart := true // every output reads one input
	for k := range columns {
		columns[k] = map[int32]float64{}
	}
	for i := range o.shift {
		sums := make([]float64, len(in))
		terms := o.terms[o.start[i]:o.start[i+1]]
		for _, t := range terms {
			sums[t.input] += math.Abs(t.factor)
			columns[t.input][t.place] += math.Abs(t.factor)
			apart = apart && t.input == terms[0].input
		}
		for k, v := range sums {
			rows[k] = max(rows[k], v)
		}
	}
	sum, squares := 0.0, 0.0
	for k := range in {
		column := 0.0
		for _, v := range columns[k] {
			column = max(column, v)
		}
		v := math.Sqrt(rows[k]*column) * in[k]
		sum += v
		squares += v * v
	}
	if apart {
		sum = math.Sqrt(squares)
	}
	return sum * (1 + 1e-12)
}

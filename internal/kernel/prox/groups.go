package prox

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// Norms of groups of weights and the factors that shrink them. Squares and
// absolute values are summed in float64, for a penalty decides by them which groups
// become zero. A matrix is given as rows of n values without padding.

// reduceChunk is the number of values per partial sum. Changing it changes results in
// the last bits.
const reduceChunk = 32 << 10

// groups are the operands of a pass over the rows of a matrix.
type groups struct {
	w, factor []float32
	n         int
	sums      []float64
	sum       func([]float32) float64
}

var groupLoop parallel.Loop[groups]

// SumSquares returns Σ w².
func SumSquares(w []float32) float64 { return total(w, sumSquares) }

// SumAbs returns Σ |w|.
func SumAbs(w []float32) float64 { return total(w, sumAbs) }

// total adds up the sums of the chunks of w.
func total(w []float32, sum func([]float32) float64) float64 {
	part := vector.Float64s.Get((len(w) + reduceChunk - 1) / reduceChunk)
	groupLoop.Do(len(w), reduceChunk, groups{w: w, sums: *part, sum: sum}, func(g *groups, lo, hi, task int) {
		g.sums[task] = g.sum(g.w[lo:hi])
	})
	all := 0.0
	for _, v := range *part {
		all += v
	}
	vector.Float64s.Put(part)
	return all
}

// RowSquares sets sums[r] = Σ_i w[r,i]².
func RowSquares(sums []float64, w []float32, n int) {
	groupLoop.Do(len(sums), parallel.Rows(n), groups{w: w[:len(sums)*n], n: n, sums: sums}, func(g *groups, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			g.sums[r] = sumSquares(g.w[r*g.n : (r+1)*g.n])
		}
	})
}

// ColumnSquares sets sums[i] = Σ_r w[r,i]².
func ColumnSquares(sums []float64, w []float32) {
	n := len(sums)
	rows, step := len(w)/n, parallel.Rows(n)
	part := vector.Float64s.Get(max(1, (rows+step-1)/step) * n)
	clear(*part)
	groupLoop.Do(rows, step, groups{w: w[:rows*n], n: n, sums: *part}, func(g *groups, lo, hi, task int) {
		addColumnSquares(g.sums[task*g.n:][:g.n], g.w[lo*g.n:hi*g.n])
	})
	clear(sums)
	for rest := *part; len(rest) > 0; rest = rest[n:] {
		for i, v := range rest[:n] {
			sums[i] += v
		}
	}
	vector.Float64s.Put(part)
}

// ScaleRows multiplies row r of w by factor[r]. A row with factor 0 becomes +0, even if it
// holds NaN; a row with factor 1 is not touched.
func ScaleRows(w, factor []float32, n int) {
	groupLoop.Do(len(factor), parallel.Rows(n), groups{w: w[:len(factor)*n], factor: factor, n: n}, func(g *groups, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			switch row := g.w[r*g.n : (r+1)*g.n]; g.factor[r] {
			case 0:
				clear(row)
			case 1:
			default:
				vector.ScaleSlice(row, row, g.factor[r])
			}
		}
	})
}

// ScaleColumns multiplies column i of w by factor[i]; a factor of 0 gives +0.
func ScaleColumns(w, factor []float32) {
	n := len(factor)
	rows := len(w) / n
	groupLoop.Do(rows, parallel.Rows(n), groups{w: w[:rows*n], factor: factor, n: n}, func(g *groups, lo, hi, _ int) {
		scaleColumns(g.w[lo*g.n:hi*g.n], g.factor)
	})
}

func sumSquares(w []float32) float64 {
	i, sum := simd.Whole(len(w), 16), 0.0
	if simd.AVX2 && i > 0 {
		sum = sumSquaresAVX2(&w[0], i)
	}
	for ; i < len(w); i++ {
		sum += float64(w[i]) * float64(w[i])
	}
	return sum
}

func sumAbs(w []float32) float64 {
	i, sum := simd.Whole(len(w), 16), 0.0
	if simd.AVX2 && i > 0 {
		sum = sumAbsAVX2(&w[0], i)
	}
	for ; i < len(w); i++ {
		v := float64(w[i])
		if v < 0 {
			v = -v
		}
		sum += v
	}
	return sum
}

// addColumnSquares adds the squares of whole rows to the sums of the columns.
func addColumnSquares(sums []float64, w []float32) {
	n := len(sums)
	rows := len(w) / n
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 && rows > 0 {
		addColumnSquaresAVX2(&sums[0], &w[0], rows, i, n)
	}
	for ; len(w) > 0 && i < n; w = w[n:] {
		for k := i; k < n; k++ {
			sums[k] += float64(w[k]) * float64(w[k])
		}
	}
}

// scaleColumns scales whole rows. Adding 0 turns the −0 of a product into +0.
func scaleColumns(w, factor []float32) {
	n := len(factor)
	rows := len(w) / n
	i := simd.Whole(n, 8)
	if simd.AVX2 && i > 0 && rows > 0 {
		scaleColumnsAVX2(&w[0], &factor[0], rows, i, n)
	}
	for ; len(w) > 0 && i < n; w = w[n:] {
		for k := i; k < n; k++ {
			w[k] = w[k]*factor[k] + 0
		}
	}
}

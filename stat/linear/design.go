package linear

import (
	"fmt"
	"math"

	"pare/internal/f64"
	"pare/internal/kernel/parallel"
)

// Design is a matrix whose columns are features. Dense, Sparse and Interactions
// implement it; another implementation works through these three methods.
// Methods may be called from several goroutines at once.
type Design interface {
	// Dims returns how many observations and features there are.
	Dims() (n, p int)
	// Dot returns xⱼᵀv; v has length n.
	Dot(j int, v []float64) float64
	// AddTo adds a·xⱼ to v.
	AddTo(v []float64, j int, a float64)
}

// bulk is a design that works on many columns at once.
type bulk interface {
	Design
	// moments sets the means Σ vᵢxᵢⱼ and variances Σ vᵢ(xᵢⱼ−mean)² of all columns;
	// v sums to one. A variance that is rounding is zero.
	moments(v, mean, variance []float64, threads int)
	// dots sets out[j] = xⱼᵀu where need[j].
	dots(u []float64, need []bool, out []float64, threads int)
	// column writes column j to dst.
	column(j int, dst []float64)
}

// inRanges calls f for the ranges of size items, the last one of fewer, that n items make.
// They must not depend on each other: the order and the goroutines are open.
func inRanges(n, size, threads int, f func(from, to int)) {
	parallel.Of(threads, (n+size-1)/size, func(k int) { f(size*k, min(n, size*(k+1))) })
}

// sharing is the number of threads for work that pays for a second one from least on.
func sharing(threads, work, least int) int {
	if work < least {
		return 1
	}
	return threads
}

// plain is a bulk of any design.
type plain struct{ Design }

func (d plain) column(j int, dst []float64) {
	clear(dst)
	d.AddTo(dst, j, 1)
}

func (d plain) moments(v, mean, variance []float64, threads int) {
	n, p := d.Dims()
	inRanges(p, 64, threads, func(from, to int) {
		x := make([]float64, n)
		for j := from; j < to; j++ {
			d.column(j, x)
			mean[j], variance[j] = momentsOf(x, v)
		}
	})
}

func (d plain) dots(u []float64, need []bool, out []float64, threads int) {
	inRanges(len(need), 64, threads, func(from, to int) {
		for j := from; j < to; j++ {
			if need[j] {
				out[j] = d.Dot(j, u)
			}
		}
	})
}

// rounding bounds the computed variance of a constant column whose mean of squares is one.
const rounding = 1e-26

// momentsOf returns mean and variance of x with weights v.
func momentsOf(x, v []float64) (mean, variance float64) {
	first, square := x[0], 0.0
	for i, w := range v {
		mean += w * (x[i] - first)
	}
	shift := mean
	mean += first
	for i, w := range v {
		d := x[i] - first - shift
		variance += w * d * d
		square += w * x[i] * x[i]
	}
	if variance <= rounding*square {
		variance = 0
	}
	return mean, variance
}

// Dense is a design in memory, column after column.
type Dense struct {
	n, p int
	data []float64
}

// NewDense makes a design of p columns with n values each. It keeps columnMajor,
// which must not change while the design is used. A cell that is NaN or infinite
// is an error that names its row and column, from zero.
func NewDense(n, p int, columnMajor []float64) (*Dense, error) {
	if n < 0 || p < 0 || len(columnMajor) != n*p {
		return nil, fmt.Errorf("linear: %d values for %d rows and %d columns", len(columnMajor), n, p)
	}
	for i, v := range columnMajor {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("linear: row %d, column %d is %v", i%n, i/n, v)
		}
	}
	return &Dense{n, p, columnMajor}, nil
}

// NewDenseRows makes a design from rows of equal length, which it copies.
func NewDenseRows(rows [][]float64) (*Dense, error) {
	n := len(rows)
	if n == 0 {
		return nil, fmt.Errorf("linear: no rows")
	}
	p := len(rows[0])
	data := make([]float64, n*p)
	for i, row := range rows {
		if len(row) != p {
			return nil, fmt.Errorf("linear: row %d has %d columns, the first one %d", i, len(row), p)
		}
		for j, v := range row {
			data[j*n+i] = v
		}
	}
	return NewDense(n, p, data)
}

// Dims implements Design.
func (d *Dense) Dims() (n, p int) { return d.n, d.p }

// Column returns the values of column j, not a copy.
func (d *Dense) Column(j int) []float64 { return d.data[j*d.n : (j+1)*d.n : (j+1)*d.n] }

// Dot implements Design.
func (d *Dense) Dot(j int, v []float64) float64 { return f64.Dot(d.Column(j), v) }

// AddTo implements Design.
func (d *Dense) AddTo(v []float64, j int, a float64) { f64.Axpy(a, d.Column(j), v) }

func (d *Dense) column(j int, dst []float64) { copy(dst, d.Column(j)) }

// denseChunk is how many columns of n values one task takes: about a quarter
// of a million values, beside which starting it costs nothing.
func denseChunk(n int) int { return max(8, 1<<18/max(n, 1)) }

func (d *Dense) moments(v, mean, variance []float64, threads int) {
	inRanges(d.p, denseChunk(d.n)/4, threads, func(from, to int) {
		centred, weighted := make([]float64, d.n), make([]float64, d.n)
		for j := from; j < to; j++ {
			mean[j], variance[j] = denseMoments(d.Column(j), v, centred, weighted)
		}
	})
}

// denseMoments is momentsOf through kernels, for weights that sum to one. It writes to centred
// and weighted.
func denseMoments(x, v, centred, weighted []float64) (mean, variance float64) {
	mean = f64.Dot(x, v)
	for i := range centred {
		centred[i] = x[i] - mean
	}
	f64.Mul(weighted, centred, v)
	variance = f64.Dot(centred, weighted)
	if variance <= 1e-10*mean*mean {
		return momentsOf(x, v)
	}
	return mean, variance
}

func (d *Dense) dots(u []float64, need []bool, out []float64, threads int) {
	inRanges(d.p, denseChunk(d.n), threads, func(from, to int) {
		var wait [4]int
		waiting := 0
		for j := from; j < to; j++ {
			if !need[j] {
				continue
			}
			wait[waiting] = j
			if waiting++; waiting == 4 {
				s := f64.Dot4(u, d.Column(wait[0]), d.Column(wait[1]), d.Column(wait[2]), d.Column(wait[3]))
				for i, j := range wait {
					out[j] = s[i]
				}
				waiting = 0
			}
		}
		for _, j := range wait[:waiting] {
			out[j] = f64.Dot(d.Column(j), u)
		}
	})
}

// Sparse is a design in compressed sparse columns. It is centred and scaled
// without ever being filled.
type Sparse struct {
	n, p  int
	start []int
	row   []int32
	value []float64
}

// NewSparse makes a design of p columns: column j has value[start[j]:start[j+1]] in
// the rows row[start[j]:start[j+1]], which ascend. It keeps start and value, and row if it
// is of int32.
func NewSparse[R int | int32](n, p int, start []int, row []R, value []float64) (*Sparse, error) {
	switch {
	case n < 0 || p < 0 || n > math.MaxInt32:
		return nil, fmt.Errorf("linear: %d rows and %d columns", n, p)
	case len(start) != p+1 || start[0] != 0 || start[p] != len(value) || len(row) != len(value):
		return nil, fmt.Errorf("linear: %d columns need %d starts that end with the %d values, and as many rows as values",
			p, p+1, len(value))
	}
	rows, kept := any(row).([]int32)
	if !kept {
		rows = make([]int32, len(row))
	}
	for j := range p {
		if start[j] > start[j+1] {
			return nil, fmt.Errorf("linear: column %d ends before it starts", j)
		}
		for k := start[j]; k < start[j+1]; k++ {
			if row[k] < 0 || int(row[k]) >= n || k > start[j] && row[k] <= row[k-1] {
				return nil, fmt.Errorf("linear: rows of column %d do not ascend within 0 to %d", j, n-1)
			}
			if math.IsNaN(value[k]) || math.IsInf(value[k], 0) {
				return nil, fmt.Errorf("linear: row %d, column %d is %v", row[k], j, value[k])
			}
			if !kept {
				rows[k] = int32(row[k])
			}
		}
	}
	return &Sparse{n, p, start, rows, value}, nil
}

// Dims implements Design.
func (s *Sparse) Dims() (n, p int) { return s.n, s.p }

func (s *Sparse) entries(j int) ([]int32, []float64) {
	from, to := s.start[j], s.start[j+1]
	return s.row[from:to], s.value[from:to]
}

// Dot implements Design.
func (s *Sparse) Dot(j int, v []float64) float64 {
	var sum [1]float64
	f64.GatherDots(sum[:], s.start[j:j+2], s.row, s.value, v[:s.n])
	return sum[0]
}

// AddTo implements Design.
func (s *Sparse) AddTo(v []float64, j int, a float64) {
	rows, values := s.entries(j)
	for k, i := range rows {
		v[i] += a * values[k]
	}
}

func (s *Sparse) column(j int, dst []float64) {
	clear(dst)
	s.AddTo(dst, j, 1)
}

// sparseChunk is how many columns one task takes.
const sparseChunk = 4096

func (s *Sparse) moments(v, mean, variance []float64, threads int) {
	inRanges(s.p, sparseChunk, threads, func(from, to int) {
		for j := from; j < to; j++ {
			rows, values := s.entries(j)
			m, filled, square := 0.0, 0.0, 0.0
			for k, i := range rows {
				m += v[i] * values[k]
				square += v[i] * values[k] * values[k]
				filled += v[i]
			}
			spread := 0.0
			if len(rows) < s.n {
				spread = max(0, 1-filled) * m * m
			}
			for k, i := range rows {
				d := values[k] - m
				spread += v[i] * d * d
			}
			if spread <= rounding*square {
				spread = 0
			}
			mean[j], variance[j] = m, spread
		}
	})
}

func (s *Sparse) dots(u []float64, need []bool, out []float64, threads int) {
	inRanges(s.p, sparseChunk, threads, func(j, end int) {
		for ; j < end; j++ {
			from := j
			for j < end && need[j] {
				j++
			}
			if j > from {
				f64.GatherDots(out[from:j], s.start[from:j+1], s.row, s.value, u[:s.n])
			}
		}
	})
}

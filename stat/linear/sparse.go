package linear

import (
	"fmt"
	"math"

	"pare/internal/f64"
)

// Sparse is a design in compressed sparse columns. It is centred and scaled
// without ever being filled.
type Sparse struct {
	n, p  int
	start []int
	row   []int32
	value []float64
}

// NewSparse makes a design of p columns: column j has value[start[j]:start[j+1]] in
// the rows row[start[j]:start[j+1]], which ascend. It keeps start and value.
func NewSparse(n, p int, start, row []int, value []float64) (*Sparse, error) {
	switch {
	case n < 0 || p < 0 || n > math.MaxInt32:
		return nil, fmt.Errorf("linear: %d rows and %d columns", n, p)
	case len(start) != p+1 || start[0] != 0 || start[p] != len(value) || len(row) != len(value):
		return nil, fmt.Errorf("linear: %d columns need %d starts that end with the %d values, and as many rows as values",
			p, p+1, len(value))
	}
	rows := make([]int32, len(row))
	for j := range p {
		if start[j] > start[j+1] {
			return nil, fmt.Errorf("linear: column %d ends before it starts", j)
		}
		for k := start[j]; k < start[j+1]; k++ {
			if row[k] < 0 || row[k] >= n || k > start[j] && row[k] <= row[k-1] {
				return nil, fmt.Errorf("linear: rows of column %d do not ascend within 0 to %d", j, n-1)
			}
			if math.IsNaN(value[k]) || math.IsInf(value[k], 0) {
				return nil, fmt.Errorf("linear: row %d, column %d is %v", row[k], j, value[k])
			}
			rows[k] = int32(row[k])
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

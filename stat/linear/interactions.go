package linear

import (
	"fmt"
	"sort"

	"pare/internal/f64"
	"pare/internal/limit"
)

// Interactions is the design of all products of two different columns of a dense
// one, which are never stored: a pass over the m(m−1)/2 products is a matrix product
// of the columns with the columns times a vector.
//
// Its features are the m columns first if mains is set, then the pairs (0,1), (0,2),
// …, (m−2,m−1). With columns of one-hot sites the pairs within a site are constant
// zero and never selected.
type Interactions struct {
	base  *Dense
	mains int   // number of columns of base that are also features: m or 0
	first []int // first[a] is the feature of the pair (a, a+1)
	p     int
}

// pairBytes is the memory of a fit for each feature, about: gradients, bounds and scales.
const pairBytes = 64

// NewInteractions makes the design of the pairs of columns of base, with the columns
// themselves before them if mains is set.
func NewInteractions(base *Dense, mains bool) (*Interactions, error) {
	m := base.p
	if m < 2 {
		return nil, fmt.Errorf("linear: %d columns have no pairs", m)
	}
	if err := limit.Check(fmt.Sprintf("linear: the pairs of %d columns", m), int64(m)*int64(m-1)/2, pairBytes); err != nil {
		return nil, err
	}
	d := &Interactions{base: base, first: make([]int, m)}
	if mains {
		d.mains = m
	}
	d.p = d.mains
	for a := range m {
		d.first[a] = d.p
		d.p += m - 1 - a
	}
	return d, nil
}

// Pair returns the columns whose product is feature j; b is −1 for a feature that is column
// a itself.
func (d *Interactions) Pair(j int) (a, b int) {
	if j < d.mains {
		return j, -1
	}
	a = sort.SearchInts(d.first, j+1) - 1
	return a, a + 1 + j - d.first[a]
}

// Dims implements Design.
func (d *Interactions) Dims() (n, p int) { return d.base.n, d.p }

// Dot implements Design.
func (d *Interactions) Dot(j int, v []float64) float64 {
	a, b := d.Pair(j)
	if b < 0 {
		return d.base.Dot(a, v)
	}
	sum := 0.0
	y := d.base.Column(b)
	for i, x := range d.base.Column(a) {
		sum += x * y[i] * v[i]
	}
	return sum
}

// AddTo implements Design.
func (d *Interactions) AddTo(v []float64, j int, a float64) {
	x, y := d.Pair(j)
	if y < 0 {
		d.base.AddTo(v, x, a)
		return
	}
	f64.MulAxpy(a, d.base.Column(x), d.base.Column(y), v[:d.base.n])
}

func (d *Interactions) column(j int, dst []float64) {
	a, b := d.Pair(j)
	if b < 0 {
		copy(dst, d.base.Column(a))
		return
	}
	f64.Mul(dst[:d.base.n], d.base.Column(a), d.base.Column(b))
}

func (d *Interactions) moments(v, mean, variance []float64, threads int) {
	n := d.base.n
	squares := make([]float64, len(d.base.data))
	f64.Mul(squares, d.base.data, d.base.data)
	all := make([]bool, d.p)
	for j := range all {
		all[j] = true
	}
	squared := *d
	squared.base = &Dense{n, d.base.p, squares}
	d.dots(v, all, mean, threads)
	squared.dots(v, all, variance, threads)
	inRanges(d.p, denseChunk(n), threads, func(from, to int) {
		var room [3][]float64
		for j := from; j < to; j++ {
			square := variance[j]
			variance[j] = square - mean[j]*mean[j]
			if variance[j] > leastSpread*square {
				continue
			}
			if room[0] == nil {
				for k := range room {
					room[k] = make([]float64, n)
				}
			}
			d.column(j, room[0])
			mean[j], variance[j] = denseMoments(room[0], v, room[1], room[2])
		}
	})
}

// leastSpread is the part of the mean square, at most, of which a variance that is computed as
// their difference has lost a digit: it is then computed from centred values.
const leastSpread = 0.1

// dots takes three columns times u at a time. Where all pairs of them with four
// others are needed it is a tile of a matrix product, elsewhere it computes the
// needed ones four at a time.
func (d *Interactions) dots(u []float64, need []bool, out []float64, threads int) {
	if d.mains > 0 {
		d.base.dots(u, need[:d.mains], out, threads)
	}
	inRanges(d.base.p, 3, threads, func(from, to int) {
		var z [3][]float64
		n := d.base.n
		buffer := make([]float64, 3*n)
		rest := d.triangle(from, to, u, need, out)
		if to-from < 3 {
			return
		}
		for i := range z {
			z[i] = buffer[i*n : (i+1)*n : (i+1)*n]
			f64.Mul(z[i], d.base.Column(from+i), u)
		}
		for ; rest+4 <= d.base.p; rest += 4 {
			d.block(from, rest, &z, need, out)
		}
		for i := range z {
			for b := rest; b < d.base.p; b++ {
				if j := d.first[from+i] + b - from - i - 1; need[j] {
					out[j] = f64.Dot(z[i], d.base.Column(b))
				}
			}
		}
	})
}

// triangle computes the pairs among columns from to to and returns to.
func (d *Interactions) triangle(from, to int, u []float64, need []bool, out []float64) int {
	for a := from; a < to; a++ {
		for b := a + 1; b < to; b++ {
			if j := d.first[a] + b - a - 1; need[j] {
				out[j] = d.Dot(j, u)
			}
		}
	}
	return to
}

// block computes the pairs of columns a to a+2, which z has times u, with b to b+3.
func (d *Interactions) block(a, b int, z *[3][]float64, need []bool, out []float64) {
	var at [3]int
	wanted := 0
	for i := range at {
		at[i] = d.first[a+i] + b - a - i - 1
		for _, w := range need[at[i] : at[i]+4] {
			if w {
				wanted++
			}
		}
	}
	columns := [4][]float64{d.base.Column(b), d.base.Column(b + 1), d.base.Column(b + 2), d.base.Column(b + 3)}
	switch {
	case wanted == 0:
	case wanted > 3:
		s := f64.Tile(z, &columns)
		for i, j := range at {
			for k := range 4 {
				if need[j+k] { // the others stay as they were
					out[j+k] = s[4*i+k]
				}
			}
		}
	default:
		for i, j := range at {
			for k, column := range columns {
				if need[j+k] {
					out[j+k] = f64.Dot(z[i], column)
				}
			}
		}
	}
}

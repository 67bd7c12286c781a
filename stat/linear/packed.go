package linear

import (
	"slices"

	"pare/internal/f64"
)

// packed holds the columns of a sparse working set, scaled, next to each other and by
// rows as well: products would otherwise spend their time waiting for memory.
type packed struct {
	n       int
	threads int
	set     []int
	start   []int
	row     []int32
	filled  []float64 // xᵢⱼ/scaleⱼ
	mean    []float64 // meanⱼ/scaleⱼ
	sum     []float64 // Σ filled
	square  []float64 // Σ filled²

	rowStart []int // the same by rows
	column   []int32
	across   []float64
}

// hold makes set the columns that are held.
func (p *packed) hold(t *task, x *Sparse, set []int) {
	p.n, p.threads = t.n, t.threads
	same := 0
	for same < len(set) && same < len(p.set) && set[same] == p.set[same] {
		same++
	}
	if same == len(set) && same == len(p.set) && p.rowStart != nil {
		return
	}
	if p.start == nil {
		p.start = []int{0}
	}
	p.set, p.start = append(p.set[:same], set[same:]...), p.start[:same+1]
	p.row, p.filled = p.row[:p.start[same]], p.filled[:p.start[same]]
	p.mean, p.sum, p.square = p.mean[:same], p.sum[:same], p.square[:same]
	for _, j := range set[same:] {
		rows, values := x.entries(j)
		inverse, sum, square := 1/t.scale[j], 0.0, 0.0
		for _, v := range values {
			v *= inverse
			sum += v
			square += v * v
			p.filled = append(p.filled, v)
		}
		p.row = append(p.row, rows...)
		p.start = append(p.start, len(p.row))
		p.mean, p.sum, p.square = append(p.mean, t.mean[j]*inverse), append(p.sum, sum), append(p.square, square)
	}
	p.transpose()
}

// transpose fills what is held by rows.
func (p *packed) transpose() {
	p.rowStart = slices.Grow(p.rowStart[:0], p.n+1)[:p.n+1]
	clear(p.rowStart)
	for _, i := range p.row {
		p.rowStart[i+1]++
	}
	for i := range p.n {
		p.rowStart[i+1] += p.rowStart[i]
	}
	p.column = slices.Grow(p.column[:0], len(p.row))[:len(p.row)]
	p.across = slices.Grow(p.across[:0], len(p.row))[:len(p.row)]
	next := slices.Clone(p.rowStart)
	for k := range p.set {
		for e := p.start[k]; e < p.start[k+1]; e++ {
			at := &next[p.row[e]]
			p.column[*at], p.across[*at] = int32(k), p.filled[e]
			*at++
		}
	}
}

func (p *packed) entries(k int) ([]int32, []float64) {
	from, to := p.start[k], p.start[k+1]
	return p.row[from:to], p.filled[from:to]
}

// gatherValues is the least number of values that pays for a second thread.
const gatherValues = 1 << 14

// gatherColumns is how many columns of a product one task takes.
const gatherColumns = 1250

// gather sets out to inner products with x, on the threads of the task.
func (p *packed) gather(out []float64, start []int, index []int32, value, x []float64) {
	inRanges(len(out), gatherColumns, sharing(p.threads, len(value), gatherValues), func(from, to int) {
		f64.GatherDots(out[from:to], start[from:to+1], index, value, x)
	})
}

// times sets w to the held columns, not centred, times x.
func (p *packed) times(w, x []float64) { p.gather(w, p.rowStart, p.column, p.across, x) }

// dots sets out to the held columns, not centred, transposed times w.
func (p *packed) dots(out, w []float64) { p.gather(out, p.start, p.row, p.filled, w) }

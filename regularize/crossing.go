package regularize

import (
	"math"

	"pare/internal/kernel/prox"
	"pare/internal/kernel/vector"
	"pare/nn"
)

// crossing is a set of groups that are rows and columns of the same parameters: a
// value may be in two of them. The proximal map of such a sum has no closed form.
// Here every group's own map is applied to the same values, and a value in two
// groups is scaled by both. That agrees with the joint map to first order in τ,
// depends on no order of the groups and gives the exact zeros of each.
type crossing struct {
	pen    Penalty
	radial Radial // not nil: the penalty scales groups by their norms
	bound  []*nn.Param
	data   [][]float32
	sides  []*side
	strips [][]strip // of each group
	scale  []float64 // s_g
	corner []corner

	// Scratch; the functions are made once so that a step allocates nothing.
	sums      []float64 // per group and one for values in none
	factor    []float32 // the same
	lineSums  []float64
	lineScale []float32
	saved     []float32 // values at the corners
	desks     []desk    // per worker
	largest   int       // values of the largest group
	results   [2][][]float32
	metrics   [][]float32
	tau       float64 // of the present prox
	inMetric  bool    // whether it has a metric
	proxTask  func(worker, group int)
}

var _ part = (*crossing)(nil)

// side is an axis of a parameter that groups are indexed by: outer × n × inner.
type side struct {
	param, number   int // number 1: the second side of the parameter
	outer, n, inner int
	owner           []int32 // group of each position; the number of groups stands for none
}

// lines is as for a block.
func (s *side) lines() int {
	if s.inner == 1 {
		return s.n
	}
	return s.outer * s.n
}

// strip is one position of a side: outer runs of inner values, but for those
// listed, in order, which the group has from another side.
type strip struct {
	*side
	index int
	skip  []int
}

// corner is a run of values that both sides of a parameter give to one group.
type corner struct{ param, group, at, n int }

// newCrossing lays out groups that cross.
func newCrossing(pen Penalty, groups []*group, scale []float64) *crossing {
	q := &crossing{pen: pen, scale: scale, strips: make([][]strip, len(groups)),
		sums: make([]float64, len(groups)+1), factor: make([]float32, len(groups)+1)}
	q.radial, _ = pen.(Radial)
	for g, group := range groups {
		for _, s := range group.slots {
			q.side(s, len(groups)).owner[s.Index] = int32(g)
		}
	}
	lines := 0
	for _, s := range q.sides {
		lines = max(lines, s.lines())
		for i, g := range s.owner {
			if int(g) < len(groups) {
				q.strips[g] = append(q.strips[g], q.strip(s, i, int(g)))
			}
		}
	}
	q.lineSums, q.lineScale = make([]float64, lines), make([]float32, lines)
	for g := range groups {
		q.largest = max(q.largest, q.size(g))
	}
	q.results = [2][][]float32{make([][]float32, len(q.bound)), make([][]float32, len(q.bound))}
	q.metrics = make([][]float32, len(q.bound))
	q.proxTask = q.proxGroup
	return q
}

// side returns the side a slot lies on; a new one has no owners yet.
func (q *crossing) side(slot nn.Slot, none int) *side {
	n, inner := slot.Param.AxisLen(slot.Axis)
	s := &side{param: -1, n: n, inner: inner, outer: slot.Param.Size() / (n * inner), owner: make([]int32, n)}
	for i := range s.owner {
		s.owner[i] = int32(none)
	}
	for _, other := range q.sides {
		if q.bound[other.param] == slot.Param {
			if other.inner == inner && other.n == n {
				return other
			}
			s.param, s.number = other.param, 1
		}
	}
	if s.param < 0 {
		s.param = len(q.bound)
		q.bound, q.data = append(q.bound, slot.Param), append(q.data, slot.Param.Data())
	}
	q.sides = append(q.sides, s)
	return s
}

// strip lists what a side gives to a group and notes the corners.
func (q *crossing) strip(s *side, index, group int) strip {
	out := strip{side: s, index: index}
	for _, first := range q.sides {
		if first.param != s.param || first.number == s.number || s.number == 0 {
			continue
		}
		for o := range s.outer {
			if at := (o*s.n + index) * s.inner; int(first.owner[at/first.inner%first.n]) == group {
				out.skip = append(out.skip, o)
				q.corner = append(q.corner, corner{s.param, group, at, s.inner})
				q.saved = append(q.saved, make([]float32, s.inner)...)
			}
		}
	}
	return out
}

// each calls f with the offset of every run of the strip.
func (s *strip) each(f func(at int)) {
	skip := s.skip
	for o := range s.outer {
		if len(skip) > 0 && skip[0] == o {
			skip = skip[1:]
			continue
		}
		f((o*s.n + s.index) * s.inner)
	}
}

// size is the number of values of a group.
func (q *crossing) size(g int) int {
	n := 0
	for _, s := range q.strips[g] {
		n += (s.outer - len(s.skip)) * s.inner
	}
	return n
}

func (q *crossing) params() []*nn.Param { return q.bound }

// squares sums the squares of each group.
func (q *crossing) squares(data [][]float32) []float64 {
	clear(q.sums)
	for _, s := range q.sides {
		sums := q.lineSums[:s.lines()]
		if s.inner == 1 {
			prox.ColumnSquares(sums, data[s.param])
		} else {
			prox.RowSquares(sums, data[s.param], s.inner)
		}
		for i, v := range sums {
			q.sums[s.owner[i%s.n]] += v
		}
	}
	for _, c := range q.corner {
		for _, v := range data[c.param][c.at : c.at+c.n] {
			q.sums[c.group] -= float64(v) * float64(v)
		}
	}
	for g, v := range q.sums {
		q.sums[g] = max(v, 0) // what is left of a difference of equals
	}
	return q.sums[:len(q.scale)]
}

func (q *crossing) value(data [][]float32) float64 {
	sum := 0.0
	if q.radial != nil {
		for g, v := range q.squares(data) {
			sum += q.scale[g] * q.radial.Phi(math.Sqrt(v))
		}
		return sum
	}
	w := q.desk(0).w
	for g, s := range q.scale {
		sum += s * q.pen.Value(w[:q.gather(w, data, g)])
	}
	return sum
}

func (q *crossing) gradient(dst []float32, param int, data [][]float32, factor float64) {
	clear(dst)
	w := q.desk(0).w
	for g, s := range q.scale {
		n := q.gather(w, data, g)
		q.pen.Subgradient(w[:n], w[:n])
		scaleBy(w[:n], float32(factor*s))
		k := 0
		for i := range q.strips[g] {
			strip := &q.strips[g][i]
			strip.each(func(at int) {
				if strip.param == param {
					vector.AddTo(dst[at:at+strip.inner], w[k:k+strip.inner])
				}
				k += strip.inner
			})
		}
	}
}

func (q *crossing) count() (total, zero int) {
	for _, v := range q.squares(q.data) {
		if v == 0 {
			zero++
		}
	}
	return len(q.scale), zero
}

func (q *crossing) norms(dst []float64) []float64 {
	for _, v := range q.squares(q.data) {
		dst = append(dst, math.Sqrt(v))
	}
	return dst
}

package regularize

import (
	"fmt"
	"slices"

	"pare/internal/kernel"
	"pare/nn"
)

var recurrentUnits = Target{Name: "recurrent_units", Doc: "all weights that compute or read one unit of a recurrent layer",
	groups: (*topology).recurrentGroups,
	layOut: func(_ *topology, pen Penalty, groups []*group, scales []float64, _ bool) ([]part, error) {
		return []part{newCrossing(pen, groups, scales)}, nil
	}}

// recurrentGroups makes one group of every unit of a recurrent layer: the weights
// and biases that compute it in all gates, and all weights that read it, in its
// own layer and in others. They are the intrinsic sparse structures of Wen et al.
// 2018, and when all are 0 the unit can go. A recurrent weight belongs to two of
// them.
func (t *topology) recurrentGroups(string) ([]*group, error) {
	var groups []*group
	for i := range t.net.Nodes {
		for j, u := range t.units.Out(i) {
			if t.out[u] || !slices.ContainsFunc(t.slots[u], func(s nn.Slot) bool {
				return s.Node == i && s.Reads() && s.Param.Axes[s.Axis] == nn.AxisOut
			}) {
				continue
			}
			g := &group{label: fmt.Sprintf("unit %d of %s", j, t.name(i)), layers: []string{t.name(i)}, macs: t.unitMACs(u)}
			for _, s := range t.slots[u] {
				if s.Param.Role == nn.RoleWeight || s.Param.Role == nn.RoleBias {
					g.slots = append(g.slots, s)
				}
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// crossing is a set of groups that are rows and columns of the same parameters: a
// value may be in two of them. The proximal map of such a sum has no closed form.
// Here every group's own map is applied to the same values, and a value in two
// groups is scaled by both. That agrees with the joint map to first order in τ,
// depends on no order of the groups and gives the exact zeros of each.
type crossing struct {
	layout
	sides  []*side
	strips [][]strip // of each group
	corner []corner

	saved    []float32 // values at the corners
	desks              // of the size of the largest group
	results  [2][][]float32
	metrics  [][]float32
	tau      float64 // of the present prox
	inMetric bool    // whether it has a metric
	proxTask func(worker, group int)
}

var _ part = (*crossing)(nil)

// side is an axis of a parameter that groups are indexed by.
type side struct {
	*block
	at, number int // of the parameter among the bound; number 1: its second side
}

// strip is one position of a side: outer runs of inner values, except the listed ones, in
// order, which the group has from another side.
type strip struct {
	*side
	index int
	skip  []int
}

// corner is a run of values that both sides of a parameter give to one group.
type corner struct{ param, group, at, n int }

// newCrossing lays out groups that cross.
func newCrossing(pen Penalty, groups []*group, scale []float64) *crossing {
	q := &crossing{layout: newLayout(pen, scale), strips: make([][]strip, len(groups))}
	for g, group := range groups {
		for _, s := range group.slots {
			q.side(s).group[s.Index] = int32(g)
		}
	}
	for _, s := range q.sides {
		q.reserve(s.block)
		for i, g := range s.group {
			if int(g) < len(groups) {
				q.strips[g] = append(q.strips[g], q.strip(s, i, int(g)))
			}
		}
	}
	for g := range groups {
		q.desks.size = max(q.desks.size, q.valuesOf(g))
	}
	q.results = [2][][]float32{make([][]float32, len(q.bound)), make([][]float32, len(q.bound))}
	q.metrics = make([][]float32, len(q.bound))
	q.proxTask = q.proxGroup
	return q
}

// side returns the side a slot lies on; a new one has no groups yet.
func (q *crossing) side(slot nn.Slot) *side {
	s := &side{block: newBlock(slot, len(q.scale)), at: slices.Index(q.bound, slot.Param)}
	for _, other := range q.sides {
		if other.param == slot.Param {
			if other.inner == s.inner && other.n == s.n {
				return other
			}
			s.number = 1
		}
	}
	if s.at < 0 {
		s.at = len(q.bound)
		q.bound, q.data = append(q.bound, slot.Param), append(q.data, slot.Param.Data())
	}
	q.sides, q.blocks = append(q.sides, s), append(q.blocks, s.block)
	return s
}

// strip is the share of a side in a group. It notes the corners.
func (q *crossing) strip(s *side, index, group int) strip {
	out := strip{side: s, index: index}
	for _, first := range q.sides {
		if first.at != s.at || first.number == s.number || s.number == 0 {
			continue
		}
		for o := range s.outer {
			if at := (o*s.n + index) * s.inner; int(first.group[at/first.inner%first.n]) == group {
				out.skip = append(out.skip, o)
				q.corner = append(q.corner, corner{s.at, group, at, s.inner})
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

// valuesOf is the number of values of a group.
func (q *crossing) valuesOf(g int) int {
	n := 0
	for _, s := range q.strips[g] {
		n += (s.outer - len(s.skip)) * s.inner
	}
	return n
}

// squares sums the squares of each group.
func (q *crossing) squares(data [][]float32) []float64 {
	clear(q.sums)
	for _, s := range q.sides {
		q.addSquares(s.block, data[s.at])
	}
	for _, c := range q.corner {
		for _, v := range data[c.param][c.at : c.at+c.n] {
			q.sums[c.group] -= float64(v) * float64(v)
		}
	}
	for g, v := range q.sums {
		q.sums[g] = max(v, 0) // rounding may leave a difference of equals below 0
	}
	return q.sums[:len(q.scale)]
}

func (q *crossing) value(data [][]float32) float64 {
	if q.radial != nil {
		return q.sumOfNorms(q.squares(data))
	}
	sum := 0.0
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
				if strip.at == param {
					kernel.AddTo(dst[at:at+strip.inner], w[k:k+strip.inner])
				}
				k += strip.inner
			})
		}
	}
}

func (q *crossing) norms(dst []float64) []float64 { return roots(dst, q.squares(q.data)) }

func (q *crossing) prox(tau float64, metric metric) {
	if q.radial != nil && metric == nil {
		q.shrink(q.squares(q.data), tau)
		q.multiplyOnce()
		return
	}
	q.tau, q.inMetric = tau, metric != nil
	for k, p := range q.bound {
		q.metrics[k] = metricOf(metric, p)
	}
	q.proxGroups()
}

// multiplyOnce scales every group by its factor. Corners are in one group and scaled
// once.
func (q *crossing) multiplyOnce() {
	saved := q.saved
	for _, c := range q.corner {
		saved = saved[copy(saved, q.data[c.param][c.at:c.at+c.n]):]
	}
	for _, s := range q.sides {
		q.multiply(s.block, q.data[s.at])
	}
	saved = q.saved
	for _, c := range q.corner {
		f := q.factor[c.group]
		for i := range c.n {
			v := saved[i] * f
			if f == 0 {
				v = 0
			}
			q.data[c.param][c.at+i] = v
		}
		saved = saved[c.n:]
	}
}

// proxGroups hands the groups to the penalty one by one. The results of a side go to
// an array of its own, for the other side's groups read the values before.
func (q *crossing) proxGroups() {
	for _, s := range q.sides {
		if q.results[s.number][s.at] == nil {
			q.results[s.number][s.at] = make([]float32, len(q.data[s.at]))
		}
		copy(q.results[s.number][s.at], q.data[s.at])
	}
	q.desk(kernel.MaxWorkers() - 1)
	kernel.ParallelWorkers(len(q.scale), q.proxTask)
	for k, w := range q.data {
		first, second := q.results[0][k], q.results[1][k]
		if second == nil {
			copy(w, first)
			continue
		}
		for i, v := range w {
			if v != 0 {
				w[i] = first[i] * (second[i] / v)
			}
		}
	}
}

func (q *crossing) proxGroup(worker, g int) {
	desk, step := q.desk(worker), float32(q.tau*q.scale[g])
	n := q.gather(desk.w, q.data, g)
	w := desk.w[:n]
	var d []float32
	if q.inMetric {
		d = desk.d[:q.gather(desk.d, q.metrics, g)]
	}
	q.pen.Prox(w, d, step)
	for i := range q.strips[g] {
		s := &q.strips[g][i]
		to := q.results[s.number][s.at]
		s.each(func(at int) { w = w[copy(to[at:at+s.inner], w):] })
	}
}

// gather copies a group's values from data and returns their number; nil counts as
// ones, the Euclidean metric.
func (q *crossing) gather(dst []float32, data [][]float32, g int) int {
	n := 0
	for i := range q.strips[g] {
		s := &q.strips[g][i]
		from := data[s.at]
		s.each(func(at int) {
			if from == nil {
				ones(dst[n : n+s.inner])
			} else {
				copy(dst[n:], from[at:at+s.inner])
			}
			n += s.inner
		})
	}
	return n
}

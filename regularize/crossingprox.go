package regularize

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/prox"
	"pare/nn"
)

func (q *crossing) prox(tau float64, metric func(*nn.Param) []float32) {
	if q.radial != nil && metric == nil {
		for g, v := range q.squares(q.data) {
			q.factor[g] = float32(q.radial.Shrink(math.Sqrt(v), tau*q.scale[g]))
		}
		q.factor[len(q.scale)] = 1
		q.multiply()
		return
	}
	q.tau, q.inMetric = tau, metric != nil
	for k, p := range q.bound {
		q.metrics[k] = nil
		if metric != nil {
			q.metrics[k] = metric(p)
		}
	}
	q.proxGroups()
}

// multiply scales every group by its factor. Corners are in one group and scaled
// once.
func (q *crossing) multiply() {
	saved := q.saved
	for _, c := range q.corner {
		saved = saved[copy(saved, q.data[c.param][c.at:c.at+c.n]):]
	}
	for _, s := range q.sides {
		factor := q.lineScale[:s.lines()]
		for i := range factor {
			factor[i] = q.factor[s.owner[i%s.n]]
		}
		if s.inner == 1 {
			prox.ScaleColumns(q.data[s.param], factor)
		} else {
			prox.ScaleRows(q.data[s.param], factor, s.inner)
		}
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

// proxGroups hands the groups to the penalty one by one. What a side gives goes
// to an array of its own, for the other side's groups read the values before.
func (q *crossing) proxGroups() {
	for _, s := range q.sides {
		if q.results[s.number][s.param] == nil {
			q.results[s.number][s.param] = make([]float32, len(q.data[s.param]))
		}
		copy(q.results[s.number][s.param], q.data[s.param])
	}
	q.desk(parallel.MaxWorkers() - 1)
	parallel.Workers(0, len(q.scale), q.proxTask)
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
	if q.inMetric {
		q.gather(desk.d, q.metrics, g)
		q.pen.ProxMetric(w, desk.d[:n], step)
	} else {
		q.pen.Prox(w, step)
	}
	for i := range q.strips[g] {
		s := &q.strips[g][i]
		to := q.results[s.number][s.param]
		s.each(func(at int) { w = w[copy(to[at:at+s.inner], w):] })
	}
}

// gather copies a group's values from data and returns their number; nil counts as
// ones, the Euclidean metric.
func (q *crossing) gather(dst []float32, data [][]float32, g int) int {
	n := 0
	for i := range q.strips[g] {
		s := &q.strips[g][i]
		from := data[s.param]
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

// desk returns the scratch of a worker. Calls for new workers must not run at
// the same time as others.
func (q *crossing) desk(worker int) *desk {
	for len(q.desks) <= worker {
		q.desks = append(q.desks, desk{make([]float32, q.largest), make([]float32, q.largest)})
	}
	return &q.desks[worker]
}

package regularize

import (
	"math"

	"pare/nn"
)

// Visit calls f for every value of every group: its group, numbered as in Norms,
// its parameter and its place in it. A value of two groups is visited for both.
func (t *Term) Visit(f func(group int, p *nn.Param, i int)) {
	first := 0
	for _, p := range t.parts {
		p.visit(func(g int, q *nn.Param, i int) { f(first+g, q, i) })
		n, _ := p.count()
		first += n
	}
}

// Scales returns s_g of every group, in the order of Norms; 0 for one that is spared
// as things are.
func (t *Term) Scales() []float64 {
	var out []float64
	for _, p := range t.parts {
		out = p.scales(out)
	}
	return out
}

func (c *cells) scales(dst []float64) []float64 {
	for range c.data {
		dst = append(dst, c.scale)
	}
	return dst
}

func (s *groupSet) scales(dst []float64) []float64 { return append(dst, s.scale...) }

func (q *crossing) scales(dst []float64) []float64 { return append(dst, q.scale...) }

// scales spares the largest gate at each place of the sum.
func (q *junction) scales(dst []float64) []float64 {
	largest := func(j int) int {
		at, most := -1, -1.0
		for k, d := range q.data {
			if j < len(d) && math.Abs(float64(d[j])) > most {
				at, most = k, math.Abs(float64(d[j]))
			}
		}
		return at
	}
	for k := range q.data {
		for j := range q.data[k] {
			switch {
			case q.scale[k][j] == 0:
			case largest(j) == k:
				dst = append(dst, 0)
			default:
				dst = append(dst, q.scale[k][j])
			}
		}
	}
	return dst
}

func (c *cells) visit(f func(group int, p *nn.Param, i int)) {
	for i := range c.data {
		f(i, c.bound[0], i)
	}
}

func (s *groupSet) visit(f func(group int, p *nn.Param, i int)) {
	for k, b := range s.blocks {
		for i := range s.data[k] {
			if g := int(b.group[i/b.inner%b.n]); g < len(s.scale) {
				f(g, b.param, i)
			}
		}
	}
}

func (q *junction) visit(f func(group int, p *nn.Param, i int)) {
	g := 0
	for k, d := range q.data {
		for j := range d {
			if q.scale[k][j] > 0 {
				f(g, q.bound[k], j)
				g++
			}
		}
	}
}

func (q *crossing) visit(f func(group int, p *nn.Param, i int)) {
	for _, s := range q.sides {
		for i := range q.data[s.param] {
			if g := int(s.owner[i/s.inner%s.n]); g < len(q.scale) {
				f(g, q.bound[s.param], i)
			}
		}
	}
}

package regularize

import "pare/nn"

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

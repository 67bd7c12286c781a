package layers

import "pare/nn"

// head is where the units of a head begin.
type head struct {
	q, k, v int // in the input
	y       int // in the output
}

func (l *Attention) head(i int) head {
	q, y, keys := sum(l.QK[:i]), sum(l.V[:i]), sum(l.QK)
	return head{q: q, k: keys + q, v: 2*keys + y, y: y}
}

// HeadUnits implements nn.Headed.
func (l *Attention) HeadUnits() [][]int {
	units := make([][]int, l.Heads)
	for i, d := range l.QK {
		h := l.head(i)
		for j := range d {
			units[i] = append(units[i], h.q+j, h.k+j)
		}
		for j := range l.V[i] {
			units[i] = append(units[i], h.v+j)
		}
	}
	return units
}

// OutUnits implements nn.UnitMapper: a result is of the unit whose values it is
// the mean of. A dimension of the queries is of no use without that of the keys.
func (l *Attention) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	for i, d := range l.QK {
		h := l.head(i)
		for j := range d {
			space.Tie(in[0][h.q+j], in[0][h.k+j])
		}
	}
	return in[0][2*sum(l.QK):]
}

// Constants: the mean of values that are all the same is that value.
func (l *Attention) Constants(in []nn.Known) nn.Known {
	from := 2 * sum(l.QK)
	return nn.Known{Const: in[0].Const[from:], Value: in[0].Value[from:]}
}

// Needs: a result needs its value, and all dimensions by which its head tells
// positions apart. That is none whose keys are the same everywhere, for they add
// the same to all scores of a query, and none whose queries are 0.
func (l *Attention) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	for i, d := range l.QK {
		h, alive := l.head(i), false
		for j := range l.V[i] {
			need[h.v+j] = keep[h.y+j]
			alive = alive || keep[h.y+j]
		}
		for j := range d {
			use := alive && !in[0].Const[h.k+j] && !in[0].Zero(h.q+j)
			need[h.q+j], need[h.k+j] = use, use
		}
	}
	return [][]bool{need}
}

// Slice leaves out the heads without results.
func (l *Attention) Slice(s nn.Slicing) (nn.Layer, error) {
	fed := make([]bool, l.in.Units())
	for _, u := range s.In[0] {
		fed[u] = true
	}
	count := func(from, n int) (c int) {
		for _, f := range fed[from : from+n] {
			if f {
				c++
			}
		}
		return c
	}
	n := &Attention{Causal: l.Causal, Scale: l.Scale}
	for i, d := range l.QK {
		h := l.head(i)
		if v := count(h.v, l.V[i]); v > 0 {
			n.QK, n.V = append(n.QK, count(h.q, d)), append(n.V, v)
			n.Heads++
		}
	}
	return n, nil
}

package graphical

import (
	"cmp"
	"math"
	"slices"
)

// stripRows is the number of rows of S that a scan reads at a time.
const stripRows = 192

// link joins two variables that part at λ ≥ ratio.
type link struct {
	i, j  int
	ratio float64
}

// scan calls visit for all pairs with |Sᵢⱼ| > floor · weight, by rows.
func scan(c *Covariance, p Penalty, floor float64, visit func(link)) {
	size := c.P()
	var buffer []float64
	for lo := 0; lo < size; lo += stripRows {
		hi := min(lo+stripRows, size)
		var values []float64
		var stride int
		values, stride, buffer = c.strip(lo, hi, buffer)
		for i := lo; i < hi; i++ {
			for j, s := range values[(i-lo)*stride:][:i] {
				if r := p.ratio(s, i, j, size); r > floor {
					visit(link{i, j, r})
				}
			}
		}
	}
}

// LambdaMax is the smallest λ at which the penalty leaves no edge but edges of weight 0;
// Penalty.Lambda does not matter.
func LambdaMax(c *Covariance, p Penalty) (float64, error) {
	if err := p.with(0).check(c.P()); err != nil {
		return 0, err
	}
	top := 0.0
	scan(c, p, 0, func(l link) {
		if !math.IsInf(l.ratio, 1) {
			top = max(top, l.ratio)
		}
	})
	return top, nil
}

// components are the connected components of the pairs above their thresholds at λ.
func components(c *Covariance, p Penalty) [][]int {
	sets := newSets(c.P())
	scan(c, p, p.Lambda, func(l link) { sets.join(l.i, l.j) })
	return sets.members()
}

// forest is a maximum spanning forest of the pairs that part above floor: its links above
// any λ ≥ floor connect the same variables as all pairs above λ, in memory of the order of p.
func forest(c *Covariance, p Penalty, floor float64) []link {
	size := c.P()
	var links []link
	thin := func() {
		slices.SortStableFunc(links, func(a, b link) int { return cmp.Compare(b.ratio, a.ratio) })
		sets := newSets(size)
		links = slices.DeleteFunc(links, func(l link) bool { return !sets.join(l.i, l.j) })
	}
	scan(c, p, floor, func(l link) {
		if links = append(links, l); len(links) >= 16*size {
			thin()
		}
	})
	thin()
	return links
}

// componentsOf are the components that a forest has at λ.
func componentsOf(forest []link, size int, lambda float64) [][]int {
	sets := newSets(size)
	for _, l := range forest {
		if l.ratio > lambda {
			sets.join(l.i, l.j)
		}
	}
	return sets.members()
}

// sets are disjoint sets of variables.
type sets struct{ parent []int }

func newSets(n int) *sets { return &sets{upTo(n)} }

func (s *sets) find(i int) int {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

// join reports whether i and j were apart. The smaller number leads.
func (s *sets) join(i, j int) bool {
	i, j = s.find(i), s.find(j)
	if i == j {
		return false
	}
	s.parent[max(i, j)] = min(i, j)
	return true
}

// members are the sets in the order of their smallest members, each sorted.
func (s *sets) members() [][]int {
	var out [][]int
	place := make(map[int]int)
	for i := range s.parent {
		root := s.find(i)
		if root == i {
			place[i] = len(out)
			out = append(out, nil)
		}
		at := place[root]
		out[at] = append(out[at], i)
	}
	return out
}

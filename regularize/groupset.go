package regularize

import (
	"math"

	"pare/internal/kernel/prox"
	"pare/nn"
)

// block is a parameter seen as outer × n × inner, n counting along the axis the
// groups are indexed by.
type block struct {
	param    *nn.Param
	outer, n int
	inner    int
	group    []int32 // of each of the n positions; the number of groups stands for none
}

// lines is the number of parts of the block that lie in one group each: columns
// where inner is 1, else runs of inner values. Line i belongs to group[i % n].
func (b *block) lines() int {
	if b.inner == 1 {
		return b.n
	}
	return b.outer * b.n
}

// groupSet is a set of groups that share parameters, such as the channels of a
// convolution (weight and bias) or of a residual stage.
type groupSet struct {
	pen    Penalty
	blocks []*block
	bound  []*nn.Param // of the blocks
	data   [][]float32
	scale  []float64 // s_g
	size   []int     // values in each group
	whole  bool      // elementwise penalty, one scale, no value left out: no gathering
	radial Radial    // not nil: the penalty scales groups by their norms
	tiles  *tiler    // for all other penalties and metrics

	// Scratch; the functions are made once so that a step allocates nothing.
	sums       []float64 // per group and one for values in none
	factor     []float32 // the same
	lineSums   []float64 // per line of a block, see block.lines
	lineFactor []float32 // the same
	tau        float64   // of the present prox
	inMetric   bool      // whether it has a metric
	proxTask   func(worker, tile int)
}

var _ part = (*groupSet)(nil)

func newGroupSet(pen Penalty, blocks []*block, scale []float64) *groupSet {
	n := len(scale)
	s := &groupSet{pen: pen, blocks: blocks, scale: scale, size: make([]int, n),
		sums: make([]float64, n+1), factor: make([]float32, n+1)}
	s.whole = isElementwise(pen)
	for _, f := range scale {
		s.whole = s.whole && f == scale[0]
	}
	for _, b := range blocks {
		s.bound = append(s.bound, b.param)
		s.data = append(s.data, b.param.Data())
		for _, g := range b.group {
			if int(g) == n {
				s.whole = false
				continue
			}
			s.size[g] += b.outer * b.inner
		}
	}
	lines := 0
	for _, b := range blocks {
		lines = max(lines, b.lines())
	}
	s.lineSums, s.lineFactor = make([]float64, lines), make([]float32, lines)
	s.radial, _ = pen.(Radial)
	s.tiles = newTiler(blocks, s.size)
	s.proxTask = s.proxTile
	return s
}

func (s *groupSet) params() []*nn.Param { return s.bound }

// squares sums the squares of each group: one pass over the parameters in the
// order of memory, however the groups lie in it.
func (s *groupSet) squares(data [][]float32) []float64 {
	clear(s.sums)
	for k, b := range s.blocks {
		sums := s.lineSums[:b.lines()]
		if b.inner == 1 {
			prox.ColumnSquares(sums, data[k])
		} else {
			prox.RowSquares(sums, data[k], b.inner)
		}
		for len(sums) > 0 {
			for j, g := range b.group {
				s.sums[g] += sums[j]
			}
			sums = sums[b.n:]
		}
	}
	return s.sums[:len(s.scale)]
}

func (s *groupSet) value(data [][]float32) float64 {
	sum := 0.0
	switch {
	case s.whole:
		for k := range s.blocks {
			sum += s.pen.Value(data[k])
		}
		return sum * s.scale[0]
	case s.radial != nil:
		for g, q := range s.squares(data) {
			sum += s.scale[g] * s.radial.Phi(math.Sqrt(q))
		}
		return sum
	}
	desk := s.tiles.desk(0)
	for i := range s.tiles.tiles {
		t := &s.tiles.tiles[i]
		s.tiles.gather(desk.w, data, t)
		for g := t.first; g < t.last; g++ {
			sum += s.scale[g] * s.pen.Value(s.tiles.group(desk.w, g))
		}
	}
	return sum
}

func (s *groupSet) gradient(dst []float32, block int, data [][]float32, factor float64) {
	if s.whole {
		s.pen.Subgradient(dst, data[block])
		scaleBy(dst, float32(factor*s.scale[0]))
		return
	}
	clear(dst)
	desk := s.tiles.desk(0)
	for i := range s.tiles.tiles {
		t := &s.tiles.tiles[i]
		s.tiles.gather(desk.w, data, t)
		for g := t.first; g < t.last; g++ {
			w := s.tiles.group(desk.w, g)
			s.pen.Subgradient(w, w)
			scaleBy(w, float32(factor*s.scale[g]))
		}
		s.tiles.scatter(dst, desk.w, block, t)
	}
}

func (s *groupSet) count() (total, zero int) {
	for _, q := range s.squares(s.data) {
		if q == 0 {
			zero++
		}
	}
	return len(s.scale), zero
}

func (s *groupSet) norms(dst []float64) []float64 {
	for _, q := range s.squares(s.data) {
		dst = append(dst, math.Sqrt(q))
	}
	return dst
}

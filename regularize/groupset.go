package regularize

import (
	"math"
	"slices"

	"pare/internal/kernel/prox"
	"pare/nn"
)

// block is a parameter seen as outer × n × inner, n counting along the axis the
// groups are indexed by.
type block struct {
	param           *nn.Param
	node, axis      int
	outer, n, inner int
	group           []int32 // of each of the n positions, or one past the groups for none; nil: each is a group
}

// newBlock is the parameter along the axis of a slot, with all positions in group none.
func newBlock(s nn.Slot, none int) *block {
	n, inner := s.Param.AxisLen(s.Axis)
	return &block{param: s.Param, node: s.Node, axis: s.Axis, outer: s.Param.Size() / (n * inner), n: n, inner: inner,
		group: slices.Repeat([]int32{int32(none)}, n)}
}

// lines is the number of parts of the block that lie in one group each: columns
// where inner is 1, else runs of inner values. Line i belongs to group[i % n].
func (b *block) lines() int {
	if b.inner == 1 {
		return b.n
	}
	return b.outer * b.n
}

// of is the group of a position.
func (b *block) of(position int) int {
	if b.group == nil {
		return position
	}
	return int(b.group[position])
}

// layout is the common part of groupSet and crossing: sets of groups, however these lie in
// the parameters. A penalty of norms needs one pass over the parameters to sum squares and
// one to scale groups, both in the order of memory.
type layout struct {
	pen    Penalty
	radial Radial // not nil: the penalty scales groups by their norms
	bound  []*nn.Param
	data   [][]float32 // of bound
	blocks []*block
	scale  []float64 // s_g

	// Scratch, so that a step allocates nothing.
	sums       []float64 // per group and one for values in none
	factor     []float32 // the same
	lineSums   []float64 // per line of a block, see block.lines
	lineFactor []float32 // the same
}

func newLayout(pen Penalty, scale []float64) layout {
	l := layout{pen: pen, scale: scale, sums: make([]float64, len(scale)+1), factor: make([]float32, len(scale)+1)}
	l.radial, _ = pen.(Radial)
	return l
}

// reserve makes scratch for the lines of a block.
func (l *layout) reserve(b *block) {
	if n := b.lines(); n > len(l.lineSums) {
		l.lineSums, l.lineFactor = make([]float64, n), make([]float32, n)
	}
}

func (l *layout) params() []*nn.Param { return l.bound }

func (l *layout) areas() []*block { return l.blocks }

func (l *layout) scales(dst []float64) []float64 { return append(dst, l.scale...) }

// addSquares adds the squares of a block to the sums of its groups.
func (l *layout) addSquares(b *block, data []float32) {
	sums := l.lineSums[:b.lines()]
	if b.inner == 1 {
		prox.ColumnSquares(sums, data)
	} else {
		prox.RowSquares(sums, data, b.inner)
	}
	for len(sums) > 0 {
		for j, g := range b.group {
			l.sums[g] += sums[j]
		}
		sums = sums[b.n:]
	}
}

// multiply scales the groups of a block by their factors.
func (l *layout) multiply(b *block, data []float32) {
	factor, same := l.lineFactor[:b.lines()], true
	for i := range factor {
		f := l.factor[b.group[i%b.n]]
		factor[i] = f
		same = same && f == 1
	}
	switch {
	case same:
	case b.inner == 1:
		prox.ScaleColumns(data, factor)
	default:
		prox.ScaleRows(data, factor, b.inner)
	}
}

// sumOfNorms is Σ_g s_g·Phi(‖w_g‖) of the groups with these squares.
func (l *layout) sumOfNorms(squares []float64) float64 {
	sum := 0.0
	for g, q := range squares {
		sum += l.scale[g] * l.radial.Phi(math.Sqrt(q))
	}
	return sum
}

// shrink sets the factor of every group to the factor of its Euclidean proximal map.
func (l *layout) shrink(squares []float64, tau float64) {
	for g, q := range squares {
		l.factor[g] = float32(l.radial.Shrink(math.Sqrt(q), tau*l.scale[g]))
	}
	l.factor[len(l.scale)] = 1 // values in no group
}

func roots(dst, squares []float64) []float64 {
	for _, q := range squares {
		dst = append(dst, math.Sqrt(q))
	}
	return dst
}

// groupSet is a set of groups that share parameters, such as the channels of a
// convolution (weight and bias) or of a residual stage.
type groupSet struct {
	layout
	size  []int  // values in each group
	whole bool   // elementwise penalty, one scale, no value left out: no gathering
	tiles *tiler // for penalties and metrics that need the values of a group together

	tau      float64 // of the present prox
	inMetric bool    // whether it has a metric
	proxTask func(worker, tile int)
}

var _ part = (*groupSet)(nil)

func newGroupSet(pen Penalty, blocks []*block, scale []float64) *groupSet {
	n := len(scale)
	s := &groupSet{layout: newLayout(pen, scale), size: make([]int, n), whole: isElementwise(pen)}
	s.blocks = blocks
	for _, f := range scale {
		s.whole = s.whole && f == scale[0]
	}
	for _, b := range blocks {
		s.bound, s.data = append(s.bound, b.param), append(s.data, b.param.Data())
		s.reserve(b)
		for _, g := range b.group {
			if int(g) == n {
				s.whole = false
				continue
			}
			s.size[g] += b.outer * b.inner
		}
	}
	s.tiles = newTiler(blocks, s.size)
	s.proxTask = s.proxTile
	return s
}

// squares sums the squares of each group.
func (s *groupSet) squares(data [][]float32) []float64 {
	clear(s.sums)
	for k, b := range s.blocks {
		s.addSquares(b, data[k])
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
		return s.sumOfNorms(s.squares(data))
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

func (s *groupSet) norms(dst []float64) []float64 { return roots(dst, s.squares(s.data)) }

func (s *groupSet) prox(tau float64, metric metric) {
	s.tau, s.inMetric = tau, metric != nil
	switch {
	case s.whole:
		for k, b := range s.blocks {
			s.pen.Prox(s.data[k], metricOf(metric, b.param), float32(tau*s.scale[0]))
		}
	case s.radial != nil && metric == nil:
		s.shrink(s.squares(s.data), tau)
		for k, b := range s.blocks {
			s.multiply(b, s.data[k])
		}
	default: // the penalty gets the groups one by one
		for k, b := range s.blocks {
			s.tiles.metric[k] = metricOf(metric, b.param)
		}
		s.tiles.each(s.proxTask)
	}
}

// proxTile applies the proximal map to the groups of a tile.
func (s *groupSet) proxTile(worker, tile int) {
	t, desk := &s.tiles.tiles[tile], s.tiles.desk(worker)
	s.tiles.gather(desk.w, s.data, t)
	if s.inMetric {
		s.tiles.gather(desk.d, s.tiles.metric, t)
	}
	for g := t.first; g < t.last; g++ {
		var d []float32
		if s.inMetric {
			d = s.tiles.group(desk.d, g)
		}
		s.pen.Prox(s.tiles.group(desk.w, g), d, float32(s.tau*s.scale[g]))
	}
	for k := range s.blocks {
		s.tiles.scatter(s.data[k], desk.w, k, t)
	}
}

func scaleBy(w []float32, f float32) {
	for i := range w {
		w[i] *= f
	}
}

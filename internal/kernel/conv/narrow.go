package conv

import "pare/internal/kernel/gemm"

// narrowPanel is the last panel of the outputs of each group, where it has at most twelve columns,
// in the form for frozen weights: tiles of pairs (gemm.Tile.RunPairs) over neighbouring values of
// the input.
type narrowPanel struct {
	step   []int // offsets of the pairs, then offsets of single values
	pairs  int
	depth  [][2]int // rows of the weights [KH, KW, C/Groups] of each step; −1: none
	column int      // first column of the panel in its group
	width  int      // columns with padding
	packed []float32
	size   int // of a group
}

// newNarrowPanel returns nil where no such panel is faster.
func (e *direct) newNarrowPanel() *narrowPanel {
	p := &e.phases[0]
	n := &narrowPanel{column: (e.panels - 1) * gemm.TileN}
	n.width = gemm.PairsWidth(e.on - n.column)
	depth := len(p.step)
	if e.transposed || n.width == 0 || depth == 0 || depth > depthBlock {
		return nil
	}
	run := e.ck // values that lie side by side
	if e.groups == 1 && e.tapW == 1 {
		run *= len(p.w.taps)
	}
	var singles []int
	for first := 0; first < depth; first += run {
		for k := first; k+1 < first+run; k += 2 {
			n.step, n.depth = append(n.step, p.step[k]), append(n.depth, [2]int{k, k + 1})
		}
		if run%2 == 1 {
			singles = append(singles, first+run-1)
		}
	}
	n.pairs = len(n.step)
	for _, k := range singles {
		n.step, n.depth = append(n.step, p.step[k]), append(n.depth, [2]int{k, -1})
	}
	n.size = 2 * n.width * len(n.step)
	if 20*len(n.step) > 13*depth {
		return nil // too few pairs: half of the lanes multiply zeros for a single value
	}
	return n
}

// pack packs the weights [KH, KW, C/Groups, O] of all groups.
func (n *narrowPanel) pack(dst, w []float32, groups, outputs int) {
	per := outputs / groups
	for g := range groups {
		row := func(k int) []float32 {
			if k < 0 {
				return nil
			}
			return w[k*outputs+g*per+n.column:][:per-n.column]
		}
		for _, k := range n.depth {
			dst = gemm.PackPairs(dst, row(k[0]), row(k[1]), n.width)
		}
	}
}

// run computes the panel of group g for the pixels of a tile.
func (n *narrowPanel) run(t gemm.Tile, g int, bias, y []float32) {
	t.B, t.Step, t.Bias, t.C = n.packed[g*n.size:], n.step, bias, y
	t.RunPairs(n.pairs)
}

package regularize

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// tiler copies groups, some at a time, into contiguous memory and back. The
// columns of a matrix lie a row apart, so taking them one by one would read
// every cache line once for each value in it; taking neighbours together reads
// memory in order.
type tiler struct {
	blocks []*block
	start  []int // of each group within its tile
	size   []int
	tiles  []tile
	metric [][]float32 // per block: scratch
	desks              // of the size of the widest tile
}

// desk is the scratch of a worker: values and metric.
type desk struct{ w, d []float32 }

// desks holds a desk for each worker, allocated when first needed.
type desks struct {
	size int // values of each
	list []desk
}

// desk returns the scratch of a worker. Calls for new workers must not run at the
// same time as others.
func (d *desks) desk(worker int) *desk {
	for len(d.list) <= worker {
		d.list = append(d.list, desk{make([]float32, d.size), make([]float32, d.size)})
	}
	return &d.list[worker]
}

// tile is the groups first ≤ g < last and the places of their values.
type tile struct {
	first, last int
	runs        [][]run // per block
	strides     []int   // per block: see stride
}

// run is a position along a block's axis: its values for outer index o go to
// at + o·step.
type run struct{ index, at, step int }

// A tile holds up to 64 groups, four cache lines of a row of columns, which is enough for
// the processor to fetch ahead, and few enough values for the scratch to stay in cache.
const (
	tileGroups = 64
	tileValues = 1 << 16
)

// padded is the room for a group: an odd number of cache lines, so that equal
// places of the groups of a tile fall into different sets of the cache.
func padded(size int) int { return 16 * ((size+15)/16 | 1) }

func newTiler(blocks []*block, size []int) *tiler {
	t := &tiler{blocks: blocks, size: size, start: make([]int, len(size)), metric: make([][]float32, len(blocks))}
	tileOf := make([]int, len(size))
	for g := 0; g < len(size); {
		first, values := g, 0
		for g < len(size) && (g == first || g-first < tileGroups && values+padded(size[g]) <= tileValues) {
			t.start[g], tileOf[g] = values, len(t.tiles)
			values += padded(size[g])
			g++
		}
		if n := g - first; n > 8 && g < len(size) {
			g = first + n&^7 // columns are gathered eight at a time
		}
		t.tiles = append(t.tiles, tile{first: first, last: g, runs: make([][]run, len(blocks))})
		t.desks.size = max(t.desks.size, values)
	}
	t.place(tileOf)
	for i := range t.tiles {
		for _, runs := range t.tiles[i].runs {
			t.tiles[i].strides = append(t.tiles[i].strides, stride(runs))
		}
	}
	t.desk(0)
	return t
}

// stride is the distance in scratch of runs that are neighbouring columns and
// lie equally far apart there, one value of an outer index each; 0 for others.
func stride(runs []run) int {
	if len(runs) < 2 {
		return 0
	}
	d := runs[1].at - runs[0].at
	for i, r := range runs {
		if r.step != 1 || r.index != runs[0].index+i || r.at != runs[0].at+i*d {
			return 0
		}
	}
	return d
}

// each runs body for every tile, on all threads.
func (t *tiler) each(body func(worker, tile int)) {
	if len(t.tiles) > 1 {
		t.desk(parallel.MaxWorkers() - 1)
	}
	parallel.Workers(0, len(t.tiles), body)
}

// place lays the values of a group out block after block, and within a block in
// the order of memory.
func (t *tiler) place(tileOf []int) {
	filled := make([]int, len(t.size))
	for k, b := range t.blocks {
		width := make([]int, len(t.size)) // values of one outer index
		for j, g := range b.group {
			if int(g) == len(t.size) {
				continue
			}
			tile := &t.tiles[tileOf[g]]
			tile.runs[k] = append(tile.runs[k], run{index: j, at: t.start[g] + filled[g] + width[g]})
			width[g] += b.inner
		}
		for i := range t.tiles {
			for r := range t.tiles[i].runs[k] {
				p := &t.tiles[i].runs[k][r]
				p.step = width[b.group[p.index]]
			}
		}
		for g, w := range width {
			filled[g] += w * b.outer
		}
	}
}

// group is the scratch that holds group g of the tile gathered last.
func (t *tiler) group(scratch []float32, g int) []float32 {
	return scratch[t.start[g] : t.start[g]+t.size[g]]
}

// gather copies the tile's values from the parameters; a nil parameter counts
// as ones, the Euclidean metric.
func (t *tiler) gather(dst []float32, data [][]float32, tile *tile) {
	for k, b := range t.blocks {
		src, runs := data[k], tile.runs[k]
		if d := tile.strides[k]; d != 0 && b.inner == 1 && src != nil {
			vector.Transpose(dst[runs[0].at:], src[runs[0].index:], b.outer, len(runs), d, b.n)
			continue
		}
		for o := range b.outer {
			row := o * b.n * b.inner
			switch {
			case src == nil:
				for _, r := range runs {
					ones(dst[r.at+o*r.step:][:b.inner])
				}
			case b.inner == 1:
				src := src[row : row+b.n]
				for _, r := range runs {
					dst[r.at+o*r.step] = src[r.index]
				}
			default:
				for _, r := range runs {
					copy(dst[r.at+o*r.step:][:b.inner], src[row+r.index*b.inner:])
				}
			}
		}
	}
}

// scatter copies the tile's values of one block back.
func (t *tiler) scatter(dst, src []float32, block int, tile *tile) {
	b, runs := t.blocks[block], tile.runs[block]
	if d := tile.strides[block]; d != 0 && b.inner == 1 {
		vector.Transpose(dst[runs[0].index:], src[runs[0].at:], len(runs), b.outer, b.n, d)
		return
	}
	for o := range b.outer {
		row := o * b.n * b.inner
		for _, r := range runs {
			at, to := r.at+o*r.step, row+r.index*b.inner
			if b.inner == 1 {
				dst[to] = src[at]
			} else {
				copy(dst[to:to+b.inner], src[at:at+b.inner])
			}
		}
	}
}

func ones(w []float32) {
	for i := range w {
		w[i] = 1
	}
}

package report

import (
	"cmp"
	"slices"
)

// layout places the boxes of a flow in rows, each below all it reads, after
// Sugiyama, Tagawa and Toda 1981: rows by longest path, points where a long edge
// crosses a row, order by barycentres, then positions as close to the neighbours
// as the widths allow.
type layout struct {
	flow
	rows  [][]int // places from left to right
	place []place // the boxes, then the points of long edges
	paths [][]int // per edge: its places from top to bottom
	up    [][]int // per place: its neighbours in the row above
	down  [][]int
}

// place is where a box, or a long edge, is in its row. x is its centre.
type place struct {
	row   int
	x     float64
	width float64
}

// Sizes of the diagram in pixels.
const (
	boxWidth   = 150.0
	boxHeight  = 48.0
	pointWidth = 16.0
	gateWidth  = 46.0 // of the point with the value of a gate
	gapX       = 22.0
)

// sweeps is the number of passes down and up; a handful settles these graphs.
const sweeps = 12

func newLayout(f flow) *layout {
	l := &layout{flow: f, place: make([]place, len(f.boxes))}
	for i := range l.place {
		l.place[i].width = boxWidth
	}
	for _, e := range f.edges { // edges are sorted by the box they enter
		l.place[e.to].row = max(l.place[e.to].row, l.place[e.from].row+1)
	}
	for i, p := range l.place {
		l.put(i, p.row)
	}
	for _, e := range f.edges {
		path := []int{e.from}
		for row := l.place[e.from].row + 1; row < l.place[e.to].row; row++ {
			path = append(path, len(l.place))
			width := pointWidth
			if e.gate != "" && len(path) == 1 {
				width = gateWidth
			}
			l.place = append(l.place, place{row: row, width: width})
			l.put(len(l.place)-1, row)
		}
		l.paths = append(l.paths, append(path, e.to))
	}
	l.up, l.down = make([][]int, len(l.place)), make([][]int, len(l.place))
	for _, path := range l.paths {
		for k := range path[1:] {
			l.down[path[k]] = append(l.down[path[k]], path[k+1])
			l.up[path[k+1]] = append(l.up[path[k+1]], path[k])
		}
	}
	l.order()
	l.position()
	return l
}

func (l *layout) put(i, row int) {
	for len(l.rows) <= row {
		l.rows = append(l.rows, nil)
	}
	l.rows[row] = append(l.rows[row], i)
}

// order sorts every row by the mean rank of the neighbours in the row before.
func (l *layout) order() {
	rank := make([]float64, len(l.place))
	number := func(row []int) {
		for k, i := range row {
			rank[i] = float64(k) - float64(len(row)-1)/2
		}
	}
	for _, row := range l.rows {
		number(row)
	}
	l.sweep(func(row []int, neighbours [][]int) {
		key := map[int]float64{}
		for _, i := range row {
			key[i] = mean(neighbours[i], rank, rank[i])
		}
		slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
		number(row)
	})
}

// straight is the pull along an edge between two places that have no other edge on that
// side, such as the inside of a chain, relative to the pull of other edges.
const straight = 200

// position moves every row towards its neighbours, down and up in turn.
func (l *layout) position() {
	l.sweep(func(row []int, _ [][]int) {
		want := make([]float64, len(row))
		offset := make([]float64, len(row)) // of each centre from the first
		for k, i := range row {
			want[k] = l.pull(i)
			if k > 0 {
				offset[k] = offset[k-1] + (l.place[row[k-1]].width+l.place[i].width)/2 + gapX
			}
		}
		for k, x := range spread(want, offset) {
			l.place[row[k]].x = x
		}
	})
}

// pull is the mean position of a place's neighbours, weighted.
func (l *layout) pull(i int) float64 {
	sum, weights := 0.0, 0.0
	add := func(from, to, other int) {
		w := 1.0
		if len(l.down[from]) == 1 && len(l.up[to]) == 1 {
			w = straight
		}
		sum, weights = sum+w*l.place[other].x, weights+w
	}
	for _, j := range l.up[i] {
		add(j, i, j)
	}
	for _, j := range l.down[i] {
		add(i, j, j)
	}
	if weights == 0 {
		return l.place[i].x
	}
	return sum / weights
}

// sweep visits the rows downwards with the neighbours above and upwards with
// those below, in turn.
func (l *layout) sweep(visit func(row []int, neighbours [][]int)) {
	for range sweeps {
		for _, row := range l.rows {
			visit(row, l.up)
		}
		for _, row := range slices.Backward(l.rows) {
			visit(row, l.down)
		}
	}
}

func mean(of []int, values []float64, otherwise float64) float64 {
	if len(of) == 0 {
		return otherwise
	}
	sum := 0.0
	for _, i := range of {
		sum += values[i]
	}
	return sum / float64(len(of))
}

// spread returns the positions closest to want, in squares, that are at least
// as far apart as offset says: isotonic regression of want − offset by pooling
// adjacent violators.
func spread(want, offset []float64) []float64 {
	type pool struct {
		sum float64
		n   int
	}
	var pools []pool
	for k := range want {
		pools = append(pools, pool{want[k] - offset[k], 1})
		for n := len(pools); n > 1 && pools[n-2].sum*float64(pools[n-1].n) > pools[n-1].sum*float64(pools[n-2].n); n-- {
			pools[n-2].sum += pools[n-1].sum
			pools[n-2].n += pools[n-1].n
			pools = pools[:n-1]
		}
	}
	out := make([]float64, 0, len(want))
	for _, p := range pools {
		for range p.n {
			out = append(out, p.sum/float64(p.n)+offset[len(out)])
		}
	}
	return out
}

package kernel

// winogradGrid cuts the output of a 3×3 convolution of stride one into tiles of
// 2×2 pixels. Tiles are counted row by row over all images. A task is a run of
// whole tile rows, a block a part of a task whose transforms stay in cache.
type winogradGrid struct {
	in, out    image
	padH, padW int
	perImage   int // tile rows per image
	width      int // tiles per tile row
	tiles      int // of all images
	step       int // tiles per task
	tasks      int
	block      int       // most tiles per block, a multiple of tileM
	zero       []float32 // an input or output row of zeros
}

const (
	winogradTasks = 32  // tasks to aim at
	winogradLeast = 48  // least tiles of a task
	winogradMost  = 192 // most, unless a single row has more
)

// newWinogradGrid plans blocks of the given number of tiles, a multiple of
// tileM.
func newWinogradGrid(in, out image, padH, padW, block int) winogradGrid {
	g := winogradGrid{in: in, out: out, padH: padH, padW: padW, block: block}
	g.perImage, g.width = (out.h+1)/2, (out.w+1)/2
	rows := out.n * g.perImage
	g.tiles = rows * g.width
	// Products work on six tiles at a time: of all numbers of tile rows take the
	// one that leaves the smallest share of empty places.
	limit := min(max(winogradLeast, g.tiles/winogradTasks), winogradMost)
	g.step = g.width
	for n, best := 1, 0.0; n <= rows && (n == 1 || n*g.width <= limit); n++ {
		if used := float64(n*g.width) / float64(sixFold(n*g.width)); used >= best {
			best, g.step = used, n*g.width
		}
	}
	g.tasks = (g.tiles + g.step - 1) / g.step
	g.zero = make([]float32, max(in.w*in.c, out.w*out.c)+8)
	return g
}

// task returns the tiles [lo, hi) of a task.
func (g *winogradGrid) task(t int) (lo, hi int) {
	return t * g.step, min((t+1)*g.step, g.tiles)
}

// place returns the image of a tile, its first pixel row in it and its column of
// tiles.
func (g *winogradGrid) place(tile int) (n, top, col int) {
	row := tile / g.width
	return row / g.perImage, row % g.perImage * 2, tile % g.width
}

// pixels returns the number of output pixels before a tile that begins a row.
func (g *winogradGrid) pixels(tile int) int {
	n, top, _ := g.place(tile)
	return (n*g.out.h + top) * g.out.w
}

// input transforms the input of tiles [lo, hi) into v.
func (g *winogradGrid) input(v []float32, xi, ld int, x []float32, lo, hi int) {
	pitch := g.in.w * g.in.c
	var rows [4][]float32
	for lo < hi {
		n, top, col := g.place(lo)
		tiles := min(g.width-col, hi-lo)
		for i := range rows {
			rows[i] = g.zero
			if h := top + i - g.padH; h >= 0 && h < g.in.h {
				rows[i] = x[(n*g.in.h+h)*pitch:][:pitch]
			}
		}
		winogradInput(v, xi, ld, &rows, 2*col-g.padW, g.in.w, g.in.c, tiles)
		v = v[tiles*ld:]
		lo += tiles
	}
}

// gradient transforms the gradient dy of tiles [lo, hi) into z.
func (g *winogradGrid) gradient(z []float32, xi, ld int, dy []float32, lo, hi int) {
	pitch := g.out.w * g.out.c
	var rows [2][]float32
	for lo < hi {
		n, top, col := g.place(lo)
		tiles := min(g.width-col, hi-lo)
		for i := range rows {
			rows[i] = g.zero
			if h := top + i; h < g.out.h {
				rows[i] = dy[(n*g.out.h+h)*pitch:][:pitch]
			}
		}
		winogradGradient(z, xi, ld, &rows, 2*col, g.out.w, g.out.c, tiles)
		z = z[tiles*ld:]
		lo += tiles
	}
}

// ahead returns about the part of the tensor t, which has the geometry i, that
// the next block after tiles [lo, hi) will use: a run of as many pixels, one tile
// row further on because a block uses two rows of pixels at once.
func (g *winogradGrid) ahead(t []float32, i image, lo, hi int) []float32 {
	size, per := i.h*i.w*i.c, g.perImage*g.width
	from := func(tile int) int { return min(tile/per*size+tile%per*size/per, len(t)) }
	return t[from(hi+g.width):from(2*hi-lo+g.width)]
}

// winogradPitch is the distance of the sixteen matrices of n elements each. It
// puts equal places of them into different cache sets.
func winogradPitch(n int) int { return (n+255)/256*256 + 16 }

func sixFold(n int) int   { return (n + tileM - 1) / tileM * tileM }
func eightFold(n int) int { return (n + 7) &^ 7 }

func (i image) size() int { return i.n * i.h * i.w * i.c }

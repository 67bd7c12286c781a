package kernel

// winogradGrid cuts the output of a 3×3 convolution of stride one into tiles of
// 2×2 pixels, and these into blocks whose transforms stay in cache. A block is a
// run of whole tile rows, across images, or a piece of a single tile row.
type winogradGrid struct {
	in, out    image
	padH, padW int
	perImage   int // tile rows per image
	width      int // tiles per tile row
	rows       int // tile rows per block
	cols       int // tiles per tile row and block
	pieces     int // blocks side by side
	blocks     int
	zero       []float32 // an input or output row of zeros
}

// newWinogradGrid plans blocks of at most limit ≥ tileM tiles.
func newWinogradGrid(in, out image, padH, padW, limit int) winogradGrid {
	g := winogradGrid{in: in, out: out, padH: padH, padW: padW}
	g.perImage, g.width = (out.h+1)/2, (out.w+1)/2
	g.rows, g.cols, g.pieces = 1, g.width, 1
	all := out.n * g.perImage
	if g.width > limit {
		g.pieces = (g.width + limit - 1) / limit
		g.cols = (g.width + g.pieces - 1) / g.pieces
	} else {
		// Products work on six tiles at a time, so that the best number of tile
		// rows is the one that leaves the smallest share of empty places.
		best := 0.0
		for r := 1; r <= all && r*g.width <= limit; r++ {
			if used := float64(r*g.width) / float64(sixFold(r*g.width)); used >= best {
				best, g.rows = used, r
			}
		}
	}
	g.blocks = (all + g.rows - 1) / g.rows * g.pieces
	g.zero = make([]float32, max(in.w*in.c, out.w*out.c)+8)
	return g
}

// tiles is the largest number of tiles of a block.
func (g *winogradGrid) tiles() int { return g.rows * g.cols }

// block returns the tile rows [row0, row1), counted over all images, and the
// tiles [col0, col1) of each that make up block b.
func (g *winogradGrid) block(b int) (row0, row1, col0, col1 int) {
	row0 = b / g.pieces * g.rows
	col0 = b % g.pieces * g.cols
	return row0, min(row0+g.rows, g.out.n*g.perImage), col0, min(col0+g.cols, g.width)
}

// input transforms the input of block b into v.
func (g *winogradGrid) input(v []float32, xi, ld int, x []float32, b int) {
	row0, row1, col0, col1 := g.block(b)
	pitch := g.in.w * g.in.c
	var rows [4][]float32
	for row := row0; row < row1; row++ {
		n, top := row/g.perImage, row%g.perImage*2-g.padH
		for i := range rows {
			rows[i] = g.zero
			if h := top + i; h >= 0 && h < g.in.h {
				rows[i] = x[(n*g.in.h+h)*pitch:][:pitch]
			}
		}
		winogradInput(v, xi, ld, &rows, 2*col0-g.padW, g.in.w, g.in.c, col1-col0)
		v = v[(col1-col0)*ld:]
	}
}

// gradient transforms the gradient dy of block b into z.
func (g *winogradGrid) gradient(z []float32, xi, ld int, dy []float32, b int) {
	row0, row1, col0, col1 := g.block(b)
	pitch := g.out.w * g.out.c
	var rows [2][]float32
	for row := row0; row < row1; row++ {
		n, top := row/g.perImage, row%g.perImage*2
		for i := range rows {
			rows[i] = g.zero
			if h := top + i; h < g.out.h {
				rows[i] = dy[(n*g.out.h+h)*pitch:][:pitch]
			}
		}
		winogradGradient(z, xi, ld, &rows, 2*col0, g.out.w, g.out.c, col1-col0)
		z = z[(col1-col0)*ld:]
	}
}

// winogradPitch is the distance of the sixteen matrices of n elements each. It
// puts equal places of them into different cache sets.
func winogradPitch(n int) int { return (n+255)/256*256 + 16 }

func sixFold(n int) int   { return (n + tileM - 1) / tileM * tileM }
func eightFold(n int) int { return (n + 7) &^ 7 }

func (i image) size() int { return i.n * i.h * i.w * i.c }

package kernel

// Tasks of a convolution cover about bandPixels output pixels, enough that a
// panel of weights is reused while the input band stays in L2.
const (
	bandPixels = 256
	bandRows   = 4   // least rows per band, so that halos stay a small share
	depthBlock = 384 // depth of a block of weights: 24 KB of panel in L1
)

// image is the geometry of one tensor of a convolution.
type image struct{ n, h, w, c int }

// bands cuts a convolution into tasks: whole images, perImage > 0 at a time,
// or bands of rows of one image. Each task reads its input through a buffer
// that holds the padding as zeros, so that all taps of a pixel sit at fixed
// offsets; an input without padding is read in place.
type bands struct {
	in         image
	top, left  int // input position of the first row of band 0 and first column
	inStep     int // input rows per band row
	rows       int // output rows per task and image
	images     int // images per task
	perImage   int // tasks per image, 1 when images > 1
	tasks      int
	direct     bool
	bufH, bufW int // buffer size in rows and pixels
	rowPitch   int // elements per row of the buffer, or of the input in place
	imagePitch int
}

// newBands plans tasks for outputs of total rows × cols pixels per image, read
// through the given spans.
func newBands(in image, hs, ws []span, rows, cols int) bands {
	b := bands{in: in, inStep: hs[0].inStep}
	b.rows, b.images, b.perImage = rows, 1, 1
	if rows*cols <= bandPixels {
		b.images = max(1, min(bandPixels/max(rows*cols, 1), in.n))
	} else {
		b.rows = min(rows, max(bandRows, bandPixels/cols))
		b.perImage = (rows + b.rows - 1) / b.rows
	}
	b.tasks = (in.n + b.images - 1) / b.images * b.perImage
	_, allH := bounds(hs, rows)
	b.top, b.bufH = bounds(hs, b.rows)
	b.left, b.bufW = bounds(ws, cols)
	b.direct = b.top >= 0 && b.left >= 0 && b.top+allH <= in.h && b.left+b.bufW <= in.w
	if b.direct {
		b.top, b.left = 0, 0
		b.rowPitch, b.imagePitch = in.w*in.c, in.h*in.w*in.c
	} else {
		b.buffer()
	}
	return b
}

// buffer switches to reading through a buffer.
func (b *bands) buffer() {
	b.direct = false
	b.rowPitch = b.bufW * b.in.c
	b.imagePitch = b.bufH * b.rowPitch
}

// task returns the images [n0,n1) of a task and its first row.
func (b *bands) task(t int) (n0, n1, row int) {
	n0 = t / b.perImage * b.images
	return n0, min(n0+b.images, b.in.n), t % b.perImage * b.rows
}

// load returns the input of a task, starting at its first row. The columns of
// padding in buf are zero from its allocation and never written.
func (b *bands) load(buf *[]float32, x []float32, t int) []float32 {
	n0, n1, row := b.task(t)
	if b.direct {
		return x[n0*b.imagePitch+row*b.inStep*b.rowPitch:]
	}
	if *buf == nil {
		*buf = make([]float32, b.images*b.imagePitch)
	}
	dst := *buf
	c := b.in.c
	lo := max(0, -b.left)            // first buffer column inside the input
	hi := min(b.bufW, b.in.w-b.left) // end of the columns inside
	for n := n0; n < n1; n++ {
		for r := range b.bufH {
			d := dst[(n-n0)*b.imagePitch+r*b.rowPitch:][:b.rowPitch]
			y := row*b.inStep + b.top + r
			if y < 0 || y >= b.in.h || hi <= lo {
				clear(d)
				continue
			}
			copy(d[lo*c:hi*c], x[((n*b.in.h+y)*b.in.w+b.left+lo)*c:])
		}
	}
	return dst
}

// offsets lists where one output pixel reads its input, from its first row and
// column: taps kernel rows of cols pixels of ck channels.
func (b *bands) offsets(taps, cols, ck int) []int {
	var out []int
	for r := range taps {
		for q := range cols {
			for i := range ck {
				out = append(out, r*b.rowPitch+q*b.in.c+i)
			}
		}
	}
	return out
}

package kernel

// fold is a matrix [rows, c] seen as one whose columns are a multiple of the
// width of a kernel: with a width of sixteen, eight rows of ten channels become
// one of eighty. A kernel with coefficients per channel then has whole vectors
// whatever the number of channels.
type fold struct {
	rows, cols int
	rest       int // elements after the last whole row
}

// foldLimit is the number of channels from which rows stay as they are: a few
// single columns cost less than so many repeated coefficients.
const foldLimit = 512

// foldBlock is the number of elements that a kernel with several operands does
// before it goes on to the next columns: memory is then walked nearly in order,
// and coefficients are still loaded once for several rows.
const foldBlock = 512

func newFold(rows, c, width int) fold {
	if rows == 0 || c == 0 {
		return fold{}
	}
	cols := c
	if c < foldLimit {
		cols *= width / min(c&-c, width) // c&-c: the power of two in c
	}
	n := rows * c
	return fold{rows: n / cols, cols: cols, rest: n % cols}
}

// block is the number of rows in foldBlock.
func (f fold) block() int { return max(4, foldBlock/f.cols) }

// spread repeats src over dst as far as there are elements.
func (f fold) spread(dst, src []float32) {
	if f.rows == 0 {
		dst = dst[:f.rest]
	}
	for n := copy(dst, src); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// gather adds up the columns of each channel.
func (f fold) gather(dst []float32, src []float64) {
	for i := range dst {
		s := 0.0
		for k := i; k < f.cols; k += len(dst) {
			s += src[k]
		}
		dst[i] = float32(s)
	}
}

package norm

// fold is a matrix [rows, c] seen as one whose columns are a multiple of the
// width of a kernel: with a width of sixteen, eight rows of ten channels become
// one of eighty. A kernel with coefficients per channel then has whole vectors
// for any number of channels.
type fold struct {
	rows, cols int
	rest       int // elements after the last whole row
}

// foldLimit is the number of channels from which rows stay as they are: beyond it a few
// single columns cost less than repeating the coefficients.
const foldLimit = 512

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

// spread fills dst with repetitions of src; the last may be cut.
func (f fold) spread(dst, src []float32) {
	if f.rows == 0 {
		dst = dst[:f.rest]
	}
	for n := copy(dst, src); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// gather adds the columns of each of c channels to its first one.
func gather[T float32 | float64](sums []T, c int) {
	for k := c; k < len(sums); k += c {
		for i, v := range sums[k : k+c] {
			sums[i] += v
		}
	}
}

package layers

// columns are the input units of a normalisation and, after them, the units that its output
// has and its input lacks, because they were always 0. Kernels work on rows of columns.
type columns struct {
	rows, inputs, outputs int
	n                     int   // columns
	of                    []int // column of each output unit; nil: the same
	in                    []float32
}

// newColumns lays rows of columns out; from lists the input unit of each output unit, or −1
// for one that the input lacks; nil: all in order.
func newColumns(rows, inputs int, from []int) *columns {
	c := &columns{rows: rows, inputs: inputs, outputs: inputs, n: inputs}
	if from == nil {
		return c
	}
	c.outputs, c.of = len(from), make([]int, len(from))
	for k, u := range from {
		if u < 0 {
			u = c.n
			c.n++
		}
		c.of[k] = u
	}
	if c.n > inputs {
		c.in = make([]float32, rows*c.n)
	}
	return c
}

// widened returns the rows of x with the columns that it lacks.
func (c *columns) widened(x []float32) []float32 {
	if c.in == nil {
		return x
	}
	for r := range c.rows {
		copy(c.in[r*c.n:], x[r*c.inputs:(r+1)*c.inputs])
	}
	return c.in
}

// narrow copies the columns of the input's units from rows of columns.
func (c *columns) narrow(dst, src []float32) {
	for r := range c.rows {
		copy(dst[r*c.inputs:(r+1)*c.inputs], src[r*c.n:])
	}
}

// pick copies rows of output units from rows of columns.
func (c *columns) pick(dst, src []float32, rows int) {
	if c.of == nil {
		copy(dst, src)
		return
	}
	gatherRows(dst, src, c.of, rows, c.n)
}

// put copies rows of output units to rows of columns; a column without an output unit
// becomes 0.
func (c *columns) put(dst, src []float32, rows int) {
	clear(dst)
	scatterAddRows(dst, src, c.of, rows, c.n)
}

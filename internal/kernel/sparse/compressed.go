package sparse

import (
	"math"
	"slices"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

const (
	lanes          = 8  // outputs of a strip and inputs of a block of the format for few rows
	stepUnroll     = 4  // a strip has a multiple of so many steps
	compressedRows = 4  // fewer rows go one by one
	lineRows       = 64 // rows that go together otherwise
	taskOutputs    = 32 // outputs of a task
)

// Compressed is a linear layer, y = W·x + b, or a 1×1 convolution, whose rows are pixels, that
// keeps only the weights that are not 0. There are two forms of them:
//
//   - For few rows, strips of eight outputs. A step multiplies eight weights, one of each output,
//     with one of eight neighbouring inputs each, which a permutation picks: 44 bytes, 40 of them
//     values and places. At a density of 0.1 a block of 8×8 takes 2.4 steps, 106 bytes for 256.
//   - For many rows, a list of places and values for each output. Inputs are transposed, 64 rows
//     side by side, and every weight multiplies 64 values.
//
// Results equal the dense product up to rounding, also where an input is infinite or
// undefined: its product with a weight of 0 is NaN.
//
// A Compressed does not change after it was made, and serves any number of CompressedRuns at
// once.
type Compressed struct {
	in, out int
	bias    []float32 // a multiple of lanes
	first   []int32   // where the list of an output begins, and the end
	list    []gemm.Entry
	steps   steps
}

// steps is the form for few rows.
type steps struct {
	first  []int32   // first step of a strip, and the end
	values []float32 // of each step, by output
	places []uint8   // and the input of the block that it belongs to
	blocks []uint32  // the first input of each step
}

// NewCompressed keeps the weights [in, out] that are not 0, and a bias [out], which may be nil.
func NewCompressed(w, bias []float32, in, out int) *Compressed {
	c := &Compressed{in: in, out: out, bias: make([]float32, (out+lanes-1)/lanes*lanes)}
	copy(c.bias, bias)
	for j := range out {
		c.first = append(c.first, int32(len(c.list)))
		for k := range in {
			if v := w[k*out+j]; v != 0 {
				c.list = append(c.list, gemm.Entry{At: uint32(k), Value: v})
			}
		}
	}
	c.first = append(c.first, int32(len(c.list)))
	for j := 0; j < out; j += lanes {
		c.steps.add(c, j, min(j+lanes, out))
	}
	c.steps.first = append(c.steps.first, int32(len(c.steps.blocks)))
	return c
}

// output lists the weights of an output.
func (c *Compressed) output(j int) []gemm.Entry { return c.list[c.first[j]:c.first[j+1]] }

// add makes the steps of the outputs [lo,hi).
func (s *steps) add(c *Compressed, lo, hi int) {
	s.first = append(s.first, int32(len(s.blocks)))
	var left [lanes][]gemm.Entry
	for j := lo; j < hi; j++ {
		left[j-lo] = c.output(j)
	}
	for block := 0; block < c.in; block += lanes {
		for {
			var values [lanes]float32
			var places [lanes]uint8
			some := false
			for lane, entries := range left {
				if len(entries) > 0 && int(entries[0].At) < block+lanes {
					values[lane], places[lane], some = entries[0].Value, uint8(int(entries[0].At)-block), true
					left[lane] = entries[1:]
				}
			}
			if !some {
				break
			}
			s.values, s.places, s.blocks = append(s.values, values[:]...), append(s.places, places[:]...), append(s.blocks, uint32(block))
		}
	}
	for (len(s.blocks)-int(s.first[len(s.first)-1]))%stepUnroll != 0 {
		s.values, s.places, s.blocks = append(s.values, make([]float32, lanes)...), append(s.places, make([]uint8, lanes)...), append(s.blocks, 0)
	}
}

// Density is the share of weights that are not 0.
func (c *Compressed) Density() float64 { return float64(len(c.list)) / float64(max(1, c.in*c.out)) }

// CompressedRun is the workspace of one caller of a Compressed.
type CompressedRun struct {
	*Compressed
	Counts *int64 // as of LinearRun

	rows  int
	relu  bool
	y, x  []float32
	row   []float32      // a row of x, whole blocks
	lines []*gemm.Packed // x, transposed, 64 rows each
	last  []float32      // the last 64 rows of x
	ws    []compressedWorker
}

// compressedWorker is the workspace of a worker.
type compressedWorker struct {
	sums [taskOutputs * lineRows]float32 // of some outputs, 64 rows side by side
	_    [64]byte
}

// Run returns a workspace.
func (c *Compressed) Run() *CompressedRun { return &CompressedRun{Compressed: c} }

// Forward computes y [rows, out] from x [rows, in], with relu max(·, 0) of it. The last bits of a
// row depend on whether there are 4 rows or more.
func (r *CompressedRun) Forward(y, x []float32, rows int, relu bool) {
	r.y, r.x, r.rows, r.relu = y[:rows*r.out], x[:rows*r.in], rows, relu
	outputs := (r.out + taskOutputs - 1) / taskOutputs
	if rows < compressedRows {
		r.row = parallel.Grow(r.row, (r.in+lanes-1)/lanes*lanes)
		for i := range rows {
			clear(r.row[copy(r.row, r.x[i*r.in:][:r.in]):])
			r.y = y[i*r.out:][:r.out]
			parallel.Own(outputs, r, (*CompressedRun).stepsTask)
			r.spread(r.y, r.row[:r.in])
		}
		r.y = y[:rows*r.out]
	} else {
		groups := (rows + lineRows - 1) / lineRows
		for len(r.lines) < groups {
			r.lines = append(r.lines, gemm.NewPacked(r.in, lineRows, true))
		}
		r.ws = parallel.PerWorker(r.ws)
		r.last = parallel.Grow(r.last, lineRows*r.in)
		parallel.Each(groups, r, (*CompressedRun).linesTask)
		parallel.Each(groups*outputs, r, (*CompressedRun).listsTask)
		parallel.Each(groups, r, (*CompressedRun).spreadTask)
	}
	if r.Counts != nil {
		*r.Counts += int64(rows * len(r.list))
	}
	r.y, r.x = nil, nil
}

// stepsTask computes some outputs of one row.
func (r *CompressedRun) stepsTask(_, task int) {
	for j := task * taskOutputs; j < min((task+1)*taskOutputs, r.out); j += lanes {
		sums := [lanes]float32(r.bias[j:])
		s := &r.steps
		if first, n := int(s.first[j/lanes]), int(s.first[j/lanes+1]-s.first[j/lanes]); n > 0 {
			s.run(&sums, r.row, first, n)
		}
		r.store(r.y[j:min(j+lanes, r.out)], sums[:])
	}
}

// run adds n steps to the sums.
func (s *steps) run(sums *[lanes]float32, x []float32, first, n int) {
	if simd.AVX2 {
		stepsAVX2(&sums[0], &x[0], &s.values[first*lanes], &s.places[first*lanes], &s.blocks[first], n)
		return
	}
	for i := first; i < first+n; i++ {
		block := x[s.blocks[i]:]
		for lane, v := range s.values[i*lanes:][:lanes] {
			sums[lane] += v * block[s.places[i*lanes+lane]]
		}
	}
}

// store stores outputs.
func (r *CompressedRun) store(y, sums []float32) {
	if copy(y, sums); r.relu {
		vector.ReLUSlice(y, y)
	}
}

// linesTask transposes 64 rows.
func (r *CompressedRun) linesTask(_, group int) {
	x := r.x[group*lineRows*r.in:]
	if len(x) < lineRows*r.in {
		clear(r.last[copy(r.last, x):])
		x = r.last
	}
	r.lines[group].Pack(x)
}

// listsTask computes some outputs of 64 rows.
func (r *CompressedRun) listsTask(worker, task int) {
	w, groups := &r.ws[worker], (r.rows+lineRows-1)/lineRows
	group, first := task%groups, task/groups*taskOutputs
	rows, outputs := min(lineRows, r.rows-group*lineRows), min(taskOutputs, r.out-first)
	block := gemm.Block{EndRow: r.in, EndPanel: (rows + gemm.TileN - 1) / gemm.TileN}
	for j := range outputs {
		sums := w.sums[j*lineRows:][:lineRows]
		for i := range sums {
			sums[i] = r.bias[first+j]
		}
		r.lines[group].AddEntries(sums, r.output(first+j), block)
		if r.relu {
			vector.ReLUSlice(sums, sums)
		}
	}
	vector.Transpose(r.y[group*lineRows*r.out+first:], w.sums[:], outputs, rows, r.out, lineRows)
}

// spreadTask calls spread for 64 rows.
func (r *CompressedRun) spreadTask(_, group int) {
	for i := group * lineRows; i < min((group+1)*lineRows, r.rows); i++ {
		r.spread(r.y[i*r.out:][:r.out], r.x[i*r.in:][:r.in])
	}
}

// spread makes outputs NaN that an infinite or undefined input reaches through a weight of 0.
func (r *CompressedRun) spread(y, x []float32) {
	if finite(x) {
		return
	}
	for k, v := range x {
		if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
			continue
		}
		for j := range y {
			_, there := slices.BinarySearchFunc(r.output(j), k, func(e gemm.Entry, k int) int { return int(e.At) - k })
			if !there {
				y[j] = float32(math.NaN())
			}
		}
	}
}

// finite reports whether no value of x is infinite or undefined.
func finite(x []float32) bool {
	i := simd.Whole(len(x), 8)
	sum := float32(0)
	if simd.AVX2 && i > 0 {
		sum = timesZeroAVX2(&x[0], i)
	}
	for ; i < len(x); i++ {
		sum += x[i] * 0
	}
	return sum == 0
}

package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/sparse"
	"pare/internal/kernel/vector"
	"pare/nn"
)

// rowsKernel computes y [rows, out] from x [rows, in] by a weight and a bias, with relu max(·, 0)
// of it, for all inputs.
type rowsKernel interface {
	Forward(y, x []float32, rows int, relu bool)
}

const (
	leastSkipped   = 1 << 10 // weights of the smallest matrix that is worth a look
	mostCompressed = 0.5     // the largest density of weights that may pay
	manyRows       = 64      // rows of the measurement for all numbers of them from fewestRows on
	fewestRows     = 4       // fewer rows take the measurement of one
)

// compressedForm and rowsForm name the forms of a weight for kernels that skip zeros; the bias is
// part of them.
type (
	compressedForm struct{ bias *nn.Param }
	rowsForm       struct{ bias *nn.Param }
)

// compressed is a weight without its zeros, and where it is faster than the dense one.
type compressed struct {
	weights  *sparse.Compressed
	one, all bool // for a single row, and for many
}

func (c *compressed) pays(rows int) bool {
	return c != nil && (rows < fewestRows && c.one || rows >= fewestRows && c.all)
}

// skipWeights returns a kernel for a weight [in, out] and a bias, which may be nil, that skips zeros
// of the weight; nil: the program does not ask for one, or it is not faster.
func skipWeights(b *nn.Builder, weight, bias *nn.Param, in, out, rows int) rowsKernel {
	if b.Zeros() == nil || in*out < leastSkipped {
		return nil
	}
	c := compress(b, weight, bias, in, out)
	if !c.pays(rows) {
		return nil
	}
	run := c.weights.Run()
	run.Counts = b.Counts()
	return run
}

// denseRows is the dense product with a weight [in, out] and a bias, which may be nil.
func denseRows(weight, bias *nn.Param, in, out int) sparse.DenseWay {
	return func(rows int) func(y, x []float32) {
		plan := gemm.New(rows, out, in, false, false)
		plan.UseFrozen(plan.Freeze(weight.Data()))
		return func(y, x []float32) { plan.Run(y, x, weight.Data(), valuesOf(bias), false, false) }
	}
}

// skipInputs returns a kernel for a weight [in, out] and a bias, which may be nil, that skips zeros
// of the input; nil: the program does not ask for one, or it is not faster.
func skipInputs(b *nn.Builder, weight, bias *nn.Param, in, out, rows int) *sparse.LinearRun {
	zeros := b.Zeros()
	if zeros == nil || in*out < leastSkipped {
		return nil
	}
	l := nn.MakeFrozen(b, weight, rowsForm{bias}, func() *sparse.Linear {
		return sparse.NewLinear(weight.Data(), valuesOf(bias), in, out, zeros, denseRows(weight, bias, in, out))
	})
	if !l.Skips(rows) {
		return nil
	}
	run := l.Run()
	run.Counts = b.Counts()
	return run
}

// applyRows adds the operation of a kernel, with the sum and the ReLU of an epilogue.
func applyRows(name string, k rowsKernel, rows int, out tensor.Shape, e nn.Epilogue, x *gorgonia.Node) (*gorgonia.Node, error) {
	op := nn.Op{Name: name, Shape: out, Rectified: e.ReLU}
	if e.Skip == nil {
		op.Run = func(dst []float32, in [][]float32) { k.Forward(dst, in[0], rows, e.ReLU) }
		return nn.Apply(op, x)
	}
	op.Run = func(dst []float32, in [][]float32) {
		k.Forward(dst, in[0], rows, false)
		vector.Add(dst, dst, in[1])
		if e.ReLU {
			vector.ReLU(dst, dst)
		}
	}
	return nn.Apply(op, x, e.Skip)
}

// withInputZeros is a layer of rows by a kernel that skips zeros of its input, or by the dense one where
// that has too few; skip, where the epilogue has a sum, is its place among the inputs.
func withInputZeros(k *sparse.LinearRun, rows int, e nn.Epilogue, skip int, dense nn.Kernel) nn.Kernel {
	return func(dst []float32, in [][]float32) {
		if !k.Pays(in[0], rows) {
			dense(dst, in)
			return
		}
		if k.Forward(dst, in[0], rows, e.ReLU && skip == 0); skip == 0 {
			return
		}
		if vector.Add(dst, dst, in[skip]); e.ReLU {
			vector.ReLU(dst, dst)
		}
	}
}

// compress is the compressed form of a weight; nil: it has too few zeros.
func compress(b *nn.Builder, weight, bias *nn.Param, in, out int) *compressed {
	zeros := b.Zeros()
	return nn.MakeFrozen(b, weight, compressedForm{bias}, func() *compressed {
		if in*out < leastSkipped || density(weight.Data()) > mostCompressed {
			return nil
		}
		dense := denseRows(weight, bias, in, out)
		c := &compressed{weights: sparse.NewCompressed(weight.Data(), valuesOf(bias), in, out)}
		c.one, c.all = zeros.Compresses(c.weights, dense, 1), zeros.Compresses(c.weights, dense, manyRows)
		if !c.one && !c.all {
			return nil
		}
		return c
	})
}

// density is the share of values that are not 0.
func density(values []float32) float64 {
	n := 0
	for _, v := range values {
		if v != 0 {
			n++
		}
	}
	return float64(n) / float64(max(1, len(values)))
}

// valuesOf are the values of a parameter that may be nil.
func valuesOf(p *nn.Param) []float32 {
	if p == nil {
		return nil
	}
	return p.Data()
}

package kernel

// WeightGrad is a plan for the gradients of a linear layer's parameters: of the
// weights, xᵀ·dy, and of the bias, the sums of the columns of dy.
type WeightGrad struct {
	rows, in, out int
	bias          bool
	deep          *deepProduct
	flat          *Gemm // where there are few rows

	skipX, skipDY *skipWeights // where x or dy may have many zeros; nil: no
}

// NewWeightGrad plans the gradients of weights [in,out] and, if there is a
// bias, of that, over so many rows of inputs.
func NewWeightGrad(rows, in, out int, bias bool) *WeightGrad {
	g := &WeightGrad{rows: rows, in: in, out: out, bias: bias}
	if deepPays(rows) {
		g.deep = newDeepProduct(in, out, rows, bias)
	} else {
		g.flat = NewGemm(in, out, rows, true, false)
	}
	return g
}

// SkipZeros lets the plan skip what is 0 in x or in dy in calls where that is
// most of it, as Gemm.SkipZeros does.
func (g *WeightGrad) SkipZeros(x, dy bool) {
	if x && skipPays(g.rows, g.in, g.out) {
		g.skipX = newSkipWeights(g.rows, g.in, g.out)
	}
	if dy && skipPays(g.rows, g.out, g.in) {
		g.skipDY = newSkipWeights(g.rows, g.out, g.in)
	}
}

// Size is the number of values that Run stores.
func (g *WeightGrad) Size() int {
	if g.bias {
		return (g.in + 1) * g.out
	}
	return g.in * g.out
}

// Run stores the gradient of the weights, [in,out], in dst and that of the
// bias, [out], behind it. x is [rows,in], dy [rows,out].
func (g *WeightGrad) Run(dst, x, dy []float32) {
	size := g.in * g.out
	switch {
	case g.skipX != nil && mostlyZero(x, g.rows, g.in):
		g.skipX.run(dst[:size], x, dy, nil, false)
	case g.skipDY != nil && mostlyZero(dy, g.rows, g.out):
		var sums []float32
		if g.bias {
			sums = dst[size:][:g.out]
		}
		g.skipDY.run(dst[:size], dy, x, sums, true)
		return
	case g.deep != nil:
		g.deep.run(dst, x, dy)
		return
	default:
		g.flat.Run(dst[:size], x, dy, nil, false, Epilogue{})
	}
	if g.bias {
		ColumnSums(dst[size:][:g.out], dy, g.rows, g.out)
	}
}

package kernel

// Norm is a normalisation together with the sum and the ReLU that follow it, in
// one pass: for every row and channel
//
//	z = x·A + B + skip·H
//	y = z, or max(z, 0) with ReLU
//
// with one A, B and H per channel. The gradients need x and skip only: where
// ReLU cut off is computed again, bit for bit, which costs less than reading y.
//
// A result may overwrite an argument of the same shape: y X or Skip, dx and
// dskip any of X, Skip and dy, but not each other.
type Norm struct {
	Rows, C int
	X       []float32 // [Rows, C]
	A, B    []float32 // [C]
	Skip    []float32 // [Rows, C]; nil: no sum
	H       []float32 // [C], factor of Skip; nil with Skip
	ReLU    bool      // a NaN passes
}

// Planes of coefficients, each a folded row long. The mean has the place of p:
// no call needs both.
const (
	planeA = iota
	planeB
	planeH
	planeMean            // GradSums
	planeP    = iota - 1 // GradInput
	planeQ
	planeR
	normPlanes
)

// job prepares a call: it checks the lengths, and spreads the coefficients.
func (n *Norm) job() *job {
	j := newJob()
	size := n.Rows * n.C
	j.norm = *n
	j.norm.X = n.X[:size]
	j.fold = newFold(n.Rows, n.C, normWidth)
	j.vec2 = grow(j.vec2, normPlanes*j.fold.cols)
	j.plane(planeA, n.A[:n.C])
	j.plane(planeB, n.B[:n.C])
	if n.Skip != nil {
		j.norm.Skip = n.Skip[:size]
		j.plane(planeH, n.H[:n.C])
	}
	return j
}

func (j *job) plane(k int, src []float32) {
	c := j.fold.cols
	j.fold.spread(j.vec2[k*c:(k+1)*c], src)
}

// eachFold runs op(j, at, rows, n), which does n columns of some rows from
// element at on, over a folded matrix.
func (j *job) eachFold(op func(j *job, at, rows, n int)) {
	f := j.fold
	j.foldOp = op
	j.each(f.rows, rowStep(f.cols), func(j *job, lo, hi, _ int) {
		cols := j.fold.cols
		j.foldOp(j, lo*cols, hi-lo, cols)
	})
	if f.rest > 0 {
		op(j, f.rows*f.cols, 1, f.rest)
	}
	j.foldOp = nil
}

// Forward computes y [Rows, C].
func (n *Norm) Forward(y []float32) {
	j := n.job()
	j.dst = y[:n.Rows*n.C]
	j.eachFold((*job).normForward)
	j.release()
}

// GradSums computes for every channel, with dz the gradient with respect to z,
//
//	sum = Σ dz    dot = Σ dz·(x − mean)    skipDot = Σ dz·skip
//
// skipDot nil leaves the last out; it needs Skip.
func (n *Norm) GradSums(sum, dot, skipDot, mean, dy []float32) {
	size, sums := n.Rows*n.C, 2
	if skipDot != nil {
		sums = 3
		_ = n.Skip[:size]
	}
	if size == 0 {
		for _, dst := range [][]float32{sum, dot, skipDot}[:sums] {
			clear(dst[:n.C])
		}
		return
	}
	j := n.job()
	j.plane(planeMean, mean[:n.C])
	j.b = dy[:size]
	f := j.fold
	total := j.columns(f.rows, sums*f.cols, func(j *job, run []float32, lo, hi int) {
		cols := j.fold.cols
		j.normSums(run, lo*cols, hi-lo, cols)
	})
	if f.rest > 0 {
		run := j.vec[:sums*f.cols]
		clear(run)
		j.normSums(run, f.rows*f.cols, 1, f.rest)
		addRun(total, run)
	}
	for k, dst := range [][]float32{sum, dot, skipDot}[:sums] {
		plane := total[k*f.cols : (k+1)*f.cols]
		gather(plane, n.C)
		toFloat32(dst[:n.C], plane[:n.C])
	}
	j.release()
}

// GradInput computes dx = dz·p + x·q + r with p, q and r per channel, and, unless
// it is nil, dskip = dz·H, which needs Skip.
func (n *Norm) GradInput(dx, dskip, p, q, r, dy []float32) {
	j := n.job()
	size := n.Rows * n.C
	j.plane(planeP, p[:n.C])
	j.plane(planeQ, q[:n.C])
	j.plane(planeR, r[:n.C])
	j.dst, j.b = dx[:size], dy[:size]
	if dskip != nil {
		_ = n.Skip[:size]
		j.c = dskip[:size]
	}
	j.eachFold((*job).normInput)
	j.release()
}

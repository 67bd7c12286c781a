package kernel

// Norm is a normalisation together with the sum and the ReLU that follow it, in
// one pass: for every row and channel
//
//	z = x·A + B + skip·H
//	y = z, or max(z, 0) with ReLU
//
// with one A, B and H per channel. The gradients need x and skip only: where
// ReLU cut off is computed again, which costs less than reading y.
type Norm struct {
	Rows, C int
	X       []float32 // [Rows, C]
	A, B    []float32 // [C]
	Skip    []float32 // [Rows, C]; nil: no sum
	H       []float32 // [C], factor of Skip; nil with Skip
	ReLU    bool      // a NaN passes
}

// Forward computes y [Rows, C].
func (n *Norm) Forward(y []float32) {
	for i := range y[:n.Rows*n.C] {
		v := n.z(i)
		if n.ReLU && v <= 0 {
			v = 0
		}
		y[i] = v
	}
}

func (n *Norm) z(i int) float32 {
	c := i % n.C
	v := n.X[i]*n.A[c] + n.B[c]
	if n.Skip != nil {
		v += n.Skip[i] * n.H[c]
	}
	return v
}

// dz is the gradient with respect to z where that for y is dy.
func (n *Norm) dz(i int, dy float32) float32 {
	if n.ReLU && !(n.z(i) > 0) {
		return 0
	}
	return dy
}

// GradSums computes for every channel, with dz the gradient with respect to z,
//
//	sum = Σ dz    dot = Σ dz·(x − mean)    skipDot = Σ dz·skip
//
// skipDot nil leaves the last out.
func (n *Norm) GradSums(sum, dot, skipDot, mean, dy []float32) {
	for c := range n.C {
		var s, d, k float64
		for r := range n.Rows {
			i := r*n.C + c
			dz := float64(n.dz(i, dy[i]))
			s += dz
			d += dz * float64(n.X[i]-mean[c])
			if skipDot != nil {
				k += dz * float64(n.Skip[i])
			}
		}
		sum[c], dot[c] = float32(s), float32(d)
		if skipDot != nil {
			skipDot[c] = float32(k)
		}
	}
}

// GradInput computes dx = dz·p + x·q + r with p, q and r per channel, and, unless
// it is nil, dskip = dz·H.
func (n *Norm) GradInput(dx, dskip, p, q, r, dy []float32) {
	for i := range dx[:n.Rows*n.C] {
		c := i % n.C
		dz := n.dz(i, dy[i])
		dx[i] = dz*p[c] + n.X[i]*q[c] + r[c]
		if dskip != nil {
			dskip[i] = dz * n.H[c]
		}
	}
}

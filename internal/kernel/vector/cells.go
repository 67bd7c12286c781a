package vector

import "pare/internal/simd"

// The functions of this file are one step of a recurrent cell for one sequence: n
// units, with the gates one after another, on the calling goroutine. x holds the
// products of the input with their bias, u the products of the state before with
// theirs.

// TanhStep computes the state h = tanh(x + u).
func TanhStep(h, x, u []float32) {
	if simd.AVX2 {
		tanhStepAVX2(&h[0], &x[0], &u[0], len(h))
		return
	}
	for i, v := range x[:len(h)] {
		h[i] = tanh32(v + u[i])
	}
}

// TanhStepBack computes dx = (dy + dh)·(1 − h²) from the state h, the gradient dy
// with respect to the output and dh with respect to the state as the next step
// reads it.
func TanhStepBack(dx, h, dy, dh []float32) {
	if simd.AVX2 {
		tanhStepBackAVX2(&dx[0], &h[0], &dy[0], &dh[0], len(h))
		return
	}
	for i, v := range h {
		dx[i] = tanhGrad32(v, dy[i]+dh[i])
	}
}

// ReLUStep computes the state h = max(x + u, 0); NaN stays NaN.
func ReLUStep(h, x, u []float32) {
	AddSlice(h, x[:len(h)], u[:len(h)])
	ReLUSlice(h, h)
}

// ReLUStepBack computes dx = dy + dh where the state h is positive, else 0.
func ReLUStepBack(dx, h, dy, dh []float32) {
	dx = dx[:len(h)]
	AddSlice(dx, dy[:len(h)], dh[:len(h)])
	reluGradSlice(dx, h, dx)
}

// LSTMStep computes the gates i, f, g, o of an LSTM, the cells c1 = f·c0 + i·g and
// the state h = o·tanh(c1). gates may be x or u, and c1 may be c0.
func LSTMStep(gates, x, u, c0, c1, h []float32) {
	n := len(h)
	gates, x, u, c0, c1 = gates[:4*n], x[:4*n], u[:4*n], c0[:n], c1[:n]
	if simd.AVX2 {
		lstmStepAVX2(&gates[0], &x[0], &u[0], &c0[0], &c1[0], &h[0], n)
		return
	}
	for j := range h {
		i := sigmoid32(x[j] + u[j])
		f := sigmoid32(x[n+j] + u[n+j])
		g := tanh32(x[2*n+j] + u[2*n+j])
		o := sigmoid32(x[3*n+j] + u[3*n+j])
		gates[j], gates[n+j], gates[2*n+j], gates[3*n+j] = i, f, g, o
		c := f*c0[j] + i*g
		c1[j], h[j] = c, o*tanh32(c)
	}
}

// LSTMStepBack computes the gradients dx with respect to x from the gates, the
// cells before and after, dy and dh. dc is the gradient with respect to c1
// through the steps after; it becomes the one with respect to c0.
func LSTMStepBack(dx, gates, c0, c1, dy, dh, dc []float32) {
	n := len(dc)
	dx, gates, c0, c1, dy, dh = dx[:4*n], gates[:4*n], c0[:n], c1[:n], dy[:n], dh[:n]
	if simd.AVX2 {
		lstmStepBackAVX2(&dx[0], &gates[0], &c0[0], &c1[0], &dy[0], &dh[0], &dc[0], n)
		return
	}
	for j := range dc {
		i, f, g, o := gates[j], gates[n+j], gates[2*n+j], gates[3*n+j]
		d, t := dy[j]+dh[j], tanh32(c1[j])
		s := dc[j] + d*o*((1-t)*(1+t))
		dx[j] = s * g * (i * (1 - i))
		dx[n+j] = s * c0[j] * (f * (1 - f))
		dx[2*n+j] = s * i * ((1 - g) * (1 + g))
		dx[3*n+j] = d * t * (o * (1 - o))
		dc[j] = s * f
	}
}

// GRUStep computes the gates r, z, n of a GRU, keeps the recurrent product of n
// in s and replaces the state h by (1−z)·n + z·h. gates may be x or u, and s that
// product itself.
func GRUStep(gates, x, u, s, h []float32) {
	n := len(h)
	gates, x, u, s = gates[:3*n], x[:3*n], u[:3*n], s[:n]
	if simd.AVX2 {
		gruStepAVX2(&gates[0], &x[0], &u[0], &s[0], &h[0], n)
		return
	}
	for j, v := range h {
		r := sigmoid32(x[j] + u[j])
		z := sigmoid32(x[n+j] + u[n+j])
		m := tanh32(x[2*n+j] + r*u[2*n+j])
		s[j] = u[2*n+j]
		gates[j], gates[n+j], gates[2*n+j] = r, z, m
		h[j] = m + z*(v-m)
	}
}

// GRUStepBack computes du, the gradients with respect to u, from the gates, the
// product that GRUStep kept in s, the state h before, dy and dh. The gradient with
// respect to x is the same but for gate n, where it takes the place of the gate. dh
// becomes the gradient with respect to h past the products.
func GRUStepBack(du, gates, s, h, dy, dh []float32) {
	n := len(h)
	du, gates, s, dy, dh = du[:3*n], gates[:3*n], s[:n], dy[:n], dh[:n]
	if simd.AVX2 {
		gruStepBackAVX2(&du[0], &gates[0], &s[0], &h[0], &dy[0], &dh[0], n)
		return
	}
	for j, v := range h {
		r, z, m := gates[j], gates[n+j], gates[2*n+j]
		d := dy[j] + dh[j]
		dn := d * (1 - z) * ((1 - m) * (1 + m))
		du[j] = dn * s[j] * (r * (1 - r))
		du[n+j] = d * (v - m) * (z * (1 - z))
		du[2*n+j] = dn * r
		gates[2*n+j] = dn
		dh[j] = d * z
	}
}

package kernel

import "math"

// normWidth is the number of columns that the assembly does at a time.
const normWidth = 16

// normCached is the number of elements up to which matrices are likely to be
// in a cache.
const normCached = 2 << 20

// normBlock is the number of rows that the assembly does before it goes on to
// the next columns, so that coefficients serve several rows. Memory outside the
// caches wants to be read in order; rows a large power of two apart would push
// each other out of the cache.
func (j *job) normBlock() int {
	switch f := j.fold; {
	case f.cols == normWidth:
		return f.rows
	case f.cols > 64 && f.rows*f.cols > normCached:
		return 1
	case f.cols%256 == 0:
		return 2
	}
	return 4
}

// The functions of this file do n columns of some folded rows, the first of
// which starts at element at. The assembly does whole vectors, the loops below
// the rest: whole rows without AVX2, the last few elements of a matrix with it.
// Each element takes the same way in all of them.

// z is the value before ReLU of element i in column k. The conversions keep the
// compiler from fusing, which it might do in one place and not in another.
func (j *job) z(i, k int) float32 {
	n, cols := &j.norm, j.fold.cols
	v := float32(n.X[i]*j.vec2[k]) + j.vec2[planeB*cols+k]
	if n.Skip != nil {
		v += float32(n.Skip[i] * j.vec2[planeH*cols+k])
	}
	return v
}

// dz is the gradient with respect to z.
func (j *job) dz(i, k int) float32 {
	if j.norm.ReLU && !(j.z(i, k) > 0) {
		return 0
	}
	return j.b[i]
}

func (j *job) normForward(at, rows, n int) {
	cols, done := j.fold.cols, 0
	if useAVX2 && n >= normWidth {
		done = n &^ (normWidth - 1)
		floor := float32(math.Inf(-1))
		if j.norm.ReLU {
			floor = 0
		}
		normForwardAVX2(&j.dst[at], &j.norm.X[at], from(j.norm.Skip, at), &j.vec2[0], floor, rows, j.normBlock(), done, cols)
	}
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			v := j.z(at+k, k)
			if j.norm.ReLU && v <= 0 {
				v = 0
			}
			j.dst[at+k] = v
		}
		at += cols
	}
}

// normSums adds to two or three rows of sums.
func (j *job) normSums(sums []float32, at, rows, n int) {
	cols, done := j.fold.cols, 0
	toSkip := len(sums) > 2*cols
	if useAVX2 && n >= normWidth {
		done = n &^ (normWidth - 1)
		mode := j.mask()
		if toSkip {
			mode |= modeSkipSum
		}
		normSumsAVX2(&sums[0], &j.norm.X[at], from(j.norm.Skip, at), &j.b[at], &j.vec2[0], mode, rows, j.normBlock(), done, cols)
	}
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			dz := j.dz(at+k, k)
			sums[k] += dz
			sums[cols+k] += dz * (j.norm.X[at+k] - j.vec2[planeMean*cols+k])
			if toSkip {
				sums[2*cols+k] += dz * j.norm.Skip[at+k]
			}
		}
		at += cols
	}
}

func (j *job) normInput(at, rows, n int) {
	cols, done := j.fold.cols, 0
	if useAVX2 && n >= normWidth {
		done = n &^ (normWidth - 1)
		normInputAVX2(&j.dst[at], from(j.c, at), &j.norm.X[at], from(j.norm.Skip, at), &j.b[at], &j.vec2[0], j.mask(), rows, j.normBlock(), done, cols)
	}
	p, q, r := j.vec2[planeP*cols:], j.vec2[planeQ*cols:], j.vec2[planeR*cols:]
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			dz, x := j.dz(at+k, k), j.norm.X[at+k]
			j.dst[at+k] = dz*p[k] + (x*q[k] + r[k])
			if j.c != nil {
				j.c[at+k] = dz * j.vec2[planeH*cols+k]
			}
		}
		at += cols
	}
}

// What a gradient kernel computes to find where ReLU cut off.
const (
	modePlain   = iota // nothing
	modeReLU           // z without a sum
	modeSum            // z with a sum
	modeSkipSum = 4    // added: the sum for skipDot
)

func (j *job) mask() int {
	switch {
	case !j.norm.ReLU:
		return modePlain
	case j.norm.Skip == nil:
		return modeReLU
	}
	return modeSum
}

// from returns a pointer to s[at], nil for a nil slice.
func from(s []float32, at int) *float32 {
	if s == nil {
		return nil
	}
	return &s[at]
}

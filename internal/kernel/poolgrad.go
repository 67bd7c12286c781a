package kernel

// windowGrad writes the gradient of a run of windows that starts with window q
// of row r of an image, or adds it. dx is the image, whose values start at x in
// the input, and out is where the first window stands in the output.
type windowGrad func(j *job, dx []float32, x, r, q, out int, w windows, add bool)

// poolGrad overwrites dst with the gradient that grad writes, and releases the
// job.
func (j *job) poolGrad(grad windowGrad) {
	s := &j.pool
	j.windowGrad = grad
	oh := s.OutH()
	if oh > 0 && s.OutW() > 0 && s.PadH == 0 && s.PadW == 0 && s.StrideH >= s.KH && s.StrideW >= s.KW {
		j.poolRows(s.N*oh, s.StrideH*s.W*s.C, gradRows)
		return
	}
	// Windows overlap, so a task owns whole images.
	j.poolRows(s.N, s.H*s.W*s.C, gradImages)
}

// gradRows computes dst for the windows of output rows [lo,hi), counted over
// all images, which do not overlap. A task owns the input rows from its windows
// to the next ones and writes every value once.
func gradRows(j *job, lo, hi, _ int) {
	s := &j.pool
	oh, width := s.OutH(), s.W*s.C
	_, covered := window(s.OutW()-1, s.W, s.KW, s.StrideW, 0)
	if s.StrideW > s.KW {
		covered = 0 // gaps between the windows
	}
	for ; lo < hi; lo++ {
		n, r := lo/oh, lo%oh
		dx := j.dst[n*s.H*width:][:s.H*width]
		h0, h1 := window(r, s.H, s.KH, s.StrideH, 0)
		end := s.H
		if r < oh-1 {
			end = h0 + s.StrideH
		}
		clear(dx[h1*width : end*width])
		for h := h0; h < h1; h++ {
			clear(dx[h*width+covered*s.C : (h+1)*width])
		}
		j.gradRow(n, r, false)
	}
}

// gradImages computes dst of images [lo,hi).
func gradImages(j *job, lo, hi, _ int) {
	s := &j.pool
	size := s.H * s.W * s.C
	clear(j.dst[lo*size : hi*size])
	for n := lo; n < hi; n++ {
		for r := range s.OutH() {
			j.gradRow(n, r, true)
		}
	}
}

// gradRow runs the windows of row r of image n.
func (j *job) gradRow(n, r int, add bool) {
	s := &j.pool
	ow, size := s.OutW(), s.H*s.W*s.C
	dx, out := j.dst[n*size:][:size], (n*s.OutH()+r)*ow
	for q := 0; q < ow; {
		w := s.windows(r, q)
		if w.kh > 0 && w.kw > 0 {
			j.windowGrad(j, dx, n*size, r, q, (out+q)*s.C, w, add)
		}
		q += w.n
	}
}

// vectorisedGrad returns how many windows of the run the assembly can do
// backward. Beyond less than eight channels it would add to, or write into a
// gap, what belongs to no later window.
func (w windows) vectorisedGrad(s *PoolShape, add bool) int {
	if s.C < 8 && (add || s.StrideW > s.KW) {
		return 0
	}
	return w.vectorised(s.C)
}

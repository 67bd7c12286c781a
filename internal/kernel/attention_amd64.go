package kernel

// stripsAVX2 computes count strips, at least one, in one panel.
//
//go:noescape
func stripsAVX2(s *strips, count int)

// rows and n are positive.
//
//go:noescape
func copyColumnsAVX2(dst, src *float32, rows, n, ldd, lds int)

// rows and n are positive multiples of eight.
//
//go:noescape
func transposeColumnsAVX2(dst, src *float32, rows, n, ldd, lds int, scale float32)

// rows and n are positive; rows of eight values are read and written whole.
//
//go:noescape
func softmaxRowsAVX2(x *float32, rows, ld, n, step int)

//go:noescape
func softmaxGradRowsAVX2(dp, p *float32, rows, ld, n, step int)

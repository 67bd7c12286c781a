//go:build !amd64

package kernel

func stripsAVX2(s *strips, count int)                                              {}
func copyColumnsAVX2(dst, src *float32, rows, n, ldd, lds int)                     {}
func transposeColumnsAVX2(dst, src *float32, rows, n, ldd, lds int, scale float32) {}
func softmaxRowsAVX2(x *float32, rows, ld, n, step int)                            {}
func softmaxGradRowsAVX2(dp, p *float32, rows, ld, n, step int)                    {}

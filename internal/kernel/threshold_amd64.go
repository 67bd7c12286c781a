package kernel

// n is a positive multiple of eight.
//
//go:noescape
func thresholdAVX2(dst, x *float32, n int, tau float32)

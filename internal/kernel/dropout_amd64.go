package kernel

// n is a positive multiple of eight; first and key are the halves of the key, the
// first with the position added.
//
//go:noescape
func dropoutAVX2(dst, x *float32, n int, first, key, limit uint32, scale float32)

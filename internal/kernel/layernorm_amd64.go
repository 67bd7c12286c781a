package kernel

// n is a positive multiple of eight.

//go:noescape
func normalizeRowAVX2(y, x, gamma, beta *float32, n int, m, s float32)

//go:noescape
func layerNormSumsAVX2(x, gamma, dy *float32, n int, m float32) (p, q float64)

//go:noescape
func layerNormRowAVX2(dx, dgamma, dbeta, x, gamma, dy *float32, n int, m, s, p, q float32)

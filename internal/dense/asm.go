package dense

// for i := range 4 { for j := range 12 { for t := range k {
// c[i*ldc+j] += alpha * a[4*t+i] * b[12*t+j] } } }
//
//go:noescape
func tileAVX2(c, a, b *float64, k, ldc int, alpha float64)

package kernel

// momentRowsAVX2 computes sum[c] = Σ_r (x[r,c] - shift[c]) and square[c], the
// sum of squares of the same, over rows contiguous rows of n channels. sum,
// square and shift are n rounded up to sixteen long.
//
//go:noescape
func momentRowsAVX2(sum, square, x, shift *float32, rows, n int)

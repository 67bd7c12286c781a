package dense

// Dot is Σ x[i]·y[i] over the length of x; y is at least as long.
func Dot(x, y []float64) float64 {
	n := len(x)
	y = y[:n]
	sum, done := 0.0, 0
	if useAVX2 && n >= 16 {
		done = n &^ 15
		sum = dotAVX2(&x[0], &y[0], done)
	}
	for i := done; i < n; i++ {
		sum += x[i] * y[i]
	}
	return sum
}

// AddScaled is y += alpha·x over the length of x; y is at least as long.
func AddScaled(y []float64, alpha float64, x []float64) {
	n := len(x)
	y = y[:n]
	done := 0
	if useAVX2 && n >= 4 {
		done = n &^ 3
		axpyAVX2(&y[0], &x[0], done, alpha)
	}
	for i := done; i < n; i++ {
		y[i] += alpha * x[i]
	}
}

// tilePortable is the twin of tileAVX2.
func tilePortable(c, a, b []float64, k, ldc int, alpha float64) {
	var sum [tileRows * tileCols]float64
	for l := range k {
		bl := b[l*tileCols : (l+1)*tileCols]
		for r, x := range a[l*tileRows : (l+1)*tileRows] {
			row := sum[r*tileCols : (r+1)*tileCols]
			for j, y := range bl {
				row[j] += x * y
			}
		}
	}
	for r := range tileRows {
		for j := range tileCols {
			c[r*ldc+j] += alpha * sum[r*tileCols+j]
		}
	}
}

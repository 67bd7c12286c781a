package dense

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

package kernel

// softmaxRows replaces the first n + r·step values of every row r, ld apart, by
// their softmax and sets what follows to 0 up to a multiple of eight, which ld
// is as well. Rows with NaN or +Inf, or of -Inf alone, become NaN, and what
// follows them may.
func softmaxRows(x []float32, rows, ld, n, step int) {
	_ = x[(rows-1)*ld+n+(rows-1)*step-1]
	if useAVX2 {
		softmaxRowsAVX2(&x[0], rows, ld, n, step)
		return
	}
	for r := range rows {
		row, past := rowAndPast(x[r*ld:], n+r*step)
		sum := float32(0)
		m := rowMax(row)
		for j, v := range row {
			row[j] = expNeg(v - m)
			sum += row[j]
		}
		for j := range row {
			row[j] *= 1 / sum
		}
		clear(past)
	}
}

// softmaxGradRows replaces dp, the gradient of the rows p that softmaxRows made,
// by the gradient of what they were made of: p·(dp - Σ p·dp). What a row does
// not see is not read, and 0 afterwards up to a multiple of eight.
func softmaxGradRows(dp, p []float32, rows, ld, n, step int) {
	last := (rows-1)*ld + n + (rows-1)*step - 1
	_, _ = dp[last], p[last]
	if useAVX2 {
		softmaxGradRowsAVX2(&dp[0], &p[0], rows, ld, n, step)
		return
	}
	for r := range rows {
		row, past := rowAndPast(dp[r*ld:], n+r*step)
		prob, sum := p[r*ld:], float32(0)
		for j, v := range row {
			sum += prob[j] * v
		}
		for j, v := range row {
			row[j] = prob[j] * (v - sum)
		}
		clear(past)
	}
}

// rowAndPast returns n values and those after them up to a multiple of eight.
func rowAndPast(x []float32, n int) (row, past []float32) { return x[:n], x[n : (n+7)&^7] }

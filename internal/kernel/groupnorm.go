package kernel

// Norms of groups of weights and the factors that shrink them. Squares and
// absolute values are summed in float64, for a penalty decides by them what
// becomes zero. A matrix is given as rows of n values without padding.

// SumSquares returns Σ w².
func SumSquares(w []float32) float64 {
	return total(w, func(j *job, lo, hi, task int) { j.part[task] = sumSquares(j.a[lo:hi]) })
}

// SumAbs returns Σ |w|.
func SumAbs(w []float32) float64 {
	return total(w, func(j *job, lo, hi, task int) { j.part[task] = sumAbs(j.a[lo:hi]) })
}

// total adds up what op finds in the chunks of w.
func total(w []float32, op func(j *job, lo, hi, task int)) float64 {
	j := newJob()
	j.a = w
	j.part = grow(j.part, (len(w)+reduceChunk-1)/reduceChunk)
	j.each(len(w), reduceChunk, op)
	sum := 0.0
	for _, v := range j.part {
		sum += v
	}
	j.release()
	return sum
}

// RowSquares sets sums[r] = Σ_i w[r,i]².
func RowSquares(sums []float64, w []float32, n int) {
	j := newJob()
	j.a, j.cols = w[:len(sums)*n], n
	j.part = grow(j.part, len(sums))
	j.each(len(sums), rowStep(n), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			j.part[r] = sumSquares(j.a[r*j.cols : (r+1)*j.cols])
		}
	})
	copy(sums, j.part)
	j.release()
}

// ColumnSquares sets sums[i] = Σ_r w[r,i]².
func ColumnSquares(sums []float64, w []float32) {
	n := len(sums)
	rows, step := len(w)/n, rowStep(n)
	chunks := max(1, (rows+step-1)/step)
	j := newJob()
	j.a, j.cols = w[:rows*n], n
	j.part = grow(j.part, chunks*n)
	clear(j.part)
	j.each(rows, step, func(j *job, lo, hi, task int) {
		addColumnSquares(j.part[task*j.cols:][:j.cols], j.a[lo*j.cols:hi*j.cols])
	})
	copy(sums, j.part)
	for k := 1; k < chunks; k++ {
		for i, v := range j.part[k*n : (k+1)*n] {
			sums[i] += v
		}
	}
	j.release()
}

// ScaleRows multiplies row r of w by factor[r]. A row with factor 0 becomes +0
// whatever it holds, one with factor 1 is not touched.
func ScaleRows(w, factor []float32, n int) {
	j := newJob()
	j.dst, j.a, j.cols = w[:len(factor)*n], factor, n
	j.each(len(factor), rowStep(n), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			scaleRow(j.dst[r*j.cols:(r+1)*j.cols], j.a[r])
		}
	})
	j.release()
}

func scaleRow(row []float32, f float32) {
	switch f {
	case 0:
		clear(row)
	case 1:
	default:
		scaleSlice(row, row, f)
	}
}

// ScaleColumns multiplies column i of w by factor[i]; a factor of 0 gives +0.
func ScaleColumns(w, factor []float32) {
	n := len(factor)
	rows := len(w) / n
	j := newJob()
	j.dst, j.a, j.cols = w[:rows*n], factor, n
	j.each(rows, rowStep(n), func(j *job, lo, hi, _ int) {
		scaleColumns(j.dst[lo*j.cols:hi*j.cols], j.a)
	})
	j.release()
}

func sumSquares(w []float32) float64 {
	i, sum := 0, 0.0
	if useAVX2 && len(w) >= 16 {
		i = len(w) &^ 15
		sum = sumSquaresAVX2(&w[0], i)
	}
	for ; i < len(w); i++ {
		sum += float64(w[i]) * float64(w[i])
	}
	return sum
}

func sumAbs(w []float32) float64 {
	i, sum := 0, 0.0
	if useAVX2 && len(w) >= 16 {
		i = len(w) &^ 15
		sum = sumAbsAVX2(&w[0], i)
	}
	for ; i < len(w); i++ {
		v := float64(w[i])
		if v < 0 {
			v = -v
		}
		sum += v
	}
	return sum
}

// addColumnSquares adds the squares of whole rows to the sums of the columns.
func addColumnSquares(sums []float64, w []float32) {
	n := len(sums)
	rows := len(w) / n
	i := 0
	if useAVX2 && n >= 4 && rows > 0 {
		i = n &^ 3
		addColumnSquaresAVX2(&sums[0], &w[0], rows, i, n)
	}
	if i == n {
		return
	}
	for ; len(w) > 0; w = w[n:] {
		for k := i; k < n; k++ {
			sums[k] += float64(w[k]) * float64(w[k])
		}
	}
}

// scaleColumns scales whole rows. Adding 0 turns the −0 of a product into +0.
func scaleColumns(w, factor []float32) {
	n := len(factor)
	rows := len(w) / n
	i := 0
	if useAVX2 && n >= 8 && rows > 0 {
		i = n &^ 7
		scaleColumnsAVX2(&w[0], &factor[0], rows, i, n)
	}
	if i == n {
		return
	}
	for ; len(w) > 0; w = w[n:] {
		for k := i; k < n; k++ {
			w[k] = w[k]*factor[k] + 0
		}
	}
}

package kernel

// n is a positive multiple of sixteen here,

//go:noescape
func sumSquaresAVX2(w *float32, n int) float64

//go:noescape
func sumAbsAVX2(w *float32, n int) float64

// a positive multiple of four and of eight here; rows is positive and ld is the
// distance of rows in elements.

//go:noescape
func addColumnSquaresAVX2(sums *float64, w *float32, rows, n, ld int)

//go:noescape
func scaleColumnsAVX2(w, factor *float32, rows, n, ld int)

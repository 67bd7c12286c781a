//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func sumSquaresAVX2(w *float32, n int) float64                        { return 0 }
func sumAbsAVX2(w *float32, n int) float64                            { return 0 }
func addColumnSquaresAVX2(sums *float64, w *float32, rows, n, ld int) {}
func scaleColumnsAVX2(w, factor *float32, rows, n, ld int)            {}

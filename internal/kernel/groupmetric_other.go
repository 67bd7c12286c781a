//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func metricBoundsAVX2(b *GroupBounds, w, d *float32, n int) {}
func metricSecularAVX2(w, d *float32, n int, theta, tau float64) (phi, psi float64) {
	return 0, 0
}
func metricShrinkAVX2(w, d *float32, n int, theta, tau float64) {}

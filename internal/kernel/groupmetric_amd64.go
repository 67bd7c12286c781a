package kernel

// n is a positive multiple of eight in all of these.

//go:noescape
func metricBoundsAVX2(b *GroupBounds, w, d *float32, n int)

//go:noescape
func metricSecularAVX2(w, d *float32, n int, theta, tau float64) (phi, psi float64)

//go:noescape
func metricShrinkAVX2(w, d *float32, n int, theta, tau float64)

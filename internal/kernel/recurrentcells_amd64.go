package kernel

// n is positive in all of these.

//go:noescape
func tanhStepAVX2(h, x, u *float32, n int)

//go:noescape
func tanhStepBackAVX2(dx, h, dy, dh *float32, n int)

//go:noescape
func lstmStepAVX2(gates, x, u, c0, c1, h *float32, n int)

//go:noescape
func lstmStepBackAVX2(dx, gates, c0, c1, dy, dh, dc *float32, n int)

//go:noescape
func gruStepAVX2(gates, x, u, s, h *float32, n int)

//go:noescape
func gruStepBackAVX2(du, gates, s, h, dy, dh *float32, n int)

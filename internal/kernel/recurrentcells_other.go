//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func tanhStepAVX2(h, x, u *float32, n int)                           {}
func tanhStepBackAVX2(dx, h, dy, dh *float32, n int)                 {}
func lstmStepAVX2(gates, x, u, c0, c1, h *float32, n int)            {}
func lstmStepBackAVX2(dx, gates, c0, c1, dy, dh, dc *float32, n int) {}
func gruStepAVX2(gates, x, u, s, h *float32, n int)                  {}
func gruStepBackAVX2(du, gates, s, h, dy, dh *float32, n int)        {}

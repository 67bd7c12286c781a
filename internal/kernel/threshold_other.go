//go:build !amd64

package kernel

// thresholdAVX2 is never called: useAVX2 is false.
func thresholdAVX2(dst, x *float32, n int, tau float32) {}

//go:build !amd64

package bench

func haveFMA() bool { return false }

// multiplyAdd is never called here.
func multiplyAdd(int) {}

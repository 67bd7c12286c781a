//go:build !amd64

package kernel

import "runtime"

// pause lets others run while the caller spins.
func pause() { runtime.Gosched() }

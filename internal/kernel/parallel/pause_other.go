//go:build !amd64

package parallel

import "runtime"

// pause lets others run while the caller spins.
func pause() { runtime.Gosched() }

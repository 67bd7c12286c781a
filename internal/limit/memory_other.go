//go:build !linux

package limit

// machine is not known.
func machine() int64 { return 0 }

//go:build !amd64

package simd

// These are constants here: the compiler drops the calls of assembly
// behind them, and the linker asks for none.
const (
	Supported    = false
	Supported512 = false
	AVX2         = false
	AVX512       = false
)

// Use changes nothing.
func Use(bool) {}

// Use512 changes nothing.
func Use512(bool) {}

//go:build !amd64

package simd

// Supported and AVX2 are constants here: the compiler drops the calls of assembly
// behind them, and the linker asks for none.
const (
	Supported = false
	AVX2      = false
)

// Use changes nothing.
func Use(bool) {}

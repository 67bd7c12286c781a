// Package limit reports the available memory, so that a request that does not fit is
// refused in one line before anything is allocated.
package limit

import (
	"fmt"
	"math"
	"runtime/debug"
)

// unknown is assumed if the system does not report its memory.
const unknown = 16 << 30

// Memory is the number of bytes that the process may take: the least of the machine's
// memory, the limit of its control group and GOMEMLIMIT.
func Memory() int64 {
	bytes := machine()
	if bytes <= 0 {
		bytes = unknown
	}
	// A negative number asks without setting.
	return min(bytes, debug.SetMemoryLimit(-1))
}

// Check returns an error where count values of a size in bytes do not fit into
// Memory; name describes them: "a batch of 64 examples of 3×32×32".
func Check(name string, count, size int64) error {
	if most := Memory(); count > most/max(size, 1) {
		return &Error{fmt.Sprintf("%s takes %s, more than the memory of %s", name, Bytes(float64(count)*float64(size)), Bytes(float64(most)))}
	}
	return nil
}

// Error is that something does not fit into the memory.
type Error struct{ line string }

func (e *Error) Error() string { return e.line }

// Bytes writes a number of bytes with its unit.
func Bytes(n float64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	k := 0
	for n >= 1024 && k < len(units)-1 {
		n, k = n/1024, k+1
	}
	if k == 0 || n == math.Trunc(n) {
		return fmt.Sprintf("%.0f %s", n, units[k])
	}
	return fmt.Sprintf("%.1f %s", n, units[k])
}

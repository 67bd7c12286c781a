package limit

import (
	"errors"
	"math"
	"runtime/debug"
	"testing"
)

func TestCheck(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	if got := Memory(); got > 1<<30 {
		t.Errorf("Memory is %d, above GOMEMLIMIT", got)
	}
	if err := Check("an array", 1<<20, 4); err != nil {
		t.Error(err)
	}
	for _, count := range []int64{1 << 29, math.MaxInt64} {
		err := Check("an array", count, 4)
		var is *Error
		if !errors.As(err, &is) {
			t.Errorf("%d values of 4 bytes: %v", count, err)
		}
	}
	if got, want := Check("an array", 1<<29, 4).Error(), "an array takes 2 GiB, more than the memory of 1 GiB"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[float64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 1 << 30: "1 GiB", math.Pow(2, 63): "8 EiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%g: %q, want %q", n, got, want)
		}
	}
}

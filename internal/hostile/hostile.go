// Package hostile bounds the work of readers of files from strangers, in tests and fuzz
// targets.
package hostile

import (
	"runtime/metrics"
	"testing"
	"time"
)

// Bytes is the memory that a reader may allocate for an input of size bytes: base, and
// ratio times the input. The sum counts every allocation, freed ones too.
type Bytes struct{ Base, Ratio int64 }

// most is the time that one input may take: an honest one of this size takes milliseconds,
// and the rest is for a busy machine.
const most = 20 * time.Second

// Bounded calls read and fails t where it allocates more than limit allows for size bytes,
// or takes longer than 20 seconds. Other goroutines of the process count, so nothing else
// may run meanwhile.
func Bounded(t testing.TB, size int, limit Bytes, read func()) {
	t.Helper()
	before, start := allocated(), time.Now()
	read()
	took, bytes := time.Since(start), allocated()-before
	if allowed := limit.Base + limit.Ratio*int64(size); bytes > allowed {
		t.Errorf("%d bytes of input take %d bytes of memory, more than %d", size, bytes, allowed)
	}
	if took > most {
		t.Errorf("%d bytes of input take %v, more than %v", size, took, most)
	}
}

// allocated is the number of bytes that the process has allocated since its start.
func allocated() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

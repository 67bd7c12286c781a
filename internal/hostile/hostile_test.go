package hostile

import (
	"strings"
	"testing"
)

// record keeps the failures of a test that is meant to fail.
type record struct {
	testing.TB
	failures []string
}

func (r *record) Helper() {}

func (r *record) Errorf(format string, _ ...any) { r.failures = append(r.failures, format) }

var sink []byte

func TestBounded(t *testing.T) {
	limit := Bytes{Base: 1 << 20, Ratio: 1000}
	for _, c := range []struct {
		size, takes int
		fails       bool
	}{{0, 1 << 10, false}, {0, 2 << 20, true}, {1 << 10, 2 << 20, true}, {2 << 10, 2 << 20, false}} {
		r := &record{TB: t}
		Bounded(r, c.size, limit, func() { sink = make([]byte, c.takes) })
		if (len(r.failures) == 1 && strings.Contains(r.failures[0], "memory")) != c.fails {
			t.Errorf("%d bytes for an input of %d: failures %q", c.takes, c.size, r.failures)
		}
	}
}

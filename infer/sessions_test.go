package infer

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// TestBatchFor: the program has room for the examples, at most an eighth of it is idle, and few
// sizes serve all.
func TestBatchFor(t *testing.T) {
	sizes := map[int]bool{}
	for n := 1; n <= 64; n++ {
		b := batchFor(n)
		if b < n || 8*(b-n) >= b {
			t.Errorf("%d examples run in a batch of %d", n, b)
		}
		sizes[b] = true
	}
	if len(sizes) != 32 {
		t.Errorf("%d batch sizes serve 1 to 64 examples", len(sizes))
	}
}

// TestCacheBatch: a piece is as many examples as have their values in caches.
func TestCacheBatch(t *testing.T) {
	for _, c := range []struct {
		channels, side, out int
		want                int
	}{
		{64, 32, 1, 8},             // 256 KiB an example
		{16, 32, 1, 16},            // 64 KiB
		{1, 4, 1, 1 << 14},         // 64 bytes
		{512, 64, 1, 8},            // 8 MiB: enough for all threads nevertheless
		{1, 100, 100, math.MaxInt}, // 4 MB of weights
	} {
		net, err := nn.New("net", nn.Shape{c.channels, c.side, c.side}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(net.Add("flatten", &layers.Flatten{}), net.Add("fc", &layers.Linear{Out: c.out})); err != nil {
			t.Fatal(err)
		}
		if got := cacheBatch(net); got != c.want {
			t.Errorf("%d channels of %d×%d pixels: %d examples, expected %d", c.channels, c.side, c.side, got, c.want)
		}
	}
}

// TestSessionsAreBounded: idle sessions stay within their bounds, those used last stay, and a
// session serves one call at a time.
func TestSessionsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls, size := rapid.IntRange(1, 3).Draw(t, "calls"), rapid.SampledFrom([]int{1, idleBytes / 3}).Draw(t, "bytes")
		made := 0
		s := newSessions(calls, func(int) (*nn.Program, error) { made++; return nil, nil })
		s.size = func(*nn.Program) int { return size }
		var out []*session
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if len(out) == calls || len(out) > 0 && rapid.Bool().Draw(t, "give back") {
				s.put(out[0])
				if !slices.Contains(s.idle, out[0]) {
					t.Fatal("the session used last is not kept")
				}
				out = out[1:]
			} else {
				taken, err := s.take(rapid.IntRange(1, 90).Draw(t, "batch"))
				if err != nil {
					t.Fatal(err)
				}
				for _, other := range append(out, s.idle...) {
					if other == taken {
						t.Fatal("a session was lent twice")
					}
				}
				out = append(out, taken)
			}
			sum := 0
			for _, idle := range s.idle {
				sum += idle.bytes
			}
			if sum != s.bytes || len(s.idle) > idleMost || sum > idleBytes && len(s.idle) > calls {
				t.Fatalf("%d idle sessions of %d bytes, counted as %d", len(s.idle), sum, s.bytes)
			}
		}
	})
}

// TestFailedSession: a program that cannot be made frees the place of its call.
func TestFailedSession(t *testing.T) {
	s := newSessions(1, func(int) (*nn.Program, error) { return nil, errors.New("no memory") })
	for range 3 {
		if _, err := s.take(1); err == nil || err.Error() != "no memory" {
			t.Fatalf("error %v", err)
		}
	}
}

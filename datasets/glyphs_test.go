package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"testing"
)

func loadGlyphs(t testing.TB, o opts) *Set {
	t.Helper()
	set, err := load(t.Context(), "glyphs", o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func hash(set *Set) string {
	h := sha256.New()
	for _, part := range []Part{set.Train, set.Validation, set.Test} {
		s := stored(part)
		h.Write(s.Pixels)
		for _, l := range s.Labels {
			h.Write([]byte{byte(l)})
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Whoever changes how glyphs are drawn changes results that people have: these hashes are
// meant to be hard to overlook.
const (
	goldenGrey  = "47ddef75e3d96146"
	goldenColor = "91ba95d026b8dfa4"
)

func TestGlyphsDeterministic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		if got := hash(loadGlyphs(t, opts{Seed: 1, Train: 500, Validation: 50, Test: 100})); got != goldenGrey {
			t.Errorf("grey, %d processors: hash %s, want %s", procs, got, goldenGrey)
		}
		if got := hash(loadGlyphs(t, opts{Seed: 1, Train: 200, Validation: 50, Test: 100, Color: true})); got != goldenColor {
			t.Errorf("colour, %d processors: hash %s, want %s", procs, got, goldenColor)
		}
	}
}

func TestGlyphsSplits(t *testing.T) {
	small := loadGlyphs(t, opts{Seed: 1, Train: 100, Validation: 80, Test: 60})
	large := loadGlyphs(t, opts{Seed: 1, Train: 200, Validation: 80, Test: 60})
	other := loadGlyphs(t, opts{Seed: 2, Train: 100, Validation: 80, Test: 60})
	if !slices.Equal(stored(small.Train).Pixels, stored(large.Train).Pixels[:len(stored(small.Train).Pixels)]) ||
		!slices.Equal(stored(small.Train).Labels, stored(large.Train).Labels[:100]) {
		t.Error("a larger part does not begin with the smaller one")
	}
	seen := map[string]bool{}
	for _, part := range []Part{large.Train, large.Validation, large.Test, other.Train, other.Validation, other.Test} {
		s := stored(part)
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		size := s.Size()
		for i := range s.N {
			seen[string(s.Pixels[i*size:(i+1)*size])] = true
		}
	}
	if want := 200 + 80 + 60 + 100 + 80 + 60; len(seen) != want {
		t.Errorf("%d different images of %d", len(seen), want)
	}
}

func TestGlyphsClasses(t *testing.T) {
	for classes, want := range map[string]int{"digits": 10, "letters": 26, "all": 34, "": 34} {
		set := loadGlyphs(t, opts{Classes: classes, Train: Amount(2 * want), Validation: 1, Test: 1})
		if len(set.ClassNames) != want || set.Task.Classes != want {
			t.Errorf("%q: %d classes, want %d", classes, set.Task.Classes, want)
		}
		count := make([]int, want)
		for _, l := range stored(set.Train).Labels {
			count[l]++
		}
		if slices.Min(count) != 2 {
			t.Errorf("%q: examples per class %v, want 2 of each", classes, count)
		}
	}
	if s := loadGlyphs(t, opts{Color: true, Train: 1, Validation: 1, Test: 1}).Images(); s.H != 32 || s.W != 32 || s.C != 3 {
		t.Errorf("colour images are %d×%d×%d", s.H, s.W, s.C)
	}
}

func TestGlyphsStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var last int64
	_, err := load(ctx, "glyphs", opts{Train: generatedMax / 20, Progress: func(_ string, done, total int64) {
		if done <= last || total != generatedMax/20 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
		cancel()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context", err)
	}
	_, err = load(t.Context(), "glyphs", opts{Train: generatedMax + 1})
	wantError(t, err, "train is 10000001")
}

// TestFontErrors cuts fonts short: reading them must fail, not panic.
func TestFontErrors(t *testing.T) {
	for _, n := range []int{0, 5, 11, 20, 200} {
		if err := addFont(map[rune][]outline{}, make([]byte, n), false); err == nil {
			t.Errorf("no error for a font of %d zero bytes", n)
		}
	}
}

func BenchmarkGlyphs(b *testing.B) {
	for name, color := range map[string]bool{"grey": false, "color": true} {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			n := 0
			for b.Loop() {
				loadGlyphs(b, opts{Color: color, Train: 998, Validation: 1, Test: 1})
				n += 1000
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

package guard

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestThresholdByHand(t *testing.T) {
	w := []float64{5, 4, -3, 3, 2, 1, -1, 0}
	for _, c := range []struct {
		q      float64
		offset int
		want   float64
	}{
		{0.5, 1, 2},             // 2/4; at 3 it is 2/3
		{0.4, 1, math.Inf(1)},   // 2: (1+1)/4
		{0.4, 0, 1},             // 2/5
		{0.3, 0, 2},             // 1/4
		{0.24, 0, 4},            // 0/2
		{0.001, 1, math.Inf(1)}, // nothing
		{0.6667, 1, 1},          // 3/5
		{0.1, 0, 4},             // no negative above 3
	} {
		if got := Threshold(w, c.q, c.offset); got != c.want {
			t.Errorf("q %v, offset %d: %v, want %v", c.q, c.offset, got, c.want)
		}
	}
	if got := Threshold([]float64{0, 0}, 0.5, 0); !math.IsInf(got, 1) {
		t.Errorf("zeros select at %v", got)
	}
	// By trying every t.
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		w := make([]float64, 12)
		for j := range w {
			w[j] = float64(rng.IntN(13) - 4)
		}
		for offset := range 2 {
			q := rng.Float64()
			want := math.Inf(1)
			for _, v := range w {
				at, below := 0, offset
				for _, u := range w {
					if u >= math.Abs(v) {
						at++
					}
					if u <= -math.Abs(v) {
						below++
					}
				}
				if v != 0 && float64(below)/float64(max(1, at)) <= q {
					want = min(want, math.Abs(v))
				}
			}
			if got := Threshold(w, q, offset); got != want {
				t.Fatalf("%v, q %v, offset %d: %v, want %v", w, q, offset, got, want)
			}
		}
	}
}

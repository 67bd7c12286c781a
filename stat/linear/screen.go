package linear

import (
	"math"

	"pare/internal/f64"
)

// screen bounds the correlations c = X̃ᵀu of all features with a dual point u closely
// enough to tell which features can matter.
//
// A correlation is computed anew only if it may exceed its threshold λαω. With the u′
// of when it was last computed, u = a·u′ + e and e orthogonal to u′ in the metric
// V⁻¹, the Cauchy–Schwarz inequality bounds it by
//
//	|x̃ᵀu| ≤ |a||c′| + √(‖x̃‖² − c′²/‖u′‖²)·‖e‖
//
// This is the test of a gap safe sphere, around residuals that are known instead of
// the optimum that is not, so it holds for every u and is exact for feasibility: a
// correlation that is not computed anew is below its threshold.
type screen struct {
	t        *task
	c        []float64
	at       []int16 // the snapshot of c
	snaps    []snapshot
	need     []bool
	fresh    []int // the features of need: those computed by the last update, ascending
	weighted []float64
	size     float64 // ‖u‖
	computed int     // number of correlations computed, for tests and reports
}

// snapshot is a u for which correlations were computed.
type snapshot struct {
	u       []float64
	square  float64 // ‖u‖² in V⁻¹
	inverse float64 // 1/square
	users   int
	a, e    float64 // of the present u: its part along u, and the norm of the rest
}

// maxSnapshots bounds the memory of snapshots; beyond it correlations of the least
// used one are computed anew.
const maxSnapshots = 24

func newScreen(t *task) *screen {
	return &screen{t: t, c: make([]float64, t.p), at: make([]int16, t.p), need: make([]bool, t.p), weighted: make([]float64, t.n)}
}

// update makes the correlations with u exact wherever one can exceed threshold·ωⱼ.
func (s *screen) update(u []float64, threshold float64) { s.beside(u, threshold, nil) }

// beside is update without the features that have a place of at least zero, but
// for the features of the snapshot that is given up.
func (s *screen) beside(u []float64, threshold float64, place []int) {
	t := s.t
	for i, v := range t.v {
		s.weighted[i] = 0
		if v > 0 {
			s.weighted[i] = u[i] / v
		}
	}
	square := f64.Dot(u, s.weighted)
	s.size = math.Sqrt(square)
	for i := range s.snaps {
		s.snaps[i].compare(square, s.weighted)
	}
	evict := s.evict()
	for _, j := range s.fresh {
		s.need[j] = false
	}
	s.fresh = s.fresh[:0]
	inRanges(t.p, markChunk, sharing(t.threads, t.p, 4*markChunk), func(from, to int) {
		s.mark(from, to, threshold, evict, place)
	})
	for j, need := range s.need {
		if need {
			s.fresh = append(s.fresh, j)
		}
	}
	if len(s.fresh) > 0 {
		s.compute(u, square)
	}
}

// markChunk is the number of features that one task marks.
const markChunk = 8192

// mark sets need for features from to to−1.
func (s *screen) mark(from, to int, threshold float64, evict int, place []int) {
	t := s.t
	for j := from; j < to; j++ {
		if place != nil && place[j] >= 0 && int(s.at[j]) != evict {
			continue
		}
		w := t.factor[j]
		if len(s.snaps) > 0 && int(s.at[j]) != evict {
			snap := &s.snaps[s.at[j]]
			c, norm, limit := s.c[j], t.normOf(j), threshold*w
			bound := snap.a * math.Abs(c)
			if bound+snap.e*norm <= limit {
				continue
			}
			if bound+snap.e*math.Sqrt(max(0, norm*norm-c*c*snap.inverse)+1e-14*norm*norm) <= limit {
				continue
			}
		}
		s.need[j] = !math.IsInf(w, 1)
	}
}

// forget records that the point has moved since the last update.
func (s *screen) forget() {
	for _, j := range s.fresh {
		s.need[j] = false
	}
	s.fresh = s.fresh[:0]
}

// compare sets how u, with its square and u/v, lies to the snapshot.
func (s *snapshot) compare(square float64, weighted []float64) {
	if s.users == 0 || s.square == 0 {
		s.a, s.e = 0, math.Sqrt(square)
		return
	}
	product := f64.Dot(s.u, weighted)
	s.a = math.Abs(product) / s.square
	// Rounding of the difference of two squares is far below the margin.
	s.e = math.Sqrt(max(0, square-product*product/s.square) + 1e-14*square)
}

// evict returns the snapshot to give up, or −1 if there is room.
func (s *screen) evict() int {
	least := -1
	for i := range s.snaps {
		if s.snaps[i].users == 0 {
			return -1
		}
		if least < 0 || s.snaps[i].users < s.snaps[least].users {
			least = i
		}
	}
	if len(s.snaps) < maxSnapshots {
		return -1
	}
	return least
}

// compute makes the correlations of the needed features exact, with a snapshot of u.
func (s *screen) compute(u []float64, square float64) {
	t, count := s.t, len(s.fresh)
	if len(s.snaps) > 0 {
		for _, j := range s.fresh {
			s.snaps[s.at[j]].users--
		}
	}
	slot := -1
	for i := range s.snaps {
		if s.snaps[i].users <= 0 {
			slot = i
			break
		}
	}
	if slot < 0 {
		slot = len(s.snaps)
		s.snaps = append(s.snaps, snapshot{u: make([]float64, t.n)})
	}
	snap := &s.snaps[slot]
	copy(snap.u, u)
	snap.square, snap.inverse, snap.users = square, 0, count
	if square > 0 {
		snap.inverse = 1 / square
	}
	t.x.dots(u, s.need, s.c, sharing(t.threads, count*t.n, 1<<20))
	sum := 0.0
	for _, value := range u {
		sum += value
	}
	for _, j := range s.fresh {
		s.c[j] = (s.c[j] - t.mean[j]*sum) / t.scale[j]
		s.at[j] = int16(slot)
	}
	s.computed += count
}

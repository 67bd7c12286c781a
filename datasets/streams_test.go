package datasets

import (
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// carried is a text of n training windows of 4 whose token at place i is i mod 251, so that
// a window tells where it is from.
func carried(t testing.TB, n int) (*Loader, *streams) {
	t.Helper()
	tokens := make([]uint16, (n+1)*4)
	for i := range tokens {
		tokens[i] = uint16(i % 251)
	}
	s := &streams{newWindows(tokens, 4, true)}
	if s.Len() != n {
		t.Fatalf("%d windows, want %d", s.Len(), n)
	}
	l, err := NewLoader(s, Task{Input: []int{1, 4}, Classes: 251, Targets: 4, Vocabulary: 251, NextToken: true}, min(5, n), 1)
	if err != nil {
		t.Fatal(err)
	}
	return l, s
}

// TestStreamsInTraining: row r of a batch goes on where row r of the batch before ended,
// rows do not overlap, and an epoch begins elsewhere than the one before.
func TestStreamsInTraining(t *testing.T) {
	l, s := carried(t, 43)
	starts, left := map[float32]bool{}, map[int]bool{}
	for epoch := range uint64(60) {
		var before []float32
		seen := map[int]bool{}
		for _, b := range collect(l, epoch, 0) {
			if b.Continues != (b.Index > 0) || b.N != 5 {
				t.Fatalf("epoch %d, batch %d: continues %t, %d examples", epoch, b.Index, b.Continues, b.N)
			}
			for r := range b.N {
				if before != nil && before[r] != b.X[4*r] {
					t.Fatalf("epoch %d, batch %d, row %d begins with %v, want %v", epoch, b.Index, r, b.X[4*r], before[r])
				}
				if seen[b.Examples[r]] {
					t.Fatalf("epoch %d reads window %d twice", epoch, b.Examples[r])
				}
				seen[b.Examples[r]] = true
			}
			if b.Index == 0 {
				starts[b.X[0]] = true
			}
			before = nil
			for r := range b.N {
				before = append(before, b.Y[4*r+3])
			}
		}
		if len(seen) != 40 {
			t.Fatalf("epoch %d reads %d windows, want 40", epoch, len(seen))
		}
		for i := range 43 {
			left[i] = left[i] || !seen[i]
		}
	}
	// 43 windows in 8 batches of 5 leave 3, so the first begins at one of 4·4 tokens.
	if len(starts) != 16 {
		t.Errorf("epochs begin at %d places, want 16", len(starts))
	}
	for _, i := range []int{0, 1, 2, 40, 41, 42} {
		if !left[i] {
			t.Errorf("window %d is read in every epoch, those at the ends should take turns", i)
		}
	}
	if slices.Equal(s.Plan(43, 5, Draw{Augment: true, Epoch: 1, Seed: 1})[0].Examples, s.Plan(43, 5, Draw{Augment: true, Epoch: 2, Seed: 3})[0].Examples) &&
		len(starts) == 1 {
		t.Error("the plan does not depend on the epoch")
	}
}

// TestStreamsResume: the rest of an epoch is the same from any batch on, and whatever the
// number of processors.
func TestStreamsResume(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	l, _ := carried(t, 43)
	all := collect(l, 3, 0)
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		for first := range 9 {
			if got := collect(l, 3, first); !sameBatches(got, all[first:]) {
				t.Errorf("from batch %d, %d processors: not the rest of the epoch", first, procs)
			}
		}
	}
}

// TestEvaluationStreams: every window is read once, whatever the batch, and always behind
// the same past.
func TestEvaluationStreams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, batch := rapid.IntRange(1, 2000).Draw(t, "n"), rapid.IntRange(1, 70).Draw(t, "batch")
		past := map[int]int{} // by window: the one that its state comes from
		var before []int
		for i, turn := range evaluationStreams(n, batch) {
			if len(turn.Examples) < 1 || len(turn.Examples) > batch || turn.Continues && len(turn.Examples) > len(before) {
				t.Fatalf("turn %d has %d examples, the one before %d", i, len(turn.Examples), len(before))
			}
			for r, w := range turn.Examples {
				if _, twice := past[w]; twice || w < 0 || w >= n {
					t.Fatalf("window %d of %d is read twice, or is none", w, n)
				}
				past[w] = -1
				if turn.Continues {
					past[w] = before[r]
				}
			}
			before = turn.Examples
		}
		streams := min(max(n/evalStreamWindows, 1), evalStreams)
		fresh := 0
		for w, p := range past {
			if p == -1 {
				fresh++
			} else if p != w-1 {
				t.Fatalf("window %d goes on from %d", w, p)
			}
		}
		if len(past) != n || fresh != streams {
			t.Fatalf("%d windows of %d, %d of them without a past, want %d", len(past), n, fresh, streams)
		}
	})
}

// TestStreamsEvaluate: an evaluation does not depend on seeds, and ends within streams that
// differ in length.
func TestStreamsEvaluate(t *testing.T) {
	l, _ := carried(t, 43)
	var all, first []int
	for b, err := range l.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if b.X[0] != float32(b.Examples[0]*4%251) {
			t.Fatalf("window %d begins with %v", b.Examples[0], b.X[0])
		}
		all = append(all, b.Examples...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 43 {
		t.Errorf("an evaluation reads %v", all)
	}
	for b := range l.First(7).All(t.Context()) {
		first = append(first, b.Examples...)
	}
	if !slices.Equal(first, []int{0, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("the first seven windows are %v", first)
	}
}

// TestCarryOption: it makes parts plan, and changes nothing else.
func TestCarryOption(t *testing.T) {
	plain, carry := mustText(t, someText(), opts{Window: 8, Validation: 3}), mustText(t, someText(), opts{Window: 8, Validation: 3, Carry: true})
	for i, parts := range [][2]Part{{plain.Train, carry.Train}, {plain.Validation, carry.Validation}, {plain.Test, carry.Test}} {
		_, first := parts[0].(Planner)
		_, second := parts[1].(Planner)
		if first || !second {
			t.Errorf("part %d: plans without carry: %t, with it: %t", i, first, second)
		}
		a, _ := read(t, plain, parts[0], []int{1, 2}, Draw{})
		b, _ := read(t, carry, parts[1], []int{1, 2}, Draw{})
		if !slices.Equal(a, b) || parts[0].Len() != parts[1].Len() {
			t.Errorf("part %d has %q, with carry %q", i, a, b)
		}
	}
}

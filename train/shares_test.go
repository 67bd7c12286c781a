package train

import "testing"

// Every value is in one piece, tasks are full but for the last, and no task
// exceeds its share.
func TestSharesCoverEverything(t *testing.T) {
	many := make([]int, 1000)
	for i := range many {
		many[i] = 16 + i%49
	}
	for _, lengths := range [][]int{nil, {0}, {1}, {shareSize}, {shareSize + 1}, {5 * shareSize}, {3, 0, 2*shareSize + 7, 64, 1},
		{shareSize - 1, 2, shareSize}, many} {
		s := newShares(lengths, func(n int) int { return n })
		next := make([]int, len(lengths)) // value expected next of each tensor
		total := 0
		for task := range s.tasks() {
			size := 0
			for _, p := range s.of(task) {
				if p.lo != next[p.tensor] || p.hi <= p.lo {
					t.Fatalf("%v: piece %+v, expected from %d on", lengths, p, next[p.tensor])
				}
				if p.hi < lengths[p.tensor] && p.hi%8 != 0 {
					t.Errorf("%v: piece %+v cuts a vector", lengths, p)
				}
				next[p.tensor] = p.hi
				size += p.hi - p.lo
			}
			if size > shareSize || task < s.tasks()-1 && size <= shareSize-shareAlign {
				t.Errorf("%v: task %d of %d has %d values", lengths, task, s.tasks(), size)
			}
			total += size
		}
		for i, n := range lengths {
			if next[i] != n {
				t.Errorf("%v: tensor %d is covered up to %d", lengths, i, next[i])
			}
		}
		if want := (total + shareSize - shareAlign - 1) / max(1, shareSize-shareAlign); s.tasks() > want+1 {
			t.Errorf("%v: %d tasks for %d values", lengths, s.tasks(), total)
		}
	}
}

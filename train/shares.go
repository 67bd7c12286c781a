package train

// shareSize is the number of values in a parallel task.
const shareSize = 1 << 13

// shareAlign divides the place of every cut inside a tensor: whole cache lines.
const shareAlign = 64

// piece is the values [lo, hi) of one of several tensors.
type piece struct{ tensor, lo, hi int }

// shares divides tensors into tasks of about the same number of values: long
// tensors are cut, short ones go together. The division depends on the lengths
// alone, so sums over tasks do not depend on the number of threads.
type shares struct {
	pieces []piece
	ends   []int // of each task in pieces
}

// newShares divides the tensors, whose lengths length gives.
func newShares[T any](tensors []T, length func(T) int) *shares {
	s := &shares{}
	room := shareSize
	next := func() {
		if room < shareSize {
			s.ends = append(s.ends, len(s.pieces))
			room = shareSize
		}
	}
	for i, t := range tensors {
		n := length(t)
		for lo := 0; lo < n; {
			take := n - lo
			if take > room {
				take = room / shareAlign * shareAlign
			}
			if take > 0 {
				s.pieces = append(s.pieces, piece{i, lo, lo + take})
				lo, room = lo+take, room-take
			}
			if room < shareAlign {
				next()
			}
		}
	}
	next()
	return s
}

// tasks is the number of tasks.
func (s *shares) tasks() int { return len(s.ends) }

// of returns the pieces of a task.
func (s *shares) of(task int) []piece {
	if task == 0 {
		return s.pieces[:s.ends[0]]
	}
	return s.pieces[s.ends[task-1]:s.ends[task]]
}

package infer

import (
	"math"
	"math/bits"
	"sync"

	"pare/nn"
)

// session is a program with its buffers, for one call at a time.
type session struct {
	program *nn.Program
	batch   int
	bytes   int
	used    uint64 // when it was given back, by the clock of sessions
}

// sessions lends sessions to calls and keeps them for later ones.
type sessions struct {
	free    chan struct{} // a place for each call that may compute
	compile func(batch int) (*nn.Program, error)
	size    func(p *nn.Program) int // bytes of its buffers

	mu    sync.Mutex
	idle  []*session // its capacity is one above the most that wait
	bytes int        // of their buffers
	clock uint64
}

// Bounds on the sessions that wait for a call. Every call may leave one behind, however large.
const (
	idleMost  = 64
	idleBytes = 256 << 20
)

func newSessions(calls int, compile func(batch int) (*nn.Program, error)) *sessions {
	return &sessions{free: make(chan struct{}, calls), compile: compile, idle: make([]*session, 0, max(idleMost, calls)+1),
		size: func(p *nn.Program) int { return 4*len(p.X) + p.Bytes() }}
}

// take waits until the call may compute and returns a session for the batch size.
func (s *sessions) take(batch int) (*session, error) {
	s.free <- struct{}{}
	if found := s.find(batch); found != nil {
		return found, nil
	}
	program, err := s.compile(batch)
	if err != nil {
		<-s.free
		return nil, err
	}
	return &session{program: program, batch: batch, bytes: s.size(program)}, nil
}

// find takes the session of the batch size that was used last.
func (s *sessions) find(batch int) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, candidate := range s.idle {
		if candidate.batch == batch && (best < 0 || candidate.used > s.idle[best].used) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return s.remove(best)
}

// remove takes an idle session out.
func (s *sessions) remove(i int) *session {
	gone, last := s.idle[i], len(s.idle)-1
	s.idle[i], s.idle[last] = s.idle[last], nil
	s.idle = s.idle[:last]
	s.bytes -= gone.bytes
	return gone
}

// put takes a session back, and drops those that were not used for longest where there are too
// many.
func (s *sessions) put(back *session) {
	s.mu.Lock()
	s.clock++
	back.used = s.clock
	s.idle = append(s.idle, back)
	s.bytes += back.bytes
	for len(s.idle) == cap(s.idle) || s.bytes > idleBytes && len(s.idle) > cap(s.free) {
		oldest := 0
		for i, candidate := range s.idle {
			if candidate.used < s.idle[oldest].used {
				oldest = i
			}
		}
		s.remove(oldest)
	}
	s.mu.Unlock()
	<-s.free
}

const (
	cacheBytes = 1 << 20 // of a value of a batch: a second-level cache
	leastPiece = 8       // examples that keep several threads busy
)

// cacheBatch is the number of examples whose values stay in caches from one layer to the next: a
// power of two, at least leastPiece. A network whose weights are larger than the values of that
// many examples has no such limit: they would be read once more for each piece.
func cacheBatch(net *nn.Network) int {
	largest, all, weights := net.Input.Size(), 0, 0
	for _, n := range net.Nodes {
		largest, all = max(largest, n.Shape.Size()), all+n.Shape.Size()
	}
	for _, p := range net.Params() {
		weights += p.Size()
	}
	piece := leastPiece
	for 4*largest*2*piece <= cacheBytes && piece < 1<<20 {
		piece *= 2
	}
	if weights > piece*all {
		return math.MaxInt
	}
	return piece
}

// batchFor is the batch size of the program that runs n examples: n itself up to 8, above it the
// next of eight steps between two powers of two, so that few programs serve all sizes and at most
// an eighth of one is idle.
func batchFor(n int) int {
	if n <= 8 {
		return n
	}
	step := 1 << (bits.Len(uint(n-1)) - 4)
	return (n + step - 1) / step * step
}

package parallel

import "sync"

// Chunk is the number of values that one task of an elementwise kernel takes.
const Chunk = 32 << 10

// Rows is the number of rows of c values that one task of such a kernel takes.
func Rows(c int) int { return max(1, Chunk/max(c, 1)) }

// Loop runs bodies over ranges of items. T holds the arguments of the body, which
// captures nothing then: a Loop recycles its calls, so that one allocates nothing
// once warm. The zero value is ready, for any number of goroutines.
type Loop[T any] struct{ calls sync.Pool }

// call is a run of a Loop.
type call[T any] struct {
	args  T
	n     int
	step  int
	body  func(args *T, lo, hi, task int)
	tasks func(c *call[T], worker, task int) // kept: made anew it would be allocated
}

func (c *call[T]) task(_, task int) {
	lo := task * c.step
	c.body(&c.args, lo, min(lo+c.step, c.n), task)
}

// Do runs body over [0, n) in tasks of step items.
func (l *Loop[T]) Do(n, step int, args T, body func(args *T, lo, hi, task int)) {
	c, ok := l.calls.Get().(*call[T])
	if !ok {
		c = &call[T]{tasks: (*call[T]).task}
	}
	c.args, c.n, c.step, c.body = args, n, step, body
	Each((n+step-1)/step, c, c.tasks)
	var none T
	c.args = none // keep no memory of the caller
	l.calls.Put(c)
}

// Scratch lends slices whose contents are unspecified. The zero value is ready.
type Scratch[T any] struct{ slices sync.Pool }

// Get returns a slice of n values, which Put takes back.
func (s *Scratch[T]) Get(n int) *[]T {
	p, ok := s.slices.Get().(*[]T)
	if !ok {
		p = new([]T)
	}
	*p = Grow(*p, n)
	return p
}

// Put takes a slice back.
func (s *Scratch[T]) Put(p *[]T) { s.slices.Put(p) }

// Grow returns s with length n and unspecified contents.
func Grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// PerWorker returns ws with an element for every worker.
func PerWorker[T any](ws []T) []T {
	if n := MaxWorkers() - len(ws); n > 0 {
		ws = append(ws, make([]T, n)...)
	}
	return ws
}

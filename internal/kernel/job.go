package kernel

import "sync"

const (
	// flatChunk is the number of elements per task of an elementwise kernel.
	flatChunk = 32 << 10
	// reduceChunk is the number of elements per partial sum of a reduction.
	// Changing it changes results in the last bits.
	reduceChunk = 32 << 10
)

// job carries the arguments of a kernel without a plan to the workers. Jobs
// are recycled together with their closure and scratch memory, so that a call
// allocates nothing once warm.
type job struct {
	dst, a, b, c, d, e []float32
	s, eps             float32
	rows, cols, width  int
	step               int // elements or rows per task
	op                 func(j *job, lo, hi, task int)
	run                func(worker, task int)
	f                  func(float32) float32
	mapping            *mapping
	gradient           *gradient
	reduce             func(j *job, run []float32, lo, hi int)
	pool               PoolShape
	windowGrad         windowGrad
	flag               bool
	key                uint64
	limit              uint32
	norm               Norm
	fold               fold
	foldOp             func(j *job, at, rows, n int)
	part               []float64 // per-task partial sums
	vec, vec2          []float32 // per-channel scratch
}

var jobs = sync.Pool{New: func() any {
	j := new(job)
	j.run = func(_, task int) {
		lo := task * j.step
		j.op(j, lo, min(lo+j.step, j.rows), task)
	}
	return j
}}

func newJob() *job { return jobs.Get().(*job) }

// release drops the references to the caller's memory and recycles the job.
func (j *job) release() {
	j.dst, j.a, j.b, j.c, j.d, j.e, j.f = nil, nil, nil, nil, nil, nil, nil
	j.norm = Norm{}
	jobs.Put(j)
}

// each runs op over [0, n) in tasks of step items.
func (j *job) each(n, step int, op func(j *job, lo, hi, task int)) {
	j.rows, j.step, j.op = n, step, op
	parallel((n+step-1)/step, j.run)
}

// flat runs an elementwise op over the whole of dst.
func (j *job) flat(op func(j *job, lo, hi, task int)) {
	j.each(len(j.dst), flatChunk, op)
	j.release()
}

// rowStep is the number of rows of a task for c channels.
func rowStep(c int) int { return max(1, flatChunk/max(c, 1)) }

// grow returns s with length n and unspecified contents.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

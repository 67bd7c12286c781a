package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// pool is the process-wide set of worker goroutines. Workers are numbered from
// one; the calling goroutine takes part as worker zero.
var pool struct {
	mu      sync.Mutex
	threads atomic.Int32
	wake    []chan struct{} // one per spawned worker
	done    chan struct{}   // the last task of a run was finished by a worker

	busy    atomic.Bool  // a run is in progress; further calls run inline
	next    atomic.Int64 // tasks not yet taken
	pending atomic.Int64 // tasks not yet finished
	tasks   int
	body    func(worker, task int)
	plain   func(task int) // what body calls for Parallel
}

func init() {
	pool.done = make(chan struct{}, 1)
	SetThreads(0)
}

// SetThreads sets how many goroutines, the caller included, share the work of
// one kernel call. n <= 0 selects GOMAXPROCS. It must not be called while a
// kernel runs.
func SetThreads(n int) {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	pool.mu.Lock()
	defer pool.mu.Unlock()
	for len(pool.wake) < n-1 {
		c := make(chan struct{}, 1)
		pool.wake = append(pool.wake, c)
		go serve(len(pool.wake), c)
	}
	pool.threads.Store(int32(n))
}

// Threads returns the number of goroutines that share one kernel call.
func Threads() int { return int(pool.threads.Load()) }

// maxWorkers bounds the worker numbers a body can see. It covers every worker
// ever spawned: one woken late may still join a run after SetThreads shrank.
func maxWorkers() int {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	return len(pool.wake) + 1
}

func serve(worker int, wake chan struct{}) {
	for range wake {
		if drain(worker) {
			pool.done <- struct{}{}
		}
	}
}

// drain takes tasks until none is left and reports whether it finished the
// last one. Counting down in one atomic makes a late worker harmless: it sees
// either a used-up counter or a task of the current run, never a stale one.
func drain(worker int) bool {
	for {
		i := pool.next.Add(-1)
		if i < 0 {
			return false
		}
		pool.body(worker, pool.tasks-1-int(i))
		if pool.pending.Add(-1) == 0 {
			return true
		}
	}
}

// parallel runs body for every task in [0, tasks) and tells it which worker it
// runs on, so that plans can keep one workspace per worker.
func parallel(tasks int, body func(worker, task int)) {
	n := Threads()
	if tasks <= 1 || n == 1 || !pool.busy.CompareAndSwap(false, true) {
		for i := range tasks {
			body(0, i)
		}
		return
	}
	share(n, tasks, body)
}

// share runs a job on the pool, which the caller has marked busy.
func share(n, tasks int, body func(worker, task int)) {
	pool.body, pool.tasks = body, tasks
	pool.pending.Store(int64(tasks))
	pool.next.Store(int64(tasks))
	for _, c := range pool.wake[:min(n, tasks)-1] {
		select {
		case c <- struct{}{}:
		default: // still due from an earlier run; it will join this one
		}
	}
	if !drain(0) {
		<-pool.done
	}
	pool.busy.Store(false)
}

// Parallel runs body(0) … body(tasks-1) on the worker pool and the caller and
// returns when all are done. Tasks start in order but may finish in any order.
// A call made while another is in progress, such as a nested one, runs inline.
func Parallel(tasks int, body func(task int)) {
	n := Threads()
	if tasks <= 1 || n == 1 || !pool.busy.CompareAndSwap(false, true) {
		for i := range tasks {
			body(i)
		}
		return
	}
	pool.plain = body
	share(n, tasks, runPlain)
}

func runPlain(_, task int) { pool.plain(task) }

package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spinTime is how long a worker looks for the next run, and the caller for the
// end of its own, before they sleep. Waking a sleeper takes longer than many a
// kernel of a small network, of which the next one mostly follows at once.
const spinTime = 50 * time.Microsecond

// pool is the process-wide set of worker goroutines. Workers are numbered from
// one; the calling goroutine takes part as worker zero.
var pool struct {
	mu      sync.Mutex
	threads atomic.Int32
	spin    atomic.Bool // every thread has a processor, so that waiting is cheap
	workers []*worker
	waiting atomic.Bool   // the caller sleeps until its run is finished
	done    chan struct{} // wakes it

	busy    atomic.Bool  // a run is in progress; further calls run inline
	next    atomic.Int64 // tasks not yet taken
	pending atomic.Int64 // tasks not yet finished
	tasks   int
	body    func(worker, task int)
	plain   func(task int) // what body calls for Parallel
}

// worker is one spawned goroutine.
type worker struct {
	number int
	asleep atomic.Bool   // whoever clears it may go on, or has to wake it
	wake   chan struct{} // one message per clearing by another
}

// MaxThreads is the largest number of threads that SetThreads takes.
const MaxThreads = 1024

func init() {
	pool.done = make(chan struct{}, 1)
	SetThreads(0)
}

// SetThreads sets how many goroutines, the caller included, share the work of
// one kernel call, at most MaxThreads. n <= 0 selects GOMAXPROCS. It must not be called while a
// kernel runs.
func SetThreads(n int) {
	processors := runtime.GOMAXPROCS(0)
	if n <= 0 {
		n = processors
	}
	n = min(n, MaxThreads)
	pool.mu.Lock()
	defer pool.mu.Unlock()
	pool.threads.Store(int32(n))
	pool.spin.Store(n <= min(processors, runtime.NumCPU()))
	for len(pool.workers) < n-1 {
		w := &worker{number: len(pool.workers) + 1, wake: make(chan struct{}, 1)}
		pool.workers = append(pool.workers, w)
		go w.serve()
	}
}

// Threads returns the number of goroutines that share one kernel call.
func Threads() int { return int(pool.threads.Load()) }

// maxWorkers bounds the worker numbers a body can see. It covers every worker
// ever spawned: one woken late may still join a run after SetThreads shrank.
func maxWorkers() int {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	return len(pool.workers) + 1
}

func (w *worker) serve() {
	for {
		w.await()
		if drain(w.number) && pool.waiting.CompareAndSwap(true, false) {
			pool.done <- struct{}{}
		}
	}
}

// await returns when there may be tasks for the worker.
func (w *worker) await() {
	work := func() bool { return pool.next.Load() > 0 && w.number < Threads() }
	if spinUntil(work) {
		return
	}
	w.asleep.Store(true)
	if work() && w.asleep.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
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
	for _, w := range pool.workers[:min(n, tasks)-1] {
		if w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	if !drain(0) {
		awaitEnd()
	}
	pool.busy.Store(false)
}

// awaitEnd returns when all tasks are finished. A worker late from an earlier
// run may wake the caller early.
func awaitEnd() {
	finished := func() bool { return pool.pending.Load() == 0 }
	spinUntil(finished)
	for !finished() {
		pool.waiting.Store(true)
		if finished() && pool.waiting.CompareAndSwap(true, false) {
			return
		}
		<-pool.done
	}
}

// spinUntil waits for a condition for up to spinTime and reports whether it
// came true.
func spinUntil(condition func() bool) bool {
	if condition() {
		return true
	}
	if !pool.spin.Load() {
		return false
	}
	for start := time.Now(); time.Since(start) < spinTime; {
		for range 16 {
			pause()
			if condition() {
				return true
			}
		}
	}
	return false
}

// Parallel runs body(0) … body(tasks-1) on the worker pool and the caller and
// returns when all are done. Tasks start in order but may finish in any order.
// A call made while another is in progress, such as a nested one, runs inline.
func Parallel(tasks int, body func(task int)) { runPlainTasks(Threads(), tasks, body) }

func runPlainTasks(n, tasks int, body func(task int)) {
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

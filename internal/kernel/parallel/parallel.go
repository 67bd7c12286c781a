// Package parallel is the one pool of worker goroutines of the process and the
// ways to share work out on it: Run for a function of the task, Each for a plan
// and its method, Loop for ranges of items.
//
// Tasks start in order but may finish in any order, and the split into tasks, not
// the worker that runs one, must determine the result. A call made while another
// is in progress, such as a nested one, runs inline on the calling goroutine. A panic of a
// task goes on, as a fault.Panic, in the goroutine that made the call.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"pare/internal/fault"
)

// spinTime is how long a worker looks for the next run, and the caller for the
// end of its own, before they sleep. Waking a sleeper took 110 µs on a virtual machine, longer than many
// kernels of a small network, and the next one usually follows at once.
const spinTime = 400 * time.Microsecond

// pool is the process-wide set of worker goroutines. Workers are numbered from
// one; the calling goroutine takes part as worker zero.
var pool struct {
	mu      sync.Mutex
	threads atomic.Int32
	spin    atomic.Bool // every thread has a processor, so that waiting is cheap
	workers []*worker
	waiting atomic.Bool   // the caller sleeps until its run is finished
	done    chan struct{} // wakes it

	busy    atomic.Bool                 // a run is in progress; further calls run inline
	next    atomic.Int64                // tasks not yet taken
	pending atomic.Int64                // tasks not yet finished
	fault   atomic.Pointer[fault.Panic] // of the first task that panicked
	tasks   int
	owners  int            // workers with tasks of their own; 0: tasks are taken in order
	plan    unsafe.Pointer // first argument of body
	body    func(plan unsafe.Pointer, worker, task int)
}

// owned are the tasks not yet taken of a worker that has tasks of its own.
type owned struct {
	left atomic.Int64
	_    [56]byte // a cache line each
}

// queues holds the tasks that the first workers own.
var queues [64]owned

// claim takes a task for a worker that has drawn one: one of its own, where there are some
// left, else of another. Task t belongs to worker t mod owners.
func claim(worker int) int {
	for i := worker; ; i++ {
		owner := i % pool.owners
		if left := queues[owner].left.Add(-1); left >= 0 {
			return owner + int(left)*pool.owners
		}
	}
}

// worker is one spawned goroutine.
type worker struct {
	number int
	asleep atomic.Bool   // a worker that clears it continues; another goroutine that clears it wakes the worker
	wake   chan struct{} // one message per clearing by another
}

// MaxThreads is the largest number of threads that SetThreads takes.
const MaxThreads = 1024

func init() {
	pool.done = make(chan struct{}, 1)
	SetThreads(0)
}

// SetThreads sets how many goroutines, the caller included, share the work of one
// call, at most MaxThreads. n <= 0 selects GOMAXPROCS. It must not be called while
// tasks run.
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

// Threads returns the number of goroutines that share the work of one call.
func Threads() int { return int(pool.threads.Load()) }

// MaxWorkers bounds the worker numbers that a body may see until SetThreads is
// called again. It covers every worker ever spawned: one woken late may still join
// a run after SetThreads shrank.
func MaxWorkers() int {
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
// either a used-up counter or a task of the current run, never a stale one. A task that
// panics counts as finished; do passes its panic on.
func drain(worker int) (last bool) {
	defer func() {
		if p := recover(); p != nil {
			pool.fault.CompareAndSwap(nil, fault.New(p))
			last = pool.pending.Add(-1) == 0 || drain(worker)
		}
	}()
	for {
		i := pool.next.Add(-1)
		if i < 0 {
			return false
		}
		task := pool.tasks - 1 - int(i)
		if pool.owners > 0 {
			task = claim(worker)
		}
		pool.body(pool.plan, worker, task)
		if pool.pending.Add(-1) == 0 {
			return true
		}
	}
}

// Run calls body(0) … body(tasks-1) on the workers and the caller and returns when
// all calls have.
func Run(tasks int, body func(task int)) { Of(0, tasks, body) }

// Of is Run on at most threads goroutines, the caller included; 0 stands for Threads.
func Of(threads, tasks int, body func(task int)) {
	do(threads, tasks, cast[unsafe.Pointer](body), func(f unsafe.Pointer, _, task int) { cast[func(int)](f)(task) })
}

// Workers is Of, but passes body the number of the worker that it runs on, below
// MaxWorkers, so that the caller can keep scratch memory per worker.
func Workers(threads, tasks int, body func(worker, task int)) {
	do(threads, tasks, cast[unsafe.Pointer](body), func(f unsafe.Pointer, worker, task int) { cast[func(int, int)](f)(worker, task) })
}

// Each is Workers with a method of a plan as body: Each(tasks, plan, (*Plan).step)
// allocates nothing, while the method value plan.step would.
func Each[P any](tasks int, plan *P, body func(plan *P, worker, task int)) {
	do(0, tasks, unsafe.Pointer(plan), cast[func(unsafe.Pointer, int, int)](body))
}

// Own is Each, but gives a task to the same worker in every call, unless that worker is late:
// the values that the task reads, such as a part of the weights, stay in the cache of its core.
func Own[P any](tasks int, plan *P, body func(plan *P, worker, task int)) {
	share(0, tasks, min(Threads(), len(queues)), unsafe.Pointer(plan), cast[func(unsafe.Pointer, int, int)](body))
}

// cast changes the type of a function or pointer. Both are one word, and functions of
// any pointer are called alike, so the pool needs to know no type.
func cast[To, From any](v From) To { return *(*To)(unsafe.Pointer(&v)) }

// do calls body for all tasks, on at most threads goroutines.
func do(threads, tasks int, plan unsafe.Pointer, body func(plan unsafe.Pointer, worker, task int)) {
	share(threads, tasks, 0, plan, body)
}

// share is do for tasks that belong to so many owners.
func share(threads, tasks, owners int, plan unsafe.Pointer, body func(plan unsafe.Pointer, worker, task int)) {
	n := Threads()
	if threads > 0 {
		n = min(n, threads)
	}
	if tasks <= 1 || n == 1 || !pool.busy.CompareAndSwap(false, true) {
		for i := range tasks {
			body(plan, 0, i)
		}
		return
	}
	pool.plan, pool.body, pool.tasks, pool.owners = plan, body, tasks, owners
	for i := range owners {
		queues[i].left.Store(int64((tasks - i + owners - 1) / owners))
	}
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
	panicked := pool.fault.Swap(nil)
	pool.busy.Store(false)
	if panicked != nil {
		panic(panicked)
	}
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

package diffusion

import (
	"runtime"
	"sync"
)

// parallel calls do(worker, task) for every task below tasks. A worker runs on one
// goroutine, so what it keeps between tasks needs no lock; which worker runs a task
// is left to chance and must not change the result.
func parallel(tasks, threads int, progress func(done, total int), do func(worker, task int)) {
	var mu sync.Mutex
	next, done := 0, 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	report := func() {
		if progress == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(done, tasks)
	}
	var wg sync.WaitGroup
	for w := range workers(tasks, threads) {
		wg.Go(func() {
			for t := take(); t < tasks; t = take() {
				do(w, t)
				report()
			}
		})
	}
	wg.Wait()
}

// workers is how many goroutines parallel uses.
func workers(tasks, threads int) int {
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return max(1, min(threads, tasks))
}

package linear

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls f for every task on as many goroutines as threads, or processors
// when threads is zero. Tasks must not depend on each other; who runs them never
// changes what they compute.
func parallel(tasks, threads int, f func(task int)) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, tasks)
	if threads <= 1 {
		for task := range tasks {
			f(task)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	work := func() {
		for {
			task := int(next.Add(1)) - 1
			if task >= tasks {
				return
			}
			f(task)
		}
	}
	for range threads - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
}

// chunks is how many pieces of the given size n items make.
func chunks(n, size int) int { return (n + size - 1) / size }

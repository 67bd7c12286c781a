package kernel

// MaxWorkers bounds the worker numbers that the body of ParallelWorkers may see
// until SetThreads is called again.
func MaxWorkers() int { return maxWorkers() }

// ParallelWorkers is Parallel that tells body which worker it runs on, a number
// from 0 to MaxWorkers()-1, so that callers can keep scratch memory per worker.
// The split into tasks, not the worker, must determine the result.
func ParallelWorkers(tasks int, body func(worker, task int)) { parallel(tasks, body) }

// ParallelOf is Parallel on at most so many goroutines, the caller included; 0: Threads.
func ParallelOf(threads, tasks int, body func(task int)) {
	n := Threads()
	if threads > 0 {
		n = min(n, threads)
	}
	runPlainTasks(n, tasks, body)
}

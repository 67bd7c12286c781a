package linear

import kernelparallel "pare/internal/kernel/parallel"

// parallel calls f for every task on as many goroutines as threads, or processors
// when threads is zero. Tasks must not depend on each other; who runs them never
// changes what they compute.
func parallel(tasks, threads int, f func(task int)) { kernelparallel.Of(threads, tasks, f) }

// chunks is how many pieces of the given size n items make.
func chunks(n, size int) int { return (n + size - 1) / size }

package kernel

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestParallelRunsEveryTaskOnce covers workers that still spin, that sleep and
// that were shut out, more threads than processors, and callers that meet.
func TestParallelRunsEveryTaskOnce(t *testing.T) {
	defer SetThreads(0)
	for _, threads := range []int{2, 5, 1, 3, 2} {
		SetThreads(threads)
		for round := range 300 {
			tasks := 1 + round%9
			count := make([]atomic.Int32, tasks)
			Parallel(tasks, func(task int) {
				count[task].Add(1)
				Parallel(2, func(int) {}) // nested runs are inline
			})
			for i := range count {
				if n := count[i].Load(); n != 1 {
					t.Fatalf("%d threads: task %d of %d ran %d times", threads, i, tasks, n)
				}
			}
			if round%50 == 0 {
				time.Sleep(3 * spinTime)
			}
		}
	}
}

func TestParallelCallersMeet(t *testing.T) {
	defer SetThreads(0)
	SetThreads(2)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				Parallel(5, func(int) { total.Add(1) })
			}
		})
	}
	wg.Wait()
	if total.Load() != 4*200*5 {
		t.Errorf("%d tasks ran, want %d", total.Load(), 4*200*5)
	}
}

// TestIdleWorkersSleep fails if workers keep looking for work.
func TestIdleWorkersSleep(t *testing.T) {
	defer SetThreads(0)
	SetThreads(4)
	Parallel(8, func(int) {})
	deadline := time.Now().Add(10 * time.Second)
	for _, w := range pool.workers[:3] {
		for !w.asleep.Load() {
			if time.Now().After(deadline) {
				t.Fatalf("worker %d does not sleep", w.number)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

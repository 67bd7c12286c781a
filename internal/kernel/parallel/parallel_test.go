package parallel

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pare/internal/fault"
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
			Run(tasks, func(task int) {
				count[task].Add(1)
				Run(2, func(int) {}) // nested runs are inline
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
				Run(5, func(int) { total.Add(1) })
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
	Run(8, func(int) {})
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

func TestParallel(t *testing.T) {
	defer SetThreads(0)
	for _, n := range []int{1, 2, 5} {
		SetThreads(n)
		if Threads() != n {
			t.Fatalf("threads %d, want %d", Threads(), n)
		}
		for tasks := range 40 {
			hits := make([][3]int, tasks)
			Run(tasks, func(i int) {
				Run(3, func(k int) { hits[i][k]++ })
			})
			for i, h := range hits {
				if h != [3]int{1, 1, 1} {
					t.Fatalf("task %d of %d ran %v times", i, tasks, h)
				}
			}
		}
	}
}

type counter struct{ hits []atomic.Int32 }

func (c *counter) hit(_, task int) { c.hits[task].Add(1) }

// TestEveryWayRunsEveryTaskOnce also mixes owned tasks with others.
func TestEveryWayRunsEveryTaskOnce(t *testing.T) {
	defer SetThreads(0)
	var loop Loop[[]int32]
	for _, threads := range []int{1, 3} {
		SetThreads(threads)
		for tasks := range 40 {
			c := &counter{hits: make([]atomic.Int32, tasks)}
			Each(tasks, c, (*counter).hit)
			Own(tasks, c, (*counter).hit)
			Workers(2, tasks, c.hit)
			marks := make([]int32, 3*tasks)
			loop.Do(len(marks), 4, marks, func(m *[]int32, lo, hi, task int) {
				for i := lo; i < hi; i++ {
					(*m)[i] += int32(1 + task - i/4)
				}
			})
			for i := range c.hits {
				if n := c.hits[i].Load(); n != 3 {
					t.Fatalf("%d threads: task %d of %d ran %d times", threads, i, tasks, n)
				}
			}
			for i, n := range marks {
				if n != 1 {
					t.Fatalf("%d threads: item %d of %d was taken %d times", threads, i, len(marks), n)
				}
			}
		}
	}
}

// TestPanicOfTask: a panic goes on in the goroutine of the call, and the pool still works.
func TestPanicOfTask(t *testing.T) {
	defer SetThreads(0)
	for _, threads := range []int{1, 2, 7} {
		SetThreads(threads)
		for bad := range 50 {
			err := func() (err error) {
				defer fault.Recover(&err)
				Run(50, func(task int) {
					if task == bad || task == 49-bad {
						panic("a task failed")
					}
				})
				return nil
			}()
			var p *fault.Panic
			if !errors.As(err, &p) || p.Value != "a task failed" || !strings.Contains(p.Functions[0], "TestPanicOfTask") {
				t.Fatalf("%d threads, task %d: %v", threads, bad, err)
			}
			var sum atomic.Int64
			if Run(50, func(task int) { sum.Add(int64(task)) }); sum.Load() != 1225 {
				t.Fatalf("%d threads: the next run sums to %d", threads, sum.Load())
			}
		}
	}
}

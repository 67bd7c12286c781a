package diffusion

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"pare/internal/kernel/parallel"
)

// Kernels, gaps and errors are the same to the last bit.
func TestThreadsDoNotMatter(t *testing.T) {
	parallel.SetThreads(8)
	defer parallel.SetThreads(0)
	p, _ := sample(t, 30, 40, 9)
	for _, symmetric := range []bool{false, true} {
		p.Symmetric = symmetric
		var first *CV
		for _, threads := range []int{1, 3, 8} {
			cv, err := CrossValidate(p, CVOptions{Options: Options{Threads: threads}, Folds: 4, Relaxed: !symmetric})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = cv
				continue
			}
			for l := range cv.Lambdas {
				if cv.Error[l] != first.Error[l] || cv.SE[l] != first.SE[l] && !math.IsInf(cv.Error[l], 1) {
					t.Fatalf("error %d with %d threads: %v, with one %v", l, threads, cv.Error[l], first.Error[l])
				}
				if !mat.Equal(cv.Path[l].Kernel.Dense(), first.Path[l].Kernel.Dense()) || cv.Path[l].Gap != first.Path[l].Gap {
					t.Fatalf("kernel %d differs with %d threads", l, threads)
				}
			}
		}
	}
}

package bench

import (
	"runtime"
	"slices"
	"time"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// Roofline is the most that this machine reaches with the threads that are set (Williams, Waterman
// & Patterson, "Roofline", CACM 52(4), 2009).
type Roofline struct {
	Threads int         `json:"threads"`
	GFLOPs  float64     `json:"gflops"` // arithmetic per second of all threads together
	Memory  []Bandwidth `json:"memory"` // by size of the data, the smallest first
}

// Bandwidth is the rate at which data of a size are copied, one half of them to the other.
type Bandwidth struct {
	Bytes int64   `json:"bytes"`
	GBs   float64 `json:"gb_per_s"` // bytes read and written
}

// Seconds is the least time for so many floating-point operations on so many bytes: whichever of
// arithmetic and memory takes longer. Bytes move at the rate of the smallest measured size that
// holds them.
func (r Roofline) Seconds(operations, bytes float64) float64 {
	rate := r.Memory[len(r.Memory)-1].GBs
	for _, m := range r.Memory {
		if bytes <= float64(m.Bytes) {
			rate = m.GBs
			break
		}
	}
	return max(operations/(1e9*r.GFLOPs), bytes/(1e9*rate))
}

// Sizes of data: within L1, L2 and L3 of usual processors, and beyond.
var memorySizes = []int64{16 << 10, 256 << 10, 4 << 20, 64 << 20}

// A thread repeats a loop so often, each time as long as it takes to copy copyVolume bytes.
const (
	rooflineTries = 50
	copyVolume    = 1 << 20
)

// MeasureRoofline measures this machine with the threads that are set; it takes a quarter of a second.
func MeasureRoofline() Roofline {
	r := Roofline{Threads: parallel.Threads(), GFLOPs: peakOfAll()}
	for _, size := range memorySizes {
		r.Memory = append(r.Memory, Bandwidth{size, copyRate(size)})
	}
	return r
}

// peakOfAll is Peak with all threads at work, because cores may share their units and their
// clock; where there is no loop for the processor, the rate of a matrix product.
func peakOfAll() float64 {
	if !simd.Supported { // a constant on other processors, whose programs have no such loop
		return Gemm(512, 50*time.Millisecond)
	}
	return rateOfAll(peakRounds*flopsPerRound, func(int) { multiplyAdd(peakRounds) })
}

// copyRate is the rate in GB/s of copying data of a size, of which each thread has a part.
func copyRate(size int64) float64 {
	n, threads := int(size/8), atWork() // values of a half
	from, to := make([]float32, n), make([]float32, n)
	times := int(max(1, copyVolume/size))
	return rateOfAll(float64(size)*float64(times)/float64(threads), func(task int) {
		lo, hi := n*task/threads, n*(task+1)/threads
		for range times {
			copy(to[lo:hi], from[lo:hi])
		}
	})
}

// atWork is the number of threads that run at the same time: threads beyond the processors take turns.
func atWork() int { return min(parallel.Threads(), runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// rateOfAll is the amount that all threads do in a nanosecond, where each does the given amount in
// a loop. Of each thread the fastest tenth of its loops ends where the rate is taken: other work
// on the machine slows many loops, and few run while another thread is not at work yet.
func rateOfAll(amount float64, loop func(task int)) float64 {
	times := make([][]time.Duration, atWork())
	parallel.Run(len(times), func(task int) {
		loop(task)
		own := make([]time.Duration, rooflineTries)
		for i := range own {
			start := time.Now()
			loop(task)
			own[i] = time.Since(start)
		}
		slices.Sort(own)
		times[task] = own
	})
	sum := 0.0
	for _, own := range times {
		sum += amount / float64(max(1, own[len(own)/10].Nanoseconds()))
	}
	return sum
}

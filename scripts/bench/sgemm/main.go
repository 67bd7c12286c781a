// Command sgemm measures pare's product of square matrices and prints a JSON
// object for each size: n, threads, gflops of the median call, and peak_gflops,
// the fused multiply-adds of one core (0 where they cannot be measured).
// scripts/bench/sgemm.py runs it in turn with OpenBLAS.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"pare/internal/bench"
	"pare/internal/kernel/parallel"
)

func main() {
	sizes := flag.String("n", "256,512,1024", "`sizes` of the matrices")
	threads := flag.Int("threads", 0, "processor threads; 0: all cores")
	seconds := flag.Float64("seconds", 1, "time for each size")
	flag.Parse()
	if err := run(os.Stdout, *sizes, *threads, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "sgemm:", err)
		os.Exit(2)
	}
}

type result struct {
	N       int     `json:"n"`
	Threads int     `json:"threads"`
	GFLOPs  float64 `json:"gflops"`
	Peak    float64 `json:"peak_gflops"`
}

func run(stdout io.Writer, sizes string, threads int, seconds float64) error {
	if threads < 0 || !(seconds >= 0 && seconds <= 3600) {
		return fmt.Errorf("-threads is %d and -seconds %g; neither may be negative, nor the time above an hour", threads, seconds)
	}
	out := json.NewEncoder(stdout)
	parallel.SetThreads(threads)
	for _, text := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1<<14 {
			return fmt.Errorf("-n has %q, it must list sizes from 1 to %d", text, 1<<14)
		}
		rate := bench.Gemm(n, time.Duration(seconds*float64(time.Second)))
		if err := out.Encode(result{n, parallel.Threads(), rate, bench.Peak()}); err != nil {
			return err
		}
	}
	return nil
}

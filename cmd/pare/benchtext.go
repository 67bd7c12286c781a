package main

import (
	"fmt"
	"io"
)

// The rows have fixed widths so that each can be printed when it is known.
const (
	benchHeadFormat = "%-10s %10s %12s %6s %9s %11s %9s %9s %13s\n"
	benchRowFormat  = "%-10s %10d %12d %6d %9.2f %11.2f %9.1f %9s %13s\n"
)

// printBenchHead writes what all rows share and the titles of the columns.
func printBenchHead(w io.Writer, r *benchResult) {
	fmt.Fprintf(w, "batch %d, threads %d, kernels %s, %s\n", r.Batch, r.Threads, r.Kernels, r.Go)
	fmt.Fprintln(w, "GFLOP/s: 2 for each multiply-accumulate forward and in both gradients of a training step")
	fmt.Fprintln(w)
	fmt.Fprintf(w, benchHeadFormat, "model", "params", "MACs", "steps", "step ms", "forward ms", "GFLOP/s", "peak MiB", "first step s")
}

func printBenchRow(w io.Writer, r *benchResult) {
	peak, firstStep := "–", "–"
	if r.PeakBytes > 0 {
		peak = fmt.Sprintf("%.0f", float64(r.PeakBytes)/(1<<20))
	}
	if r.FirstStepS > 0 {
		firstStep = fmt.Sprintf("%.2f", r.FirstStepS)
	}
	fmt.Fprintf(w, benchRowFormat, r.Model, r.Params, r.MACs, r.Steps, r.StepMs, r.ForwardMs, r.GFLOPs, peak, firstStep)
}

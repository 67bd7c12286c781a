package app

import (
	"fmt"
	"io"
	"strings"

	"pare/internal/svg"
	"pare/report"
)

// printInference writes the tables of a comparison, at most 80 columns wide but for the first
// lines and the notes.
func printInference(w io.Writer, r *report.Inference) {
	examples := map[string]string{"test": "test examples", "file": "examples of the file", "random": "random examples"}[r.Inputs]
	fmt.Fprintf(w, "%s: %d %s in turn, threads %d\n", r.Source, r.Examples, examples, r.Threads)
	fmt.Fprintf(w, "kernels %s, %s; peak %.0f GFLOP/s, copies at", r.Kernels, r.Go, r.Peaks.GFLOPs)
	for i, m := range r.Peaks.Memory {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, " %.0f", m.GBs)
	}
	fmt.Fprintln(w, " GB/s (16 KiB to 64 MiB)")
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	printTimes(w, r)
	printWork(w, r)
	printDensities(w, r)
	for _, n := range r.Networks {
		printCosts(w, n)
	}
}

func printTimes(w io.Writer, r *report.Inference) {
	fmt.Fprintf(w, "\n%-9s %5s %9s %19s %9s %8s %6s %6s\n",
		"network", "batch", "median ms", "quartiles", "95 % ms", "speed-up", "ideal", "reach")
	for i := range r.Networks[0].Times {
		for _, n := range r.Networks {
			t := n.Times[i]
			fmt.Fprintf(w, "%-9s %5d %9s %19s %9s %7.2f× %5.2f× %4.0f %%\n", n.Name, t.Batch, digits(t.Median),
				digits(t.FirstQuartile)+"–"+digits(t.ThirdQuartile), digits(t.P95), t.Speedup, t.IdealSpeedup, 100*t.Reached)
		}
	}
	fmt.Fprintln(w, "ideal: all layers at the peak of arithmetic or memory; reach: ideal time as a")
	fmt.Fprintln(w, "share of the median, above 100 % where Winograd's method saves operations")
}

func printWork(w io.Writer, r *report.Inference) {
	fmt.Fprintf(w, "\n%-9s %12s %14s", "network", "parameters", "MACs")
	for _, t := range r.Networks[0].Times {
		fmt.Fprintf(w, " %13s", fmt.Sprintf("executed, %d", t.Batch))
	}
	fmt.Fprintf(w, " %13s\n", "needed")
	for _, n := range r.Networks {
		fmt.Fprintf(w, "%-9s %12d %14d", n.Name, n.Params, n.MACs)
		for _, t := range n.Times {
			fmt.Fprintf(w, " %13.0f", t.Executed)
		}
		fmt.Fprintf(w, " %13.0f\n", n.Needed)
	}
	fmt.Fprintln(w, "of one example; executed: by batch; needed: by inputs that are not 0")
}

// printDensities writes, for each layer of the first network, how many of its inputs are not 0 in
// each network, and the times of the last network at the largest batch.
func printDensities(w io.Writer, r *report.Inference) {
	const name = 21
	fmt.Fprintf(w, "\n%-*s", name, "inputs not 0, %")
	for _, n := range r.Networks {
		fmt.Fprintf(w, " %8s", n.Name)
	}
	last := r.Networks[len(r.Networks)-1]
	times := last.Times[len(last.Times)-1]
	fmt.Fprintf(w, " %9s %9s  %s\n", "µs", "ideal", fmt.Sprintf("at batch %d", times.Batch))
	for _, l := range r.Networks[0].Layers {
		fmt.Fprintf(w, "%-*s", name, svg.Clip(l.Name, name))
		var here *report.InferenceLayer
		for _, n := range r.Networks {
			here = nil
			for i := range n.Layers {
				if n.Layers[i].Name == l.Name {
					here = &n.Layers[i]
				}
			}
			if here == nil {
				fmt.Fprintf(w, " %8s", "–")
				continue
			}
			fmt.Fprintf(w, " %8.1f", 100*here.Density)
		}
		if here != nil {
			t := here.Times[len(here.Times)-1]
			fmt.Fprintf(w, " %9.1f %9.1f  %s", 1e3*t.MedianMs, 1e3*t.IdealMs, t.Bound)
		}
		fmt.Fprintln(w)
	}
}

// printCosts writes a histogram of the multiply-accumulates that inputs need.
func printCosts(w io.Writer, n report.InferenceNetwork) {
	most := 0
	for _, k := range n.Cost.Counts {
		most = max(most, k)
	}
	fmt.Fprintf(w, "\nMACs needed by input, %s\n", n.Name)
	for i, k := range n.Cost.Counts {
		from := n.Cost.Least + float64(i)*n.Cost.Width()
		fmt.Fprintf(w, "%12.0f to %12.0f %5d %s\n", from, from+n.Cost.Width(), k, strings.Repeat("▪", (40*k+most-1)/max(1, most)))
	}
}

// digits is a time in milliseconds with three digits or more.
func digits(ms float64) string {
	switch {
	case ms < 1:
		return fmt.Sprintf("%.4f", ms)
	case ms < 100:
		return fmt.Sprintf("%.2f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

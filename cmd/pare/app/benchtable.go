package app

import (
	"fmt"
	"io"
	"slices"
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
	printLayers(w, r)
	for _, n := range r.Networks {
		if n.Of == "" {
			printCosts(w, n)
		}
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
	fmt.Fprintln(w, "share of the median, above 100 % where Winograd's method saves operations;")
	fmt.Fprintln(w, sideDynamic+": "+r.Networks[len(r.Networks)-1].Of+", served with zeros skipped where that is faster")
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

const layerName = 21 // columns of the name of a layer

// printDensities writes, for each layer of the first network, how many of its inputs are not 0 in
// each network.
func printDensities(w io.Writer, r *report.Inference) {
	networks := slices.DeleteFunc(slices.Clone(r.Networks), func(n report.InferenceNetwork) bool { return n.Of != "" })
	fmt.Fprintf(w, "\n%-*s", layerName, "inputs not 0, %")
	for _, n := range networks {
		fmt.Fprintf(w, " %9s", n.Name)
	}
	fmt.Fprintln(w)
	for _, l := range networks[0].Layers {
		fmt.Fprintf(w, "%-*s", layerName, svg.Clip(l.Name, layerName))
		for _, n := range networks {
			density := "–"
			if here := layerOf(n, l.Name); here != nil {
				density = fmt.Sprintf("%.1f", 100*here.Density)
			}
			fmt.Fprintf(w, " %9s", density)
		}
		fmt.Fprintln(w)
	}
}

// layerOf is the layer of a name; nil: the network has none.
func layerOf(n report.InferenceNetwork, name string) *report.InferenceLayer {
	for i := range n.Layers {
		if n.Layers[i].Name == name {
			return &n.Layers[i]
		}
	}
	return nil
}

// printLayers writes the times of the layers of the last form at the largest batch, dense and with
// zeros skipped.
func printLayers(w io.Writer, r *report.Inference) {
	skipping := r.Networks[len(r.Networks)-1]
	dense := r.Networks[slices.IndexFunc(r.Networks, func(n report.InferenceNetwork) bool { return n.Name == skipping.Of })]
	batch := len(dense.Times) - 1
	fmt.Fprintf(w, "\n%-*s %9s %9s %10s %10s %9s\n%-*s %9s %9s %10s %10s %9s\n", layerName, fmt.Sprintf("layers, batch %d", dense.Times[batch].Batch),
		dense.Name, "ideal", "", skipping.Name, "executed", layerName, "", "µs", "µs", "bound", "µs", "%")
	for _, l := range dense.Layers {
		t, skips := l.Times[batch], layerOf(skipping, l.Name).Times[batch]
		took := fmt.Sprintf("%.1f", 1e3*skips.MedianMs)
		if skips.Within != "" {
			took = "in " + svg.Clip(skips.Within, 7)
		}
		fmt.Fprintf(w, "%-*s %9.1f %9.1f %10s %10s %9.1f\n", layerName, svg.Clip(l.Name, layerName), 1e3*t.MedianMs, 1e3*t.IdealMs, t.Bound,
			took, 100*skips.Executed/float64(l.MACs))
	}
	fmt.Fprintln(w, "executed: share of the multiply-accumulates that "+skipping.Name+" computes;")
	fmt.Fprintln(w, "in fc: the layer fc computes this one in its operation, and its time holds both")
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

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
	for _, n := range r.Networks {
		if n.Of != "" {
			printLayers(w, r, n)
		}
	}
	fmt.Fprintln(w, "executed: share of the multiply-accumulates that the network computes;")
	fmt.Fprintln(w, "in fc: the layer fc computes this one in its operation, and its time holds both")
	for _, n := range r.Networks {
		if n.Of == "" || n.Approximation != nil {
			printCosts(w, n)
		}
	}
}

func printTimes(w io.Writer, r *report.Inference) {
	fmt.Fprintf(w, "\n%-11s %5s %9s %19s %9s %8s %6s %6s\n",
		"network", "batch", "median ms", "quartiles", "95 % ms", "speed-up", "ideal", "reach")
	for i := range r.Networks[0].Times {
		for _, n := range r.Networks {
			t := n.Times[i]
			fmt.Fprintf(w, "%-11s %5d %9s %19s %9s %7.2f× %5.2f× %4.0f %%\n", n.Name, t.Batch, digits(t.Median),
				digits(t.FirstQuartile)+"–"+digits(t.ThirdQuartile), digits(t.P95), t.Speedup, t.IdealSpeedup, 100*t.Reached)
		}
	}
	fmt.Fprintln(w, "ideal: all layers at the peak of arithmetic or memory; reach: ideal time as a")
	fmt.Fprintln(w, "share of the median, above 100 % where Winograd's method saves operations;")
	last := r.Networks[len(r.Networks)-1]
	fmt.Fprintln(w, sideDynamic+": "+last.Of+", served with zeros skipped where that is faster")
	if a := last.Approximation; a != nil {
		fmt.Fprintf(w, "%s: %s, small activations set to 0, by %d %s\n", last.Name, last.Of, a.Examples, a.On)
		fmt.Fprintf(w, "examples; here %.3g %% of the predictions are another class, and outputs\n", 100*a.OnInputs.Classes)
		fmt.Fprintf(w, "change by at most %.3g of the largest (there %.3g %% and %.3g)\n",
			a.OnInputs.Change, 100*a.Effect.Classes, a.Effect.Change)
	}
}

func printWork(w io.Writer, r *report.Inference) {
	fmt.Fprintf(w, "\n%-11s %12s %12s", "network", "parameters", "MACs")
	for _, t := range r.Networks[0].Times {
		fmt.Fprintf(w, " %13s", fmt.Sprintf("executed, %d", t.Batch))
	}
	fmt.Fprintf(w, " %13s\n", "needed")
	for _, n := range r.Networks {
		fmt.Fprintf(w, "%-11s %12d %12d", n.Name, n.Params, n.MACs)
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
	networks := slices.DeleteFunc(slices.Clone(r.Networks), func(n report.InferenceNetwork) bool {
		return n.Of != "" && n.Approximation == nil // it reads the inputs of another
	})
	fmt.Fprintf(w, "\n%-*s", layerName, "inputs not 0, %")
	for _, n := range networks {
		fmt.Fprintf(w, " %11s", n.Name)
	}
	fmt.Fprintln(w)
	for _, l := range networks[0].Layers {
		fmt.Fprintf(w, "%-*s", layerName, svg.Clip(l.Name, layerName))
		for _, n := range networks {
			density := "–"
			if here := layerOf(n, l.Name); here != nil {
				density = fmt.Sprintf("%.1f", 100*here.Density)
			}
			fmt.Fprintf(w, " %11s", density)
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

// printLayers writes the times of the layers at the largest batch of a network with zeros skipped and
// of the one that it is of.
func printLayers(w io.Writer, r *report.Inference, skipping report.InferenceNetwork) {
	dense := r.Networks[slices.IndexFunc(r.Networks, func(n report.InferenceNetwork) bool { return n.Name == skipping.Of })]
	batch := len(dense.Times) - 1
	const head = "%-*s %9s %9s %10s %11s %9s\n"
	title := fmt.Sprintf("layers, batch %d", dense.Times[batch].Batch)
	fmt.Fprintf(w, "\n"+head, layerName, title, dense.Name, "ideal", "", skipping.Name, "executed")
	fmt.Fprintf(w, head, layerName, "", "µs", "µs", "bound", "µs", "%")
	for _, l := range dense.Layers {
		t, skips := l.Times[batch], layerOf(skipping, l.Name).Times[batch]
		took := fmt.Sprintf("%.1f", 1e3*skips.MedianMs)
		if skips.Within != "" {
			took = "in " + svg.Clip(skips.Within, 7)
		}
		fmt.Fprintf(w, "%-*s %9.1f %9.1f %10s %11s %9.1f\n", layerName, svg.Clip(l.Name, layerName), 1e3*t.MedianMs, 1e3*t.IdealMs, t.Bound,
			took, 100*skips.Executed/float64(l.MACs))
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

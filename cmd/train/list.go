package main

import (
	"fmt"
	"io"
	"strings"

	"pare/config"
	"pare/datasets"
	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
	"pare/train"
)

// printList prints what configs may name.
func printList(w io.Writer) {
	section(w, "configs", config.BuiltIn(), config.Describe)
	section(w, "models", models.Names(), func(n string) string {
		m, err := models.Lookup(n)
		if err != nil {
			return err.Error()
		}
		return m.Doc()
	})
	section(w, "layers", nn.LayerKinds(), func(k string) string {
		info, _ := nn.DescribeLayer(k)
		return info.Doc
	})
	section(w, "penalties", regularize.Kinds(), regularize.Doc)
	section(w, "penalty targets (on)", regularize.Targets(), func(string) string { return "" })
	kinds(w, "optimizers", train.OptimizerKinds())
	kinds(w, "schedules", train.ScheduleKinds())
	fmt.Fprintln(w, "prune methods")
	for _, m := range prune.Methods() {
		fmt.Fprintf(w, "  %-16s %s\n", m[0], m[1])
	}
	fmt.Fprintln(w)
	section(w, "datasets", datasets.Names(), func(n string) string {
		d, err := datasets.Lookup(n)
		if err != nil {
			return err.Error()
		}
		return d.Doc()
	})
}

func section(w io.Writer, title string, names []string, doc func(string) string) {
	fmt.Fprintln(w, title)
	for _, n := range names {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-16s %s", n, doc(n)), " "))
	}
	fmt.Fprintln(w)
}

func kinds(w io.Writer, title string, list []train.Kind) {
	fmt.Fprintln(w, title)
	for _, k := range list {
		fmt.Fprintf(w, "  %-16s %s\n", k.Name, k.Doc)
	}
	fmt.Fprintln(w)
}

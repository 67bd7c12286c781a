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
	"pare/prune/importance"
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
	section(w, "penalties", regularize.OnParameters(), regularize.Penalties.Doc)
	section(w, "penalties on activations", regularize.OnActivations(), regularize.Penalties.Doc)
	var targets [][2]string
	for _, t := range regularize.Targets {
		targets = append(targets, [2]string{t.Name, t.Doc})
	}
	table(w, "penalty targets (on)", targets)
	kinds(w, "optimizers", train.OptimizerKinds())
	kinds(w, "schedules", train.ScheduleKinds())
	table(w, "prune methods", prune.Methods())
	section(w, "importance (of method least)", importance.Criteria.Names(), importance.Criteria.Doc)
	section(w, "datasets", datasets.Names(), func(n string) string {
		d, err := datasets.Lookup(n)
		if err != nil {
			return err.Error()
		}
		return d.Doc()
	})
}

func section(w io.Writer, title string, names []string, doc func(string) string) {
	rows := make([][2]string, len(names))
	for i, n := range names {
		rows[i] = [2]string{n, doc(n)}
	}
	table(w, title, rows)
}

func kinds(w io.Writer, title string, list []train.Kind) {
	rows := make([][2]string, len(list))
	for i, k := range list {
		rows[i] = [2]string{k.Name, k.Doc}
	}
	table(w, title, rows)
}

// table prints names with what they mean.
func table(w io.Writer, title string, rows [][2]string) {
	width := 16
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	fmt.Fprintln(w, title)
	for _, r := range rows {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-*s %s", width, r[0], r[1]), " "))
	}
	fmt.Fprintln(w)
}

package app

import (
	"fmt"
	"io"
	"strings"

	"pare/config"
	"pare/datasets"
	"pare/internal/option"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
	"pare/regularize"
	"pare/train"
)

// printList prints the names that configs may use.
func printList(w io.Writer) {
	section(w, "configs", config.BuiltIn(), config.Describe)
	kinds(w, "models", models.Kinds)
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
	kinds(w, "optimizers", train.Optimizers)
	kinds(w, "losses", layers.Losses)
	kinds(w, "schedules", train.Schedules)
	table(w, "prune methods", prune.Methods())
	kinds(w, "importance (of method least)", importance.Criteria)
	kinds(w, "datasets", datasets.Kinds)
}

func kinds(w io.Writer, title string, k option.Registry) { section(w, title, k.Names(), k.Doc) }

func section(w io.Writer, title string, names []string, doc func(string) string) {
	rows := make([][2]string, len(names))
	for i, n := range names {
		rows[i] = [2]string{n, doc(n)}
	}
	table(w, title, rows)
}

// table prints names with their meaning.
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

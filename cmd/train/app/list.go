package app

import (
	"fmt"
	"io"
	"reflect"
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

// printList prints the names that configs may use, with their options.
func printList(w io.Writer) {
	section(w, "configs", config.BuiltIn(), config.Describe)
	section(w, "sweeps, for pare sweep", config.BuiltInSweeps(), config.Describe)
	kinds(w, "models", models.Kinds, models.Kinds.Names())
	kinds(w, "layers", nn.Layers, nn.Layers.Names())
	kinds(w, "penalties", regularize.Penalties, regularize.OnParameters())
	kinds(w, "penalties on activations", regularize.Penalties, regularize.OnActivations())
	table(w, "options of every penalty", options("", reflect.ValueOf(regularize.Spec{})))
	var targets [][2]string
	for _, t := range regularize.Targets {
		targets = append(targets, [2]string{t.Name, t.Doc})
	}
	table(w, "penalty targets (on)", targets)
	kinds(w, "optimizers", train.Optimizers, train.Optimizers.Names())
	kinds(w, "losses", layers.Losses, layers.Losses.Names())
	kinds(w, "schedules", train.Schedules, train.Schedules.Names())
	kinds(w, "attacks to train under", train.Attacks, train.Attacks.Names())
	table(w, "prune methods", prune.Methods())
	kinds(w, "importance (of method least)", importance.Criteria, importance.Criteria.Names())
	kinds(w, "datasets", datasets.Kinds, datasets.Kinds.Names())
	table(w, "options of every dataset", options("", reflect.ValueOf(datasets.Options{})))
}

// kinds prints the kinds with these names, each followed by its options. Those of networks of
// one family are printed once.
func kinds(w io.Writer, title string, k option.Registry, names []string) {
	const few = 3 // options that are printed each time
	var rows [][2]string
	first := map[string]string{} // the kind with these options that is printed first
	for _, name := range names {
		kind, _ := k.Make(name)
		own := options("  ", reflect.ValueOf(kind))
		if same, ok := first[fmt.Sprint(own)]; ok && len(own) > few {
			own = [][2]string{{"  …", "the options of " + same}}
		} else {
			first[fmt.Sprint(own)] = name
		}
		rows = append(append(rows, [2]string{name, k.Doc(name)}), own...)
	}
	table(w, title, rows)
}

// options are the options of a struct, or pointer to one, with meaning, limits and default.
// before is put before each key: spaces, and the section that holds the struct. The default of
// a list of sections is too long to show.
func options(before string, v reflect.Value) [][2]string {
	var rows [][2]string
	for _, f := range option.Fields(v) {
		var facts []string
		if limits := f.Rules.String(); limits != "" {
			facts = append(facts, limits)
		}
		section := options(before+f.Key+".", f.Value)
		sections := f.Value.Kind() == reflect.Slice && f.Value.Type().Elem().Kind() == reflect.Struct
		if section == nil && !sections && !f.Value.IsZero() {
			facts = append(facts, "default "+strings.ReplaceAll(fmt.Sprint(f.Value), " ", ", "))
		}
		text := f.Doc
		if facts != nil {
			text = strings.TrimSpace(text + " [" + strings.Join(facts, "; ") + "]")
		}
		rows = append(append(rows, [2]string{before + f.Key, text}), section...)
	}
	return rows
}

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

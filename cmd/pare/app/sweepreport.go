package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pare/cmd/internal/cli"
	"pare/results"
	"pare/sweep"
)

// reportSweep writes the results of a sweep and prints its tables.
func reportSweep(ctx context.Context, q *sweepRequest) error {
	f, t, err := q.existing()
	if err != nil {
		return err
	}
	set, err := q.report(ctx, f, t)
	if err != nil {
		return err
	}
	return set.Tables(q.stdout, results.Terminal)
}

// existing opens the sweep folder that a file or folder names.
func (q *sweepRequest) existing() (sweep.Folder, *sweep.Table, error) {
	dir := q.path
	if info, err := os.Stat(dir); !sweep.IsFolder(dir) && (err != nil || !info.IsDir()) {
		_, folder, err := q.plan()
		if err != nil {
			return "", nil, err
		}
		dir = folder
	}
	return sweep.OpenFolder(dir)
}

// report writes results.csv, figures, tables and the page of the finished runs, and lets
// TensorBoard list them together.
func (q *sweepRequest) report(ctx context.Context, f sweep.Folder, t *sweep.Table) (*results.Set, error) {
	sources, unfinished := f.Sources(t)
	if len(unfinished) > 0 {
		q.note("left out, as they are not finished: %s", firstOf(unfinished))
	}
	if len(sources) == 0 {
		return nil, cli.InputError("%s has no finished run; do them with: pare sweep run %s", f, f)
	}
	var o results.Options
	if q.latency {
		o.Latency = measureLatency(ctx, q.flags)
	}
	set, err := results.Read(sources, o)
	if err != nil {
		return nil, err
	}
	for _, s := range set.Skipped {
		q.note("left out: %s", s)
	}
	for _, note := range set.Notes {
		q.note("%s", note)
	}
	if over := results.Over(q.over); set.Masked() && (over == results.OverMACs || over == results.OverParams) {
		q.note("zero weights are computed all the same, so the figure shows methods that zero single weights near 100 %%; "+
			"to compare these: pare sweep report %s -over %s", f, results.OverNonZero)
	}
	dir := filepath.Join(string(f), sweep.ResultsDir)
	if err := set.Write(dir, results.Over(q.over), t.Name); err != nil {
		return nil, err
	}
	if err := writeExperiment(string(f), set); err != nil {
		return nil, err
	}
	fmt.Fprintf(q.stdout, "wrote %s: results.csv, figure.svg, figure.png, tables.md, tables.tex, report.html\n", dir)
	return set, nil
}

// firstOf names the first few of a list.
func firstOf(names []string) string {
	const most = 5
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}

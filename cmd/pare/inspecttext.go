package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"pare/nn"
	"pare/report"
	"pare/run"
)

// print writes the inspection for people. Errors of w are those of the flush of
// the table; others are ignored, as is usual for a terminal.
func (i *inspection) print(w io.Writer) error {
	switch {
	case i.Summary != nil:
		report.Table(w, summaryData(i.Summary))
	case i.Pruning != nil && i.Pruning.Report != nil:
		d := pruningData(i.Pruning)
		d.Title, d.Model, d.Dataset = i.Path, i.Model, i.Dataset
		if i.Seed != nil {
			d.Seed = *i.Seed
		}
		report.Table(w, d)
	default:
		i.printTitle(w)
	}
	fmt.Fprintln(w)
	if i.Method != "" {
		fmt.Fprintf(w, "method  %s\n", i.Method)
	}
	if i.State != nil {
		fmt.Fprintf(w, "state   %s\n", i.stateText())
	}
	fmt.Fprintf(w, "files   %s\n", i.fileText())
	i.printSessions(w)
	if i.Network == nil {
		return nil
	}
	fmt.Fprintln(w)
	return i.Network.print(w)
}

// printTitle says what is known without a summary.
func (i *inspection) printTitle(w io.Writer) {
	fmt.Fprintln(w, cmp.Or(i.Name, i.Path))
	facts := []string{"model " + cmp.Or(i.Model, "of layers")}
	if i.Dataset != "" {
		facts = append(facts, "data "+i.Dataset)
	}
	if i.Seed != nil {
		facts = append(facts, fmt.Sprintf("seed %d", *i.Seed))
	}
	fmt.Fprintln(w, strings.Join(facts, " · "))
}

// printSessions tells how the run was started and resumed.
func (i *inspection) printSessions(w io.Writer) {
	what := "started"
	for _, s := range i.Sessions {
		fmt.Fprintf(w, "%s %s\n", what, s)
		if s.Command != "" {
			fmt.Fprintf(w, "        %s\n", s.Command)
		}
		what = "resumed"
	}
	if len(i.Sessions) == 0 && i.Summary != nil && i.Summary.Command != "" { // of an earlier version
		fmt.Fprintf(w, "command %s\n", i.Summary.Command)
	}
}

func (i *inspection) stateText() string {
	if i.Summary != nil {
		return fmt.Sprintf("%s %s", i.State, i.Summary.Finished)
	}
	return fmt.Sprintf("%s; go on with train -resume %s", i.State, i.Path)
}

func (i *inspection) fileText() string {
	if i.Kind == run.KindONNX {
		return i.Path
	}
	names := make([]string, len(i.Files))
	for k, f := range i.Files {
		names[k] = filepath.Base(f)
	}
	return fmt.Sprintf("%s in %s", strings.Join(names, ", "), i.Path)
}

func (n *network) print(w io.Writer) error {
	input := n.Input.String()
	if n.Vocabulary > 0 {
		input += fmt.Sprintf(" (tokens of a vocabulary of %d)", n.Vocabulary)
	}
	fmt.Fprintf(w, "network (%s): input %s, output %s", n.Stage, input, n.Output)
	if len(n.Classes) > 0 {
		fmt.Fprintf(w, ", classes %s", classText(n.Classes))
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "layer\tkind\toutput\tparams\tnonzero\tMACs\n")
	for _, l := range n.Layers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\n", l.Name, l.Kind, l.Shape, l.Params, l.NonZero, l.MACs)
	}
	fmt.Fprintf(t, "total\t\t\t%d\t%d\t%d\n", n.Total.Params, n.Total.NonZero, n.Total.MACs)
	return t.Flush()
}

// classText lists names; those that would not show, such as a line break, are
// quoted.
func classText(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if quoted := strconv.Quote(name); quoted != `"`+name+`"` || strings.TrimSpace(name) == "" {
			out[i] = quoted
		}
	}
	return strings.Join(out, " ")
}

// summaryData is the outcome of a run without its layers, which the table of
// the final network shows.
func summaryData(s *run.Summary) report.Data {
	date, _ := time.Parse(time.RFC3339, s.Finished) // a date that cannot be read is left out
	return report.Data{Title: s.Name, Model: s.Model, Dataset: s.Dataset, Seed: s.Seed, Date: date,
		Before:  nn.Counts{Params: s.ParamsBefore, MACs: s.MACsBefore},
		After:   nn.Counts{Params: s.ParamsAfter, MACs: s.MACsAfter, NonZero: s.NonZeroAfter},
		Removed: s.Removed, Certificate: s.Certificate, OnTheWay: s.Removals, WorstOnTheWay: s.WorstCertificate,
		Warnings: s.Warnings, Stages: s.Stages(), TestExamples: s.Targets(), Measures: s.Measures(), TrainSeconds: s.TrainSeconds, FinetuneSeconds: s.FinetuneSeconds}
}

package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"pare/export"
	"pare/nn"
	"pare/report"
	"pare/run"
)

// inspectCommand shows the contents of a run folder or a model.
var inspectCommand = command{
	name: "inspect",
	args: "SOURCE [-json]",
	doc:  "shows what a run, a model, an .onnx file or a file of weights is",
	examples: []string{
		"pare inspect runs/resnet",
		"pare inspect runs/resnet -json",
		"pare inspect resnet.onnx",
		"pare inspect resnet50.safetensors -model resnet50",
	},
	run: runInspect,
}

func runInspect(_ context.Context, f *flags) error {
	asJSON := f.Bool("json", false, "print JSON")
	source := f.source()
	pos, err := f.parse("SOURCE")
	if err != nil {
		return err
	}
	a, err := source.open(pos[0])
	if err != nil {
		return err
	}
	i, err := inspect(a)
	if err != nil {
		return err
	}
	if i.State != nil && i.State.Damage != "" {
		f.warn(i.State.Damage)
	}
	if !*asJSON {
		if i.Network != nil {
			for _, note := range i.Network.Notes {
				f.note("%s: %s", i.Path, note)
			}
		}
		return i.print(f.stdout)
	}
	e := json.NewEncoder(f.stdout)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

// inspection describes an artifact. Fields of a run are left out for models, and the
// network for a run that has none yet.
type inspection struct {
	Path    string       `json:"path"`
	Kind    run.Kind     `json:"kind"`
	Name    string       `json:"name,omitempty"` // of the run
	Model   string       `json:"model,omitempty"`
	Dataset string       `json:"dataset,omitempty"`
	Seed    *uint64      `json:"seed,omitempty"`
	Method  string       `json:"method,omitempty"` // of pruning
	State   *run.State   `json:"state,omitempty"`
	Summary *run.Summary `json:"summary,omitempty"` // of a finished run
	Pruning *run.Pruning `json:"pruning,omitempty"` // of a network that was pruned outside of a run, or at its stage "pruned"
	Network *network     `json:"network,omitempty"`
	Files   []string     `json:"files"`
	// Attack is the content of attack.json, without pictures.
	Attack *report.Robustness `json:"attack,omitempty"`

	Sessions []run.Session `json:"sessions,omitempty"` // the processes that worked on a run
}

// network describes a network layer by layer. Shapes are channels first.
type network struct {
	Stage      string            `json:"stage"` // final, pruned or trained
	Input      nn.Shape          `json:"input"`
	Vocabulary int               `json:"vocabulary,omitempty"` // the input is tokens below it
	Output     nn.Shape          `json:"output"`
	Layers     []layer           `json:"layers"`
	Total      nn.Counts         `json:"total"`
	Preprocess export.Preprocess `json:"preprocess"`
	Outputs    export.Outputs    `json:"outputs,omitempty"`
	Classes    []string          `json:"classes,omitempty"` // names of the outputs
	Notes      []string          `json:"notes,omitempty"`   // on how the network was made from its file
}

type layer struct {
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	Shape nn.Shape `json:"shape"` // of the output
	nn.Counts
}

func inspect(a *run.Artifact) (*inspection, error) {
	i := &inspection{Path: a.Path, Kind: a.Kind, Files: a.Files()}
	m, stage, err := a.Latest()
	if err != nil {
		return nil, err
	}
	if stage != "" {
		i.Network, i.Model = describe(m, stage), m.Net.Name
	}
	if i.Summary, err = a.Summary(); err != nil {
		return nil, err
	}
	if i.Pruning, err = a.Pruning(); err != nil {
		return nil, err
	}
	if i.Pruning != nil {
		i.Method = i.Pruning.Method
	}
	if c := a.Config; c != nil {
		i.Name, i.Dataset, i.Seed, i.Method = c.Name, c.Data.Dataset, &c.Seed, c.Prune.Method
		if i.Model == "" {
			i.Model = c.Model.Type
		}
	}
	if a.Kind != run.KindRun {
		return i, nil
	}
	if i.Sessions, err = a.Sessions(); err != nil {
		return nil, err
	}
	if i.Attack, err = run.ReadAttack(a.Path); err != nil {
		return nil, err
	}
	if i.Attack != nil {
		for k := range i.Attack.Networks {
			i.Attack.Networks[k].Shown = nil
		}
	}
	state, err := a.State()
	i.State = &state
	return i, err
}

func describe(m export.Model, stage string) *network {
	n := &network{Stage: stage, Input: m.Net.Input, Vocabulary: m.Net.Vocabulary, Output: m.Net.Output().Shape, Total: m.Net.Count(),
		Preprocess: m.Preprocess, Outputs: m.Outputs, Classes: m.Classes, Notes: m.Net.Notes}
	for _, node := range m.Net.Nodes {
		n.Layers = append(n.Layers, layer{node.Name, node.Layer.Kind(), node.Shape, m.Net.CountNode(node)})
	}
	return n
}

// print writes the inspection for people. It returns the error of writing the table; other
// errors of w are ignored, as is usual for a terminal.
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
	if a := i.Attack; a != nil {
		for _, n := range a.Networks {
			fmt.Fprintf(w, "attack  %s, %s test examples, %s: %s\n", n.Title(), report.Count(int64(a.Examples)), a.Norm, n.Line())
		}
	}
	fmt.Fprintf(w, "files   %s\n", i.fileText())
	i.printSessions(w)
	if i.Network == nil {
		return nil
	}
	fmt.Fprintln(w)
	return i.Network.print(w)
}

// printTitle writes the title of an artifact without a summary.
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

// printSessions prints how the run was started and resumed.
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
	if i.Kind == run.KindONNX || i.Kind == run.KindWeights {
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
		fmt.Fprintf(w, ", %s %s", cmp.Or(n.Outputs, export.OutputClasses), classText(n.Classes))
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
		Warnings: s.Warnings, Stages: s.Stages(), TestExamples: s.Targets(), Measures: s.Measures(),
		TrainSeconds: s.TrainSeconds, FinetuneSeconds: s.FinetuneSeconds}
}

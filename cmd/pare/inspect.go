package main

import (
	"context"
	"encoding/json"

	"pare/export"
	"pare/nn"
	"pare/run"
)

// inspectCommand shows what a run folder or a model holds.
var inspectCommand = command{
	name: "inspect",
	args: "RUN [-json]",
	doc:  "shows what a run, a model or an .onnx file is",
	examples: []string{
		"pare inspect runs/resnet",
		"pare inspect runs/resnet -json",
		"pare inspect resnet.onnx",
	},
	run: runInspect,
}

func runInspect(_ context.Context, f *flags) error {
	asJSON := f.Bool("json", false, "print JSON")
	pos, err := f.parse("RUN")
	if err != nil {
		return err
	}
	a, err := run.OpenArtifact(pos[0])
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
		return i.print(f.stdout)
	}
	e := json.NewEncoder(f.stdout)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

// inspection is what is known of an artifact. Fields of a run are left out for
// models, and the network for a run that has none yet.
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
	Classes    []string          `json:"classes,omitempty"`
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
	state, err := a.State()
	i.State = &state
	return i, err
}

func describe(m export.Model, stage string) *network {
	n := &network{Stage: stage, Input: m.Net.Input, Vocabulary: m.Net.Vocabulary, Output: m.Net.Output().Shape, Total: m.Net.Count(),
		Preprocess: m.Preprocess, Classes: m.Classes}
	for _, node := range m.Net.Nodes {
		n.Layers = append(n.Layers, layer{node.Name, node.Layer.Kind(), node.Shape, m.Net.CountNode(node)})
	}
	return n
}

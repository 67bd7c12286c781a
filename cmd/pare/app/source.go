package app

import (
	"path/filepath"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/models"
	"pare/nn"
	"pare/run"
	"pare/sweep"
)

// sourceFlags are the options that a SOURCE of weights alone needs.
type sourceFlags struct {
	model, names, input string
	note                func(format string, args ...any) // nil: no notes on networks
}

// source defines the options of a SOURCE. The command bench has -model already, with more
// meanings.
func (f *flags) source() *sourceFlags {
	s := &sourceFlags{note: f.note}
	f.StringVar(&s.model, "model", "", "FILE.safetensors: `name` of the model whose weights it holds, such as resnet50")
	f.words["model"] = models.Kinds.Names()
	s.others(f)
	return s
}

func (s *sourceFlags) others(f *flags) {
	f.StringVar(&s.names, "names", "", "FILE.safetensors: YAML, JSON or CSV `file` that translates names of its weights "+
		"into names of the model")
	f.StringVar(&s.input, "input", "", "FILE.safetensors: `size` of the model's input, such as 224 or 3x224x224 "+
		"(channels, height, width; the default); FILE.onnx: the same, where the file leaves it open")
}

// maxSide bounds the axes of inputs, against slips of the keyboard.
const maxSide = 1 << 16

// shape is the input that the options name; nil: none.
func (s *sourceFlags) shape() (nn.Shape, error) {
	if s.input == "" {
		return nil, nil
	}
	var out nn.Shape
	for _, part := range strings.Split(s.input, "x") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > maxSide {
			return nil, cli.InputError("-input is %q; it must be a side such as 224, or channels, height and width such as 3x224x224", s.input)
		}
		out = append(out, n)
	}
	if len(out) == 1 {
		out = nn.Shape{3, out[0], out[0]}
	}
	return out, nil
}

// open opens a SOURCE.
func (s *sourceFlags) open(path string) (*run.Artifact, error) {
	input, err := s.shape()
	if err != nil {
		return nil, err
	}
	if sweep.IsFolder(path) {
		return nil, cli.InputError("%s is a sweep; give one of its runs, in %s", path, filepath.Join(path, "runs"))
	}
	return run.OpenSource(path, run.SourceOptions{Model: s.model, Names: s.names, Input: input})
}

// final opens a SOURCE and reads its final network.
func (s *sourceFlags) final(path string) (*run.Artifact, export.Model, error) {
	a, err := s.open(path)
	if err != nil {
		return nil, export.Model{}, err
	}
	m, err := a.Final()
	if err == nil {
		s.notes(path, m)
	}
	return a, m, err
}

// notes says how a network was made from its file, where that is not plain.
func (s *sourceFlags) notes(path string, m export.Model) {
	if s.note == nil {
		return
	}
	for _, n := range m.Net.Notes {
		s.note("%s: %s", path, n)
	}
}

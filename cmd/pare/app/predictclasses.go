package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"pare/cmd/internal/cli"
	"pare/export"
)

// classes gives the outputs of a model their meaning where its file does not say it, as files of
// other programs do not: they are classes where -top or -labels asks for classes, and by default
// where the network takes images and gives several outputs. note says so; "": it was asked for.
func (f *predictFlags) classes(m *export.Model, ofRun bool) (note string, err error) {
	shape := m.Net.Output().Shape
	unknown := m.Outputs == "" && len(m.Classes) == 0 && !ofRun
	switch {
	case f.labels != "" && !unknown && m.Meaning() == export.OutputNumbers:
		return "", cli.InputError("-labels is for classes and labels, this network predicts numbers")
	case (f.labels != "" || f.top > 0) && unknown && shape.Units() == 1:
		return "", cli.InputError("the network has one output, which cannot be read as classes; leave -labels and -top out")
	case f.labels != "":
		names, err := readLabels(f.labels, shape.Units())
		if err != nil {
			return "", err
		}
		m.Classes = names
	}
	if !unknown {
		return "", nil
	}
	images := len(m.Net.Input) == 3 && m.Net.Vocabulary == 0 && shape.Positions() == 1 && shape.Units() > 1
	switch {
	case f.labels != "" || f.top > 0:
		m.Outputs = export.OutputClasses
	case images && !f.logits && (f.out == "" && f.inputs == "" || f.out != "" && cli.Extension(f.out) != ".npy"):
		m.Outputs = export.OutputClasses
		note = fmt.Sprintf("outputs: taken for the logits of %d classes; "+
			"-labels FILE gives them names, -logits shows them as they are", shape.Units())
	}
	return note, nil
}

// Bounds on a file of names: of the file, and of a line.
const (
	longestLabels = 16 << 20
	longestLabel  = 64 << 10
)

// readLabels reads the names of outputs, one a line. A name that is there twice, as crane is in
// ImageNet, has the number of the class behind it.
func readLabels(path string, outputs int) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cli.InputError("-labels: %w", err)
	}
	defer file.Close() // only read
	var names []string
	seen, n := map[string]bool{}, 0
	limit := &io.LimitedReader{R: file, N: longestLabels + 1}
	lines := bufio.NewScanner(limit)
	lines.Buffer(nil, longestLabel)
	for ; lines.Scan() && limit.N > 0; n++ {
		name := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		switch {
		case name == "":
			return nil, cli.InputError("-labels: line %d of %s is empty; it must be the name of class %d", n+1, path, n)
		case !utf8.ValidString(name):
			return nil, cli.InputError("-labels: line %d of %s is not text in UTF-8", n+1, path)
		}
		if n >= outputs {
			continue // only counted
		}
		for seen[name] {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[name] = true
		names = append(names, name)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, cli.InputError("-labels: line %d of %s has more than %d KiB; give one name a line", n+1, path, longestLabel>>10)
	case err != nil:
		return nil, cli.InputError("-labels: %s: %w", path, err)
	case limit.N == 0:
		return nil, cli.InputError("-labels: %s has more than %d MiB; give one name a line", path, longestLabels>>20)
	case n != outputs:
		return nil, cli.InputError("-labels: %s has %d lines, the network has %d outputs; give one name a line, in their order",
			path, n, outputs)
	}
	return names, nil
}

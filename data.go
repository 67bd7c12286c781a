package pare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"pare/config"
	"pare/export/safetensors"
	"pare/internal/atomicfile"
	"pare/nn"
	"pare/run"
)

// Data are examples in memory.
type Data struct {
	X     []float32 // inputs, one example after the other, channels first
	Shape []int     // of an example: [F] a vector, [C, H, W] an image, [D, T] a sequence
	// Y has one target an example, or as many as there are numbers, labels or positions: the
	// index of a class, a number to predict, or 1 and 0 for a label that applies or not.
	Y       []float32
	Task    string   // classes, numbers or labels; "": classes where Classes has names, else numbers
	Classes []string // names of the classes or labels; nil: they have none
}

// dataFile holds the examples in a folder of inputs.
const dataFile = "examples.safetensors"

// check reports lengths that do not fit.
func (d *Data) check() (examples int, err error) {
	fault := func(format string, args ...any) (int, error) {
		return 0, &run.InputError{Err: fmt.Errorf("Data: "+format, args...)}
	}
	if len(d.Shape) < 1 || len(d.Shape) > 3 {
		return fault("Shape is %v; an example is a vector [F], an image [C, H, W] or a sequence [D, T]", d.Shape)
	}
	size := 1
	for _, n := range d.Shape {
		if n < 1 || size > len(d.X)/n {
			return fault("X has %d values, which is no example of shape %v", len(d.X), d.Shape)
		}
		size *= n
	}
	examples = len(d.X) / size
	switch {
	case len(d.X)%size != 0:
		return fault("X has %d values, not a whole number of examples of shape %v", len(d.X), d.Shape)
	case len(d.Y) == 0 || len(d.Y)%examples != 0:
		return fault("Y has %d targets for %d examples", len(d.Y), examples)
	}
	for i, name := range d.Classes {
		if !utf8.ValidString(name) {
			return fault("the name of class %d, %q, is not text in UTF-8", i, name)
		}
	}
	return examples, nil
}

// write puts the examples into a folder.
func (d *Data) write(dir string) error {
	n, err := d.check()
	if err != nil {
		return err
	}
	x := safetensors.Tensor{Name: "x", Shape: append([]int{n}, d.Shape...), Data: d.X}
	y := safetensors.Tensor{Name: "y", Shape: []int{n}, Data: d.Y}
	if k := len(d.Y) / n; k > 1 {
		y.Shape = append(y.Shape, k)
	}
	return atomicfile.Write(filepath.Join(dir, dataFile), func(w io.Writer) error {
		return safetensors.Write(w, safetensors.File{Tensors: []safetensors.Tensor{x, y}})
	})
}

// overrides make a config read the examples that were written to a folder. It may choose the
// sizes of the parts.
func (d *Data) overrides(dir string) ([]string, error) {
	task := d.Task
	if task == "" {
		task = "numbers"
		if len(d.Classes) > 0 {
			task = "classes"
		}
	}
	sets := []string{"data.dataset=arrays", "data.file=" + quoted(filepath.Join(dir, dataFile)), "data.task=" + quoted(task)}
	switch len(d.Shape) {
	case 1:
		sets = append(sets, "data.as=vectors")
	case 2:
		sets = append(sets, "data.as=sequences", "data.layout=channels_first")
	case 3:
		sets = append(sets, "data.as=images", "data.layout=channels_first")
	}
	if len(d.Classes) > 0 {
		names, err := json.Marshal(d.Classes)
		if err != nil {
			return nil, err
		}
		sets = append(sets, "data.class_names="+string(names))
	}
	return sets, nil
}

// ofData is an error of a config about the keys that Data sets, in place of an override that
// nobody wrote.
func ofData(err error, sets []string) error {
	var e *config.Error
	if errors.As(err, &e) && e.Override() != "" && !slices.Contains(sets, e.Override()) {
		return &config.Error{File: "Data", Msg: strings.TrimPrefix(e.Msg, "data: ")}
	}
	return err
}

// quoted is a text in YAML, which takes all that JSON does.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // texts can be written
	}
	return string(text)
}

// ofModel is the data as inputs of a model: normalised as it was trained.
func (d *Data) ofModel(dir string, m Model) (*run.Artifact, error) {
	if err := d.write(dir); err != nil {
		return nil, err
	}
	sets, err := d.overrides(dir)
	if err != nil {
		return nil, err
	}
	// The model of the config is not built.
	sets = append(sets, "model={type: mlp}", "data.test=0.5", fmt.Sprintf("data.as_is=%t", len(m.Preprocess.Mean) == 0))
	c, err := config.Parse("Data", []byte("{seed: 0}"), sets...)
	return &run.Artifact{Path: "Data", Config: c}, ofData(err, nil)
}

// inputsDir is the folder in a run folder that holds the examples and the network that a program
// gave.
const inputsDir = "inputs"

// stage writes the inputs of a run into its folder: with examples, with the network to start
// from, or neither. Files of an earlier session must hold the same. undo removes the folder if
// stage made it.
func stage(dir string, d *Data, from *Model) (undo func(), err error) {
	undo = func() {}
	if d == nil && from == nil {
		return undo, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return undo, &run.InputError{Err: fmt.Errorf("the run folder cannot be made: %w", err)}
	}
	fresh, err := os.MkdirTemp(dir, "."+inputsDir+".tmp-*")
	if err != nil {
		return undo, err
	}
	defer os.RemoveAll(fresh)
	if d != nil {
		err = d.write(fresh)
	}
	if err == nil && from != nil {
		err = run.SaveModel(fresh, *from)
	}
	if err != nil {
		return undo, err
	}
	to := filepath.Join(dir, inputsDir)
	if _, err := os.Stat(to); err == nil {
		return undo, sameFiles(fresh, to)
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return undo, err
	}
	return func() { os.RemoveAll(to) }, os.Rename(fresh, to)
}

// sameFiles reports a file of a folder that the other folder lacks or has with another content.
func sameFiles(fresh, old string) error {
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		same, err := sameContent(filepath.Join(fresh, e.Name()), filepath.Join(old, e.Name()))
		if err != nil {
			return err
		}
		if !same {
			return &run.InputError{Err: fmt.Errorf("%s holds a run that began with another %s; choose another folder",
				filepath.Dir(old), e.Name())}
		}
	}
	return nil
}

// sameContent compares two files; the second one may be missing.
func sameContent(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer y.Close()
	p, q := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errX := io.ReadFull(x, p)
		m, errY := io.ReadFull(y, q)
		switch {
		case !bytes.Equal(p[:n], q[:m]):
			return false, nil
		case errX == io.EOF || errX == io.ErrUnexpectedEOF:
			return true, nil
		case errX != nil:
			return false, errX
		case errY != nil:
			return false, errY
		}
	}
}

// examples are inputs of a network, normalised as the model says and channels last.
func examples(m Model, x []float32) ([]float32, error) {
	size := m.Net.Input.Size()
	if len(x)%size != 0 {
		return nil, &run.InputError{Err: fmt.Errorf("%d values are not a whole number of examples of shape %s", len(x), m.Net.Input)}
	}
	out := run.ChannelsLast(x, m.Net.Input)
	if m.Net.Vocabulary > 0 {
		return out, checkTokens(out, m.Net)
	}
	p, units := m.Preprocess, m.Net.Input.Units()
	for i, v := range out {
		if v-v != 0 {
			return nil, &run.InputError{Err: fmt.Errorf("example %d holds %g, not a finite number", i/size, v)}
		}
		if len(p.Mean) > 0 {
			out[i] = float32((float64(v) - float64(p.Mean[i%units])) / float64(p.Std[i%units]))
		}
	}
	return out, nil
}

func checkTokens(x []float32, net *nn.Network) error {
	for i, v := range x {
		if v < 0 || v != float32(int(v)) || int(v) >= net.Vocabulary {
			return &run.InputError{Err: fmt.Errorf("example %d holds %g, no token; tokens are whole numbers from 0 to %d",
				i/net.Input.Size(), v, net.Vocabulary-1)}
		}
	}
	return nil
}

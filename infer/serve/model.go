package serve

import (
	"fmt"
	"math"
	"regexp"
	"slices"
)

// Predictor computes the outputs of a network.
type Predictor interface {
	// Predict computes n examples, 1 to the model's Batch: in holds n inputs one after the
	// other, out takes n outputs. Neither is kept. The server makes one call at a time.
	Predict(out, in []float32, n int) error
}

// Datatypes of tensors.
const (
	FP32  = "FP32"
	FP64  = "FP64"
	INT32 = "INT32"
	INT64 = "INT64"

	typeBytes = "BYTES" // of classifications
)

// Model is a network that a server offers under a name.
type Model struct {
	// Name is its place in paths: letters, digits and ._- only.
	Name string
	// Input is the one input of the network.
	Input Input
	// Prepare checks the inputs of a request and turns them, in place, into inputs of Predict. Its
	// error is the answer to the request, with status 400. It runs for several requests at once.
	// nil: they are used as they are.
	Prepare func(in []float32) error
	// Predictor computes Width values for an example.
	Predictor Predictor
	// Width is the number of values that Predict writes for an example.
	Width int
	// Outputs are made from these values. At least one.
	Outputs []Output
	// Batch is the most examples that Predict computes at once, and that a request may hold.
	Batch int
}

// Input describes an input. Its shape in requests is (n, Shape…) for n examples.
type Input struct {
	Name  string
	Shape []int
	// Vocabulary is the number of tokens of a network that reads tokens, which are INT64 or INT32
	// from 0 to Vocabulary−1. 0: the input takes real numbers, FP32, or FP64, which are rounded.
	Vocabulary int
}

// Output describes an output, of shape (n, Shape…) and datatype FP32.
type Output struct {
	Name  string
	Shape []int
	// Classes are the names of the values of an output of shape (n, len(Classes)), for
	// classifications; nil: they have none.
	Classes []string
	// From makes the output of an example from the values of Predict. dst has the size of Shape.
	From func(dst, values []float32)
}

// maxRank and maxAxis bound shapes, so that no product of axes overflows.
const (
	maxRank = 8
	maxAxis = 1 << 30
)

// size is the number of values of a shape. 0 where it is too large to serve.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 1 || d > maxAxis || n > math.MaxInt32/d {
			return 0
		}
		n *= d
	}
	return n
}

// datatypes are those that the input takes, the first as metadata names it.
func (in *Input) datatypes() []string {
	if in.Vocabulary > 0 {
		return []string{INT64, INT32}
	}
	return []string{FP32, FP64}
}

// validName matches names that need no quotes in paths and metrics.
var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// ValidName reports whether a model may have the name.
func ValidName(s string) bool { return len(s) <= 200 && validName.MatchString(s) }

func (m *Model) check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("model %q: %s", m.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case !ValidName(m.Name):
		return fail("a name has letters, digits and ._- only, and begins with none of .-")
	case m.Input.Name == "" || size(append([]int{max(m.Batch, 1)}, m.Input.Shape...)) == 0 || len(m.Input.Shape) >= maxRank:
		return fail("input %q of shape %v cannot be served", m.Input.Name, m.Input.Shape)
	case m.Predictor == nil || m.Width < 1 || m.Batch < 1 || len(m.Outputs) == 0:
		return fail("the predictor, Width, Batch or the outputs are missing")
	}
	for i, o := range m.Outputs {
		switch {
		case o.Name == "" || size(o.Shape) == 0 || o.From == nil:
			return fail("output %q of shape %v cannot be served", o.Name, o.Shape)
		case o.Classes != nil && !slices.Equal(o.Shape, []int{len(o.Classes)}):
			return fail("output %q of shape %v has %d names of classes", o.Name, o.Shape, len(o.Classes))
		case slices.ContainsFunc(m.Outputs[:i], func(p Output) bool { return p.Name == o.Name }):
			return fail("two outputs are named %q", o.Name)
		}
	}
	return nil
}

// output is the output of a name; nil: there is none.
func (m *Model) output(name string) *Output {
	for i := range m.Outputs {
		if m.Outputs[i].Name == name {
			return &m.Outputs[i]
		}
	}
	return nil
}

// outputs are the names of all outputs.
func (m *Model) outputs() []string {
	var names []string
	for _, o := range m.Outputs {
		names = append(names, o.Name)
	}
	return names
}

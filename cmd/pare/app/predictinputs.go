package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
	"pare/internal/npy"
	"pare/nn"
	"pare/run"
	"pare/train"
)

// inputs are the examples to predict.
type inputs struct {
	source train.EvalSource
	n      int
	batch  int       // examples in a batch, at most
	data   *run.Data // that they are a part of, with targets; nil: of none
	files  *fileSource
}

// splitInputs gives a part of the run's data, in order and not augmented.
func splitInputs(ctx context.Context, a *run.Artifact, m export.Model, f *predictFlags) (*inputs, error) {
	data, err := a.Data(ctx, m, f.dataDir, f.progress())
	if err != nil {
		return nil, err
	}
	part := map[string]datasets.Part{"train": data.Set.Train, "validation": data.Set.Validation, "test": data.Set.Test}[f.split]
	if part == nil || part.Len() == 0 {
		return nil, cli.InputError("the run has no %s examples; its data.%s is 0", f.split, f.split)
	}
	n := part.Len()
	if f.limit > 0 {
		n = min(n, f.limit)
	}
	batch := m.Net.BatchUpTo(min(f.batch, n))
	source, err := data.Eval(part, batch, n)
	return &inputs{source, n, batch, data, nil}, err
}

// arrayFile reads an array of examples as the network reads them.
func arrayFile(m export.Model, f *predictFlags) (*inputs, error) {
	x, n, err := readInputs(f.inputs, m.Net)
	if err != nil {
		return nil, cli.InputError("%s: %w", f.inputs, err)
	}
	if err := checkTokens(x, m.Net); err != nil {
		return nil, cli.InputError("%s: %w", f.inputs, err)
	}
	if f.limit > 0 && f.limit < n {
		n = f.limit
		x = x[:n*m.Net.Input.Size()]
	}
	if f.preprocess {
		if err := normalize(x, m); err != nil {
			return nil, cli.InputError("%s: %w", f.inputs, err)
		}
	}
	batch := m.Net.BatchUpTo(min(f.batch, n))
	x = run.ChannelsLast(x, m.Net.Input)
	return &inputs{run.Examples{X: x, Size: m.Net.Input.Size(), Batch: batch}, n, batch, nil, nil}, nil
}

// readInputs reads n examples of a network's input, channels first, and checks that they
// are numbers. Tokens may be (n, T), as in PyTorch, beside (n, 1, T).
func readInputs(path string, net *nn.Network) (x []float32, n int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, errors.Unwrap(err) // the path is in front already
	}
	defer file.Close()
	r := bufio.NewReader(file)
	shape, x, err := npy.Read(r)
	if err != nil {
		return nil, 0, err
	}
	if _, err := r.ReadByte(); err != io.EOF {
		return nil, 0, errors.New("bytes follow the array; write the file again with numpy.save")
	}
	want := net.Input
	tokens := net.Vocabulary > 0 && len(shape) == 2 && len(want) == 2 && want[0] == 1 && shape[1] == want[1]
	if !tokens && (len(shape) == 0 || !want.Equal(shape[1:])) {
		remedy := ""
		if len(shape) == 3 && len(want) == 2 && want.Equal([]int{shape[2], shape[1]}) {
			remedy = "; put the units first: x.transpose(0, 2, 1)"
		}
		return nil, 0, fmt.Errorf("shape is %s, the network takes (N, %s)%s", tuple(shape), strings.TrimSuffix(tuple(want)[1:], ")"), remedy)
	}
	if shape[0] == 0 {
		return nil, 0, fmt.Errorf("shape %s has no examples", tuple(shape))
	}
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, 0, fmt.Errorf("value %v at %s is not a finite number", v, position(i, shape))
		}
	}
	return x, shape[0], nil
}

// checkTokens checks inputs of a network that reads tokens.
func checkTokens(x []float32, net *nn.Network) error {
	if net.Vocabulary == 0 {
		return nil
	}
	for i, v := range x {
		if v < 0 || v != float32(int(v)) || int(v) >= net.Vocabulary {
			return fmt.Errorf("value %v at %s is not a token; tokens are whole numbers from 0 to %d", v,
				position(i, append([]int{1}, net.Input...)), net.Vocabulary-1)
		}
	}
	return nil
}

// normalize applies the model's preprocessing to examples of values in 0..1,
// channels first.
func normalize(x []float32, m export.Model) error {
	p, s := m.Preprocess, m.Net.Input
	if len(p.Mean) == 0 {
		return errors.New("the model has no preprocessing; leave -preprocess out")
	}
	for i, v := range x {
		if v < 0 || v > 1 {
			return fmt.Errorf("value %v at %s is outside of 0..1, which -preprocess expects", v, position(i, append([]int{1}, s...)))
		}
		c := i / s.Positions() % s.Units()
		x[i] = float32((float64(v) - float64(p.Mean[c])) / float64(p.Std[c]))
	}
	return nil
}

// position is the index of a value in an array in C order.
func position(offset int, shape []int) string {
	index := make([]int, len(shape))
	for k := len(shape) - 1; k > 0; k-- {
		index[k] = offset % shape[k]
		offset /= shape[k]
	}
	index[0] = offset
	return tuple(index)
}

// tuple writes a shape as NumPy does.
func tuple(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprint(d)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

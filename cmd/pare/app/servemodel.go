package app

import (
	"fmt"
	"sync"

	"pare/datasets"
	"pare/export"
	"pare/infer/serve"
	"pare/nn"
	"pare/run"
)

// servedModel describes a network to a server. Inputs are channels first, as in npy and ONNX files;
// unless raw, the model normalises them. The outputs are the answers of pare predict, and the
// network's own outputs.
func servedModel(name string, a *run.Artifact, m export.Model, batch int, raw bool) (*serve.Model, error) {
	batch = m.Net.BatchUpTo(batch)
	p, err := newServedProgram(m.Net, batch)
	if err != nil {
		return nil, err
	}
	shape := m.Net.Output().Shape
	own := serve.Output{Name: export.ONNXOutput, Shape: shape, From: outputOf(shape, export.OutputNumbers)}
	if shape.Positions() == 1 && len(m.Classes) == shape.Units() {
		own.Classes = m.Classes
	}
	outputs := []serve.Output{own}
	if meaning := m.Meaning(); meaning == export.OutputNumbers {
		outputs[0].Name = "numbers"
	} else {
		answers := own
		answers.Name, answers.From = "probabilities", outputOf(shape, meaning)
		outputs = []serve.Output{answers, own}
	}
	_, images := m.Recipe.(*datasets.ImageRecipe)
	return &serve.Model{
		Name:      name,
		Input:     serve.Input{Name: export.ONNXInput, Shape: m.Net.Input, Vocabulary: m.Net.Vocabulary},
		Prepare:   func(x []float32) error { return prepare(x, m, images || a.Kind == run.KindWeights, raw) },
		Predictor: p,
		Width:     shape.Size(),
		Outputs:   outputs,
		Batch:     batch,
	}, nil
}

// prepare turns inputs, channels first, into inputs of the compiled network. Pixels of images are in 0..1.
func prepare(x []float32, m export.Model, images, raw bool) error {
	shape, p := m.Net.Input, m.Preprocess
	units, positions := shape.Units(), shape.Positions()
	if !raw && m.Net.Vocabulary == 0 {
		for i, v := range x {
			if images && (v < 0 || v > 1) {
				return fmt.Errorf("value %v at %s is outside of 0..1, the range of pixels; divide bytes by 255", v,
					position(i, append([]int{1}, shape...)))
			}
			if len(p.Mean) > 0 {
				c := i / positions % units
				x[i] = float32((float64(v) - float64(p.Mean[c])) / float64(p.Std[c]))
			}
		}
	}
	copy(x, run.ChannelsLast(x, shape))
	return nil
}

// outputOf makes an output, channels first, of an example's values: their meaning at each position.
func outputOf(shape nn.Shape, meaning export.Outputs) func(dst, values []float32) {
	units, positions := shape.Units(), shape.Positions()
	return func(dst, values []float32) {
		at := make([]float64, units)
		for p := range positions {
			for c := range at {
				at[c] = float64(values[p*units+c])
			}
			meaning.Interpret(at)
			for c, v := range at {
				dst[c*positions+p] = float32(v)
			}
		}
	}
}

// servedProgram is a serve.Predictor: a network compiled for a single example and for a batch.
type servedProgram struct {
	mu         sync.Mutex
	one, batch *nn.Program
}

func newServedProgram(net *nn.Network, batch int) (*servedProgram, error) {
	p := &servedProgram{}
	var err error
	if p.one, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 1}); err != nil {
		return nil, err
	}
	p.batch, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	return p, err
}

// Predict implements serve.Predictor.
func (p *servedProgram) Predict(out, in []float32, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	program := p.batch
	if n == 1 {
		program = p.one
	}
	copy(program.X, in)
	program.ResetState()
	program.Run()
	copy(out, program.Output())
	return nil
}

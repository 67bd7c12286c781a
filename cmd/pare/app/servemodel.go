package app

import (
	"fmt"

	"pare/datasets"
	"pare/export"
	"pare/infer"
	"pare/infer/serve"
	"pare/nn"
	"pare/run"
)

// servedModel describes a network to a server. Inputs are channels first, as in npy and ONNX files;
// unless raw, the model normalises them. o has the limit of a batch and the rule for zeros. The
// outputs are the answers of pare predict, and the network's own outputs.
func servedModel(name string, a *run.Artifact, m export.Model, o infer.Options, raw bool) (*serve.Model, error) {
	o.MaxBatch = m.Net.BatchUpTo(o.MaxBatch)
	o.Sessions, o.SharesLayers = 1, true // the server computes a batch at a time
	p, err := infer.New(m.Net, o)
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
		Batch:     o.MaxBatch,
	}, nil
}

// prepare normalises inputs, channels first, unless they are raw. Pixels of images are in 0..1.
func prepare(x []float32, m export.Model, images, raw bool) error {
	if raw || m.Net.Vocabulary > 0 {
		return nil
	}
	p, shape := m.Preprocess, m.Net.Input
	for i, v := range x {
		if images && (v < 0 || v > 1) {
			return fmt.Errorf("value %v at %s is outside of 0..1, the range of pixels; divide bytes by 255", v,
				position(i, append([]int{1}, shape...)))
		}
		if len(p.Mean) > 0 {
			c := i / shape.Positions() % shape.Units()
			x[i] = float32((float64(v) - float64(p.Mean[c])) / float64(p.Std[c]))
		}
	}
	return nil
}

// outputOf makes an output of an example's values, both channels first: their meaning at each
// position.
func outputOf(shape nn.Shape, meaning export.Outputs) func(dst, values []float32) {
	positions := shape.Positions()
	return func(dst, values []float32) {
		at := make([]float64, shape.Units())
		for p := range positions {
			for c := range at {
				at[c] = float64(values[c*positions+p])
			}
			meaning.Interpret(at)
			for c, v := range at {
				dst[c*positions+p] = float32(v)
			}
		}
	}
}

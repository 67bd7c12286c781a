package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/infer"
	"pare/nn"
	"pare/report"
	"pare/run"
)

// changePrefix marks a budget of the change of outputs.
const changePrefix = "change="

// parseBudget reads the value of -approximate.
func parseBudget(s string) (infer.Budget, error) {
	number, change := strings.CutPrefix(s, changePrefix)
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v > 0 && v < 1) {
		return infer.Budget{}, cli.InputError("-approximate is %q; it is a share of classes such as 0.01, or change=0.01, above 0 and below 1", s)
	}
	if change {
		return infer.Budget{Change: v}, nil
	}
	return infer.Budget{Classes: v}, nil
}

// calibrationExamples is the number of examples that thresholds are calibrated on, at most.
const calibrationExamples = 256

// calibrate chooses the thresholds of the approximate side: on validation examples of the run, or on
// training examples where it has none, or on the inputs of the measurement where there is no run.
func (b inferBench) calibrate(net *nn.Network, data *run.Data, x inferInputs) (*report.Approximation, map[string]float64, error) {
	out, examples := &report.Approximation{On: x.kind}, x.x
	if data != nil {
		part := data.Set.Train
		if out.On = "training"; data.Set.Validation != nil && data.Set.Validation.Len() > 0 {
			part, out.On = data.Set.Validation, "validation"
		}
		var err error
		if examples, err = data.Examples(part, min(calibrationExamples, max(1, inferFloats/net.Input.Size()))); err != nil {
			return nil, nil, err
		}
	}
	n := min(calibrationExamples, len(examples)/net.Input.Size())
	a, err := infer.Approximate(net, examples[:n*net.Input.Size()], n, b.approximate, infer.Options{ChannelsLast: true})
	if err != nil {
		return nil, nil, cli.InputError("-approximate: %w", err)
	}
	out.Classes, out.Change, out.Approximation = b.approximate.Classes, b.approximate.Change, *a
	return out, a.Thresholds, nil
}

// approximated adds the approximate side, which is compared with the last form.
func (b inferBench) approximated(sides []side, net *nn.Network, thresholds map[string]float64) ([]side, error) {
	o := infer.Options{MaxBatch: slices.Max(b.batches), ChannelsLast: true, Thresholds: thresholds}
	p, err := infer.New(net, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sideApproximate, err)
	}
	o.Zeros = infer.Dense
	inputs, err := infer.New(net, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sideApproximate, err)
	}
	return append(sides, side{name: sideApproximate, net: net, predictor: p, dense: sides[len(sides)-1].dense, inputs: inputs}), nil
}

// differences is the effect of an approximation on the inputs of the measurement.
func differences(ctx context.Context, exact, approximate side, x inferInputs) (infer.Effect, error) {
	size, width, batch := exact.net.Input.Size(), exact.predictor.Output().Size(), exact.predictor.MaxBatch()
	outputs := [2][]float32{make([]float32, x.n*width), make([]float32, x.n*width)}
	for k, p := range []*infer.Predictor{exact.predictor, approximate.predictor} {
		for from := 0; from < x.n; from += batch {
			if ctx.Err() != nil {
				return infer.Effect{}, ctx.Err()
			}
			to := min(from+batch, x.n)
			if err := p.Predict(outputs[k][from*width:to*width], x.x[from*size:to*size], to-from); err != nil {
				return infer.Effect{}, err
			}
		}
	}
	return infer.Compare(outputs[0], outputs[1], exact.net.Output().Shape, true), nil
}

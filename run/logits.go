package run

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"pare/infer"
	"pare/nn"
	"pare/train"
)

// Logits runs a network in inference mode over a source in programs of a batch
// size, which no batch of the source may exceed. It gives each every batch with
// its outputs, both in the batched layout and only valid during the call. The
// end of ctx is train.ErrInterrupted; an output that is not finite is an InputError.
func Logits(ctx context.Context, net *nn.Network, source train.EvalSource, batch int,
	each func(b train.Batch, logits []float32) error) error {
	predictor, err := infer.New(net, infer.Options{SharesLayers: true, Zeros: infer.Dense})
	if err != nil {
		return err
	}
	p, err := predictor.Compile(batch)
	if err != nil {
		return err
	}
	err = train.Forward(ctx, p, source, 0, nil, func(b train.Batch, logits []float32) error {
		for _, v := range logits {
			if v-v != 0 {
				return &InputError{fmt.Errorf("%w, but %g; its weights, or these inputs, are too large", train.ErrNotFinite, v)}
			}
		}
		return each(b, logits)
	})
	if ctx.Err() != nil {
		return ctxError(ctx, "predicting")
	}
	return err
}

// Examples are inputs without targets as a source.
type Examples struct {
	X     []float32 // in the batched layout
	Size  int       // values of an example
	Batch int       // examples in a batch
}

// All implements train.EvalSource.
func (e Examples) All(context.Context) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for x := range slices.Chunk(e.X, e.Batch*e.Size) {
			if !yield(train.Batch{X: x, N: len(x) / e.Size}, nil) {
				return
			}
		}
	}
}

var _ train.EvalSource = Examples{}

// ChannelsFirst copies examples of a shape from the batched layout of compiled networks,
// (N, H, W, C), to the layout of files, (N, C, H, W). Vectors are the same in both.
func ChannelsFirst(x []float32, s nn.Shape) []float32 {
	out := make([]float32, len(x))
	permute(s, len(x), func(last, first int) { out[first] = x[last] })
	return out
}

// ChannelsLast is the inverse of ChannelsFirst.
func ChannelsLast(x []float32, s nn.Shape) []float32 {
	out := make([]float32, len(x))
	permute(s, len(x), func(last, first int) { out[last] = x[first] })
	return out
}

// permute calls f with the offsets of every value in both layouts.
func permute(s nn.Shape, values int, f func(last, first int)) {
	channels, positions := s.Units(), s.Positions()
	for example := 0; example < values; example += s.Size() {
		for p := range positions {
			for c := range channels {
				f(example+p*channels+c, example+c*positions+p)
			}
		}
	}
}

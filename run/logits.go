package run

import (
	"context"
	"fmt"
	"iter"

	"pare/nn"
	"pare/train"
)

// Logits runs a network in inference mode over a source in programs of a batch
// size, which no batch of the source may exceed. It gives each every batch with
// its outputs, both in the batched layout and only valid during the call. The
// end of ctx is train.ErrInterrupted; an output that is not finite is an InputError.
func Logits(ctx context.Context, net *nn.Network, source train.EvalSource, batch int, each func(b train.Batch, logits []float32) error) error {
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
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
		for at := 0; at < len(e.X); at += e.Batch * e.Size {
			x := e.X[at:min(at+e.Batch*e.Size, len(e.X))]
			if !yield(train.Batch{X: x, N: len(x) / e.Size}, nil) {
				return
			}
		}
	}
}

var _ train.EvalSource = Examples{}

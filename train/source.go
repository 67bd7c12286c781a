package train

import (
	"context"
	"iter"
)

// Batch is a mini-batch. X and Y may be reused by the source for the next one.
type Batch struct {
	X []float32 // N examples in the batched layout: (N, F), or (N, H, W, C) channels last
	Y []float32 // targets: a class index for each example, or for each of its positions
	N int       // examples
}

// Source gives mini-batches to train on, all of the same size.
type Source interface {
	// BatchSize is the number of examples in every batch.
	BatchSize() int
	// Batches is the number of batches in an epoch.
	Batches() int
	// Epoch gives the batches of an epoch, counted from 0, from the one with
	// index first on. Batch i of an epoch is always the same. It may end early,
	// without an error, when ctx ends.
	Epoch(ctx context.Context, epoch uint64, first int) iter.Seq2[Batch, error]
}

// EvalSource gives every example once, in order. The last batch may be smaller.
// It may end early, without an error, when ctx ends.
type EvalSource interface {
	All(ctx context.Context) iter.Seq2[Batch, error]
}

package train

import (
	"context"
	"iter"
)

// Batch is a mini-batch. X and Y may be reused by the source for the next one.
type Batch struct {
	X []float32 // N examples in the batched layout: (N, F), channels last (N, H, W, C) or (N, T, D)
	Y []float32 // targets: a class index for each example, or for each of its positions; or numbers
	N int       // examples
	// Examples says which ones of the data they are; nil: those behind the ones of
	// the batch before. Only some evaluations need it.
	Examples []int
	// Continues says that example r goes on where example r of the batch before
	// ended, so layers keep their state. false: state starts afresh. The first batch
	// of an epoch or evaluation never continues, and a batch that does has no more
	// examples than the one before.
	Continues bool
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

// EvalSource gives every example once, in order unless Batch.Examples says
// another. Batches may be smaller than asked for. It may end early, without an
// error, when ctx ends.
type EvalSource interface {
	All(ctx context.Context) iter.Seq2[Batch, error]
}

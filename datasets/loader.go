package datasets

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
)

// Batch is one mini-batch. X and Y are used again for later batches: they hold until the
// loop's next turn, so what should outlive it must be copied.
type Batch struct {
	X     []float32 // N*H*W*C, normalised, NHWC
	Y     []float32 // N class indices
	N     int       // number of examples
	Index int       // place in the epoch, from 0
}

// ahead is the number of batches that may be ready before they are asked for.
const ahead = 2

// Loader feeds a split in mini-batches, which a goroutine prepares ahead of their use. It
// holds no resources between loops, needs no closing, and several loops may run over one
// Loader at once.
type Loader struct {
	split *Split
	batch int
	table []float32
	aug   *Augment
	seed  uint64
}

// NewLoader makes a loader of batches of the given number of examples. aug nil means no
// augmentation. It gives an error where the split is not valid (see Split.Validate), batch
// is not between 1 and the number of examples, or norm and aug do not suit (see
// Split.Batch).
func NewLoader(split *Split, batch int, norm Normalization, aug *Augment, seed uint64) (*Loader, error) {
	if split == nil {
		return nil, fmt.Errorf("loader: no split")
	}
	if err := split.Validate(); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	if batch < 1 || batch > split.N {
		return nil, fmt.Errorf("loader: batch of %d; must be 1 to the number of examples, %d", batch, split.N)
	}
	table, err := split.table(norm, aug)
	if err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	l := &Loader{split: split, batch: batch, table: table, seed: seed}
	if aug != nil {
		own := *aug
		l.aug = &own
	}
	return l, nil
}

// Batches is the number of batches in an epoch: full ones only, so up to batch-1 examples,
// other ones each time, sit an epoch out.
func (l *Loader) Batches() int { return l.split.N / l.batch }

// Order is the order of the examples in an epoch; it depends on the loader's seed and
// epoch alone.
func (l *Loader) Order(epoch uint64) []int {
	return rand.New(rand.NewPCG(mix(l.seed, epoch), streamOrder)).Perm(l.split.N)
}

// Epoch gives the batches of an epoch, shuffled and augmented, from the one with index
// first on: 0 for a whole epoch, more to go on in the middle of one. Batch b is the same
// whatever first is. The loop ends early, without an error of its own, when ctx ends:
// look at ctx.Err() after it.
//
//	for b := range loader.Epoch(ctx, epoch, 0) {
//		step(b.X, b.Y, b.N)
//	}
func (l *Loader) Epoch(ctx context.Context, epoch uint64, first int) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		n := l.Batches() * l.batch
		l.run(ctx, l.Order(epoch)[:n], max(first, 0), l.aug, epoch, yield)
	}
}

// All gives every example once, in stored order and without augmentation, for evaluation.
// The last batch may have fewer examples than the others. It ends early like Epoch.
func (l *Loader) All(ctx context.Context) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		order := make([]int, l.split.N)
		for i := range order {
			order[i] = i
		}
		l.run(ctx, order, 0, nil, 0, yield)
	}
}

// run yields the batches of order. Buffers go round between a goroutine that fills them
// and the loop; both ends know when the other one has left.
func (l *Loader) run(ctx context.Context, order []int, first int, aug *Augment, epoch uint64, yield func(Batch) bool) {
	total := (len(order) + l.batch - 1) / l.batch
	if first >= total {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	size := l.split.Size()
	buffers := min(ahead+1, total-first)
	free := make(chan Batch, buffers)
	for range buffers {
		free <- Batch{X: make([]float32, l.batch*size), Y: make([]float32, l.batch)}
	}
	ready := make(chan Batch, buffers)
	go func() {
		defer close(ready)
		for b := first; b < total; b++ {
			var next Batch
			select {
			case next = <-free:
			case <-ctx.Done():
				return
			}
			idx := order[b*l.batch : min((b+1)*l.batch, len(order))]
			next.X, next.Y = next.X[:cap(next.X)], next.Y[:cap(next.Y)]
			if err := l.split.fill(next.X, next.Y, idx, l.table, aug, l.seed, epoch); err != nil {
				return // cannot be: NewLoader checked all of it
			}
			next.X, next.Y = next.X[:len(idx)*size], next.Y[:len(idx)]
			next.N, next.Index = len(idx), b
			ready <- next // never blocks: there is room for every buffer
		}
	}()
	defer func() { // the loop ended, was left early, or panicked
		cancel()
		for range ready {
		}
	}()
	for b := range ready {
		if ctx.Err() != nil || !yield(b) {
			return
		}
		free <- b
	}
}

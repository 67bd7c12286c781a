package datasets

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"pare/datasets/augment"
	"pare/internal/fault"
)

// Batch is one mini-batch. Its slices are used again for later batches: they hold until the
// loop's next turn, so copy the values that should outlive it.
type Batch struct {
	X     []float32 // N examples of Task.Size values, see Part.Fill
	Y     []float32 // N times Task.Targets: a class for each target, or numbers
	N     int       // number of examples
	Index int       // place in the epoch, from 0
	// Weights are how much the examples count in the loss, from a Weigher; nil: all the same.
	Weights []float32
	// Second are the targets of the examples mixed into a training batch,
	// as Y has them, and Share is the part of the loss that Y has: Share·loss(Y) +
	// (1−Share)·loss(Second). nil: they are not mixed; see Loader.Mixed.
	Second []float32
	Share  float32
	// SecondWeights are the Weights of the examples mixed in; nil without Weights or Second.
	SecondWeights []float32
	// Examples says which N examples of the part they are; nil: those behind the ones of
	// the batch before.
	Examples []int
	// Continues says that example r continues where example r of the batch before ended, so
	// layers keep their state; false: state starts afresh. The first batch of an epoch or
	// evaluation never continues, and a batch that does has no more examples than the one
	// before.
	Continues bool
}

// ahead is the number of batches that may be ready before they are asked for.
const ahead = 2

// Loader feeds a part in mini-batches, which a goroutine prepares ahead of their use. It
// holds no resources between loops, needs no closing, and several loops may run over one
// Loader at once.
type Loader struct {
	part           Part
	batch          int
	n              int // examples: the first ones
	input, targets int // values of an example
	seed           uint64
	mixing         *mixing   // nil: examples are not mixed
	weights        []float32 // of all examples of the part, besides its own; nil: 1
}

// NewLoader makes a loader of batches of the given number of examples of a part, which has
// the task of its set. It returns an error if part is nil, the task is invalid, or batch is
// not between 1 and the number of examples.
func NewLoader(part Part, task Task, batch int, seed uint64) (*Loader, error) {
	if part == nil {
		return nil, fmt.Errorf("loader: no data")
	}
	if err := task.validate(); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	n := part.Len()
	if batch < 1 || batch > n {
		return nil, fmt.Errorf("loader: batch of %d; must be 1 to the number of examples, %d", batch, n)
	}
	return &Loader{part: part, batch: batch, n: n, input: task.Size(), targets: task.Targets, seed: seed}, nil
}

// First is the loader for the first n examples only, 1 to all of them.
func (l *Loader) First(n int) *Loader {
	first := *l
	first.n = min(max(n, 1), l.n)
	return &first
}

// Weighed is the loader with a weight for each example of the part, at least 0, that the loss counts
// it by, times the weight that the part itself gives it (Weigher).
func (l *Loader) Weighed(weights []float32) (*Loader, error) {
	if len(weights) != l.part.Len() {
		return nil, fmt.Errorf("loader: %d weights for %d examples", len(weights), l.part.Len())
	}
	out := *l
	out.weights = weights
	return &out, nil
}

// BatchSize is the number of examples in a batch of an epoch.
func (l *Loader) BatchSize() int { return l.batch }

// Batches is the number of batches in an epoch: full ones only, so up to batch-1 examples,
// other ones each time, sit an epoch out.
func (l *Loader) Batches() int { return l.n / l.batch }

// Epoch gives the batches of an epoch for training from the one with index first on: 0 for
// a whole epoch, more to go on in the middle of one. They are shuffled, unless the part has
// an order of its own (see Planner). Batch b depends on the loader's seed and the epoch
// alone, and not on first. The loop ends early, without yielding an error, when ctx ends:
// check ctx.Err() after it. After an error of the part the loop ends.
//
//	for b, err := range loader.Epoch(ctx, epoch, 0) {
//		if err != nil {
//			return err
//		}
//		step(b.X, b.Y, b.N)
//	}
func (l *Loader) Epoch(ctx context.Context, epoch uint64, first int) iter.Seq2[Batch, error] {
	return l.batches(ctx, Draw{Seed: l.seed, Epoch: epoch, Augment: true}, first)
}

// All gives every example once, without augmentation, for evaluation: in stored order
// unless the part has an order of its own. Batches may have fewer examples than asked for.
// It ends like Epoch.
func (l *Loader) All(ctx context.Context) iter.Seq2[Batch, error] {
	return l.batches(ctx, Draw{Seed: l.seed}, 0)
}

func (l *Loader) batches(ctx context.Context, draw Draw, first int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		turns, err := l.plan(draw)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		l.run(ctx, turns, max(first, 0), draw, yield)
	}
}

// plan lists the batches of a loop.
func (l *Loader) plan(draw Draw) ([]Turn, error) {
	if p, ok := l.part.(Planner); ok {
		turns := p.Plan(l.n, l.batch, draw)
		return turns, l.check(turns, draw)
	}
	var order []int
	if draw.Augment {
		order = rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch), streamOrder)).Perm(l.n)[:l.Batches()*l.batch]
	} else {
		order = make([]int, l.n)
		for i := range order {
			order[i] = i
		}
	}
	var turns []Turn
	for examples := range slices.Chunk(order, l.batch) {
		turns = append(turns, Turn{Examples: examples})
	}
	return turns, nil
}

// check holds the plan of a part against the promises of Planner.
func (l *Loader) check(turns []Turn, draw Draw) error {
	if draw.Augment && len(turns) != l.Batches() {
		return fmt.Errorf("loader: the data plans %d batches, expected %d", len(turns), l.Batches())
	}
	for i, t := range turns {
		n := len(t.Examples)
		switch {
		case n < 1 || n > l.batch || draw.Augment && n != l.batch:
			return fmt.Errorf("loader: the data plans %d examples for batch %d, a batch has %d", n, i, l.batch)
		case t.Continues && (i == 0 || n > len(turns[i-1].Examples)):
			return fmt.Errorf("loader: the data plans that batch %d goes on from one that it cannot go on from", i)
		}
	}
	return nil
}

// buffer is memory for a batch.
func (l *Loader) buffer(draw Draw) Batch {
	b := Batch{X: make([]float32, l.batch*l.input), Y: make([]float32, l.batch*l.targets)}
	if _, ok := l.part.(Weigher); ok || l.weights != nil {
		b.Weights = make([]float32, l.batch)
	}
	if l.mixing != nil && draw.Augment {
		b.Second = make([]float32, l.batch*l.targets)
		if b.Weights != nil {
			b.SecondWeights = make([]float32, l.batch)
		}
	}
	return b
}

// prepared is a batch that was filled, or why it could not be.
type prepared struct {
	Batch
	err error
}

// run yields the batches of turns. Buffers go round between a goroutine that fills them
// and the loop; both ends know when the other one has left.
func (l *Loader) run(ctx context.Context, turns []Turn, first int, draw Draw, yield func(Batch, error) bool) {
	if first >= len(turns) {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	buffers := min(ahead+1, len(turns)-first)
	free := make(chan Batch, buffers)
	for range buffers {
		free <- l.buffer(draw)
	}
	ready := make(chan prepared, buffers)
	go func() {
		defer close(ready)
		var work augment.Batch
		for b := first; b < len(turns); b++ {
			var next Batch
			select {
			case next = <-free:
			case <-ctx.Done():
				return
			}
			next.Index = b
			err := l.fill(&next, turns[b], draw, &work)
			ready <- prepared{next, err} // never blocks: there is room for every buffer
			if err != nil {
				return
			}
		}
	}()
	defer func() { // the loop ended, was left early, or panicked
		cancel()
		for range ready {
		}
	}()
	for b := range ready {
		if ctx.Err() != nil || !yield(b.Batch, b.err) || b.err != nil {
			return
		}
		b.X, b.Y = b.X[:cap(b.X)], b.Y[:cap(b.Y)]
		free <- b.Batch
	}
}

// weigh sets the weights of the examples of a batch, where they have any.
func (l *Loader) weigh(b *Batch, examples []int) error {
	if b.Weights == nil {
		return nil
	}
	b.Weights = b.Weights[:len(examples)]
	for k := range b.Weights {
		b.Weights[k] = 1
	}
	if w, ok := l.part.(Weigher); ok {
		if err := w.Weights(b.Weights, examples); err != nil {
			return err
		}
	}
	if l.weights != nil {
		for k, i := range examples {
			b.Weights[k] *= l.weights[i]
		}
	}
	return nil
}

// fill makes the batch of a turn. A panic of the part is an error.
func (l *Loader) fill(b *Batch, turn Turn, draw Draw, work *augment.Batch) (err error) {
	defer fault.Recover(&err)
	n := len(turn.Examples)
	b.X, b.Y = b.X[:n*l.input], b.Y[:n*l.targets]
	b.N, b.Examples, b.Continues = n, turn.Examples, turn.Continues
	if err := l.part.Fill(b.X, b.Y, turn.Examples, draw); err != nil {
		return err
	}
	if err := l.weigh(b, turn.Examples); err != nil {
		return err
	}
	if l.mixing != nil && draw.Augment {
		return l.mixing.apply(b, work, draw)
	}
	return nil
}

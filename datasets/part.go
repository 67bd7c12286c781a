package datasets

// Part is one part of a dataset: training, validation or test. Its methods may be
// called by several goroutines at once.
type Part interface {
	// Len is the number of examples, of an epoch where they vary.
	Len() int
	// Fill writes the inputs of the examples idx to x and their targets to y, one
	// after the other; larger slices are filled from their beginning. An example has
	// Task.Size inputs, channels last: (H, W, C) of an image, (T, D) of a sequence,
	// and Task.Targets targets.
	//
	// What it writes for an example depends on draw and its index alone, so neither
	// on its place in the batch nor on goroutines. It gives an error where a slice is
	// too short or an index is out of range.
	Fill(x, y []float32, idx []int, draw Draw) error
}

// Draw fixes what is random about the examples of an epoch.
type Draw struct {
	Seed, Epoch uint64
	// Augment is set in training: examples may vary from epoch to epoch. Images are
	// augmented, texts cut in other places, generated examples drawn anew. Without it
	// Seed and Epoch make no difference.
	Augment bool
}

// Planner is implemented by parts whose examples have an order that means something.
// Those of other parts are shuffled for every epoch, and read in stored order in an
// evaluation.
type Planner interface {
	// Plan lists the batches of an epoch over the first n examples, which read batch
	// examples each. With draw.Augment there are n/batch of them, all full; without
	// it they have all n examples once, and those of a batch may be fewer.
	Plan(n, batch int, draw Draw) []Turn
}

// Turn is what one batch reads.
type Turn struct {
	Examples []int
	// Continues says that example r goes on where example r of the turn before ended,
	// so that layers with state keep it. A turn that continues has no more examples
	// than the one before.
	Continues bool
}

package datasets

import (
	"cmp"
	"fmt"
	"math/rand/v2"
)

// Windows are the options of texts that are read in pieces of equal length.
type Windows struct {
	Window int  `yaml:"window,omitempty" range:"[1,)" doc:"characters of an example; left out: 64"`
	Carry  bool `yaml:"carry,omitempty" doc:"rows of a batch are streams that go on from batch to batch, for networks that keep their state; false: each window stands alone"`
}

func (d Windows) length() int { return cmp.Or(d.Window, 64) }

// windows are a text in pieces of equal length, one after the other: the inputs of example
// i are length tokens, its targets the tokens that follow each of them.
//
// In training the first window begins at another token in each epoch, up to slack behind
// the first, so that windows do not always end at the same places.
type windows struct {
	tokens   []uint16
	length   int
	n, slack int
}

var _ Part = (*windows)(nil)

// newWindows cuts tokens, more than length, into windows: for training a few tokens fewer,
// so that the first one may begin anywhere within the length of one.
func newWindows(tokens []uint16, length int, training bool) *windows {
	w := &windows{tokens: tokens, length: length, n: windowCount(len(tokens), length, training)}
	w.slack = min(len(tokens)-1-w.n*length, length-1)
	return w
}

// windowCount is the number of windows in a text of the given number of tokens. The last
// window needs one more token for its last target.
func windowCount(tokens, length int, training bool) int {
	all := (tokens - 1) / length
	if training && all > 1 {
		return (tokens - length) / length
	}
	return all
}

// Len implements Part.
func (w *windows) Len() int { return w.n }

// Fill implements Part.
func (w *windows) Fill(x, y []float32, idx []int, draw Draw) error {
	if err := checkFill(x, y, idx, w.n, w.length, w.length); err != nil {
		return err
	}
	offset := w.offset(draw)
	for k, i := range idx {
		from := w.tokens[offset+i*w.length:][:w.length+1]
		x, y := x[k*w.length:][:w.length], y[k*w.length:][:w.length]
		for t := range x {
			x[t], y[t] = float32(from[t]), float32(from[t+1])
		}
	}
	return nil
}

// offset is where the first window begins.
func (w *windows) offset(draw Draw) int {
	if !draw.Augment {
		return 0
	}
	return rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch), streamWindows)).IntN(w.slack + 1)
}

// checkFill checks the arguments of Part.Fill against the numbers of examples, and of inputs
// and targets of each.
func checkFill(x, y []float32, idx []int, n, inputs, targets int) error {
	if len(x) < len(idx)*inputs || len(y) < len(idx)*targets {
		return fmt.Errorf("batch: x has %d values and y %d; %d examples need %d and %d",
			len(x), len(y), len(idx), len(idx)*inputs, len(idx)*targets)
	}
	for k, i := range idx {
		if i < 0 || i >= n {
			return fmt.Errorf("batch: index %d at place %d is not among %d examples", i, k, n)
		}
	}
	return nil
}

// cut makes a set of a text: windows of its tokens, in streams where layers are to
// keep their state. The texts are longer than a window; validation may be nil.
func (d Windows) cut(v *vocabulary, train, validation, test []uint16) *Set {
	length, size := d.length(), len(v.runes)
	set := &Set{Task: Task{Input: []int{1, length}, Classes: size, Targets: length,
		Vocabulary: size, Alphabet: v.alphabet(), NextToken: true}}
	set.ClassNames = set.Task.Alphabet
	part := func(tokens []uint16, training bool) Part {
		w := newWindows(tokens, length, training)
		if d.Carry {
			return &streams{w}
		}
		return w
	}
	set.Train, set.Test = part(train, true), part(test, false)
	if validation != nil {
		set.Validation = part(validation, false)
	}
	return set
}

// How many streams an evaluation reads side by side: it does not depend on the batch, so
// that its result does not either. Each begins without a past, so they must be long.
const (
	evalStreams       = 32
	evalStreamWindows = 16 // at least, while there are several streams
)

// streams are windows for networks that keep their state from batch to batch: row r of a
// batch continues where row r of the batch before ended. In training each row reads its own
// part of the text, and which windows are left over changes from epoch to epoch.
type streams struct{ *windows }

var _ Planner = (*streams)(nil)

// Plan implements Planner.
func (s *streams) Plan(n, batch int, draw Draw) []Turn {
	if !draw.Augment {
		return evaluationStreams(n, batch)
	}
	steps := n / batch
	first := rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch), streamStreams)).IntN(n - steps*batch + 1)
	turns := make([]Turn, steps)
	for b := range turns {
		examples := make([]int, batch)
		for r := range examples {
			examples[r] = first + r*steps + b
		}
		turns[b] = Turn{Examples: examples, Continues: b > 0}
	}
	return turns
}

// evaluationStreams reads n windows in streams whose lengths differ by one at most, longer
// ones first, as many side by side as a batch takes.
func evaluationStreams(n, batch int) []Turn {
	rows := min(max(n/evalStreamWindows, 1), evalStreams)
	length, longer := n/rows, n%rows // the first longer streams have length+1 windows
	var turns []Turn
	for from := 0; from < rows; from += batch {
		for step := range length + 1 {
			to := min(from+batch, rows)
			if step == length {
				to = min(to, longer)
			}
			var examples []int
			for r := from; r < to; r++ {
				examples = append(examples, r*length+min(r, longer)+step)
			}
			if len(examples) > 0 {
				turns = append(turns, Turn{Examples: examples, Continues: step > 0})
			}
		}
	}
	return turns
}

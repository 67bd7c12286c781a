package datasets

import (
	"fmt"
	"math/rand/v2"
)

// defaultWindow is the length of a window where the options leave it open.
const defaultWindow = 64

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

// windowCount is the number of windows of so many tokens. The last target is one more.
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

// checkFill checks what Part.Fill is given against the numbers of examples, and of inputs
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

// cutText makes a set of a text: windows of its tokens, in streams where layers are to
// keep their state. The texts are longer than a window; validation may be nil.
func cutText(name string, v *vocabulary, train, validation, test []uint16, o Options) *Set {
	length, size := o.window(), len(v.runes)
	set := &Set{Name: name, Task: Task{Input: []int{1, length}, Classes: size, Targets: length,
		Vocabulary: size, Alphabet: v.alphabet(), NextToken: true}}
	set.ClassNames = set.Task.Alphabet
	part := func(tokens []uint16, training bool) Part {
		w := newWindows(tokens, length, training)
		if o.Carry {
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

// window is the length of a window.
func (o Options) window() int {
	if o.Window == 0 {
		return defaultWindow
	}
	return o.Window
}

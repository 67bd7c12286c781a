package datasets

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Tokens of copy: the symbols 0 to 7, and
const (
	copySymbols   = 8
	copyBlank     = copySymbols
	copyDelimiter = copySymbols + 1
	copyClasses   = copySymbols + 2
)

// defaultSymbols is the number of symbols to remember where the options leave it open.
const defaultSymbols = 10

// copying is the copying memory problem of Hochreiter & Schmidhuber 1997 in the form of
// Arjovsky, Shah & Bengio 2016: their T is length + 1.
type copying struct{}

func (copying) Name() string { return "copy" }

func (copying) Doc() string {
	return "The copying problem: 10 random symbols of 8 (symbols), 100 blanks (length), a delimiter, and as many blanks as symbols. " +
		"The target is a blank at every step up to the delimiter, and the symbols behind it. Answering without a memory has a loss of " +
		"symbols·ln 8/steps. Training examples are new in each epoch. Default sizes 20,000/2,000/4,000. Arjovsky, Shah & Bengio 2016."
}

func (copying) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check("copy", "length", "symbols"); err != nil {
		return nil, err
	}
	length, err := o.length("copy", 1)
	if err != nil {
		return nil, err
	}
	symbols := o.Symbols
	if symbols == 0 {
		symbols = defaultSymbols
	}
	if symbols > maxLength {
		return nil, fmt.Errorf("datasets: copy: symbols is %d, must be at most %d", symbols, maxLength)
	}
	c := copies{symbols: symbols, blanks: length}
	parts, err := o.generators("copy", c.steps(), c.steps(), c)
	if err != nil {
		return nil, err
	}
	names := strings.Fields("0 1 2 3 4 5 6 7 blank delimiter")
	return &Set{Name: "copy", ClassNames: names, Task: Task{Input: []int{1, c.steps()}, Classes: copyClasses,
		Targets: c.steps(), Vocabulary: copyClasses, Alphabet: names},
		Train: parts[0], Validation: parts[1], Test: parts[2]}, ctx.Err()
}

// copies draws examples of the copying problem.
type copies struct{ symbols, blanks int }

func (c copies) steps() int { return 2*c.symbols + c.blanks + 1 }

func (c copies) generate(x, y []float32, r *rand.Rand) {
	for t := range x {
		x[t], y[t] = copyBlank, copyBlank
	}
	x[c.symbols+c.blanks] = copyDelimiter
	answer := y[len(y)-c.symbols:]
	for t := range answer {
		x[t] = float32(r.IntN(copySymbols))
		answer[t] = x[t]
	}
}

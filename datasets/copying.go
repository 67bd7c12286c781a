package datasets

import (
	"cmp"
	"context"
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

// Copying is the copying memory problem of Hochreiter & Schmidhuber 1997 in the form of
// Arjovsky, Shah & Bengio 2016: their T is length + 1.
type Copying struct {
	Length  int `yaml:"length,omitempty" range:"[1,1048576]" doc:"blanks between the symbols and the answer; left out: 100"`
	Symbols int `yaml:"symbols,omitempty" range:"[1,1048576]" doc:"symbols to remember; left out: 10"`
}

func init() {
	Kinds.Register("copy", "The copying problem: "+
		"10 random symbols of 8 (symbols), 100 blanks (length), a delimiter, and as many blanks as symbols. "+
		"The target is a blank at every step up to the delimiter, and the symbols behind it. Answering without a memory has a loss of "+
		"symbols·ln 8/steps. Training examples are new in each epoch. Default sizes 20,000/2,000/4,000. Arjovsky, Shah & Bengio 2016.",
		func() Dataset { return &Copying{} })
}

// Load implements Dataset.
func (d *Copying) Load(ctx context.Context, o Options) (*Set, error) {
	c := copies{symbols: cmp.Or(d.Symbols, 10), blanks: cmp.Or(d.Length, defaultLength)}
	names := strings.Fields("0 1 2 3 4 5 6 7 blank delimiter")
	set, err := o.generated(ctx, Task{Input: []int{1, c.steps()}, Classes: copyClasses,
		Targets: c.steps(), Vocabulary: copyClasses, Alphabet: names}, c)
	if err != nil {
		return nil, err
	}
	set.ClassNames = names
	return set, nil
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

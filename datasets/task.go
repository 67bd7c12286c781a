package datasets

import "fmt"

// Task is what a dataset asks of a network.
type Task struct {
	// Input is the shape of one example, channels first: {C, H, W} an image, {F} a
	// vector, {D, T} a sequence of D values at T positions.
	Input []int
	// Classes is the number of classes of a target, which is an index below it. 0: targets
	// are numbers to come near to.
	Classes int
	// Targets is the number of targets of an example: 1, or one for each position of a
	// sequence, or several numbers.
	Targets int
	// Vocabulary says that inputs are tokens, whole numbers below it, and Input is {1, T}.
	// 0: inputs are real numbers.
	Vocabulary int
	// Alphabet names the tokens, such as the characters of a text; nil where they have no
	// names.
	Alphabet []string
	// NextToken says that targets are the tokens that follow those of the input, so that
	// the loss in nats is the logarithm of a perplexity.
	NextToken bool
}

// Size is the number of input values of one example.
func (t Task) Size() int {
	n := 1
	for _, d := range t.Input {
		n *= d
	}
	return n
}

func (t Task) validate() error {
	if len(t.Input) == 0 {
		return fmt.Errorf("task: the input has no shape")
	}
	for _, d := range t.Input {
		if d < 1 {
			return fmt.Errorf("task: the input shape %v has an axis that is not positive", t.Input)
		}
	}
	switch {
	case t.Classes < 0 || t.Targets < 1 || t.Vocabulary < 0:
		return fmt.Errorf("task: %d classes, %d targets and a vocabulary of %d; they must be at least 0, 1 and 0", t.Classes, t.Targets, t.Vocabulary)
	case t.Vocabulary > 0 && (len(t.Input) != 2 || t.Input[0] != 1):
		return fmt.Errorf("task: tokens have the shape {1, T}, not %v", t.Input)
	case t.Alphabet != nil && len(t.Alphabet) != t.Vocabulary:
		return fmt.Errorf("task: %d names for a vocabulary of %d tokens", len(t.Alphabet), t.Vocabulary)
	case t.NextToken && (t.Vocabulary == 0 || t.Classes != t.Vocabulary):
		return fmt.Errorf("task: the next token is one of %d classes, but the vocabulary has %d tokens", t.Classes, t.Vocabulary)
	}
	return nil
}

package models

import "fmt"

// sequenceTask is what the data ask of a model on sequences.
type sequenceTask struct {
	vocabulary int  // inputs are tokens below it; 0: vectors of numbers
	outputs    int  // units of the last layer
	everywhere bool // it answers at every position, not once
}

// readSequence reads a task of sequences. One of shape 1×T is of tokens, as many
// as there are classes, with a target at every position.
func readSequence(model string, t Task) (sequenceTask, error) {
	if len(t.Input) != 2 {
		return sequenceTask{}, fmt.Errorf("%s needs sequences, the data gives %s", model, t.Input)
	}
	if t.Input.Units() == 1 {
		return sequenceTask{vocabulary: t.Classes, outputs: t.Classes, everywhere: true}, nil
	}
	return sequenceTask{outputs: t.Classes}, nil
}

package models

import "fmt"

// sequenceTask is what the data ask of a model on sequences.
type sequenceTask struct {
	vocabulary int  // inputs are tokens below it; 0: vectors of numbers
	outputs    int  // units of the last layer
	everywhere bool // it answers at every position, not once
}

// readSequence reads a task of sequences.
func readSequence(model string, t Task) (sequenceTask, error) {
	if len(t.Input) != 2 {
		return sequenceTask{}, fmt.Errorf("%s needs sequences, %s gives %s", model, t.data(), t.inputText())
	}
	return sequenceTask{vocabulary: t.Vocabulary, outputs: t.Outputs(), everywhere: len(t.output()) > 1}, nil
}

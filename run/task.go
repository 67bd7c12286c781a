package run

import (
	"fmt"

	"pare/datasets"
	"pare/nn"
)

// taskText describes examples and targets, for a message.
func taskText(t datasets.Task) string {
	text := nn.Shape(t.Input).String()
	if t.Vocabulary > 0 {
		text = fmt.Sprintf("%d tokens of %d", nn.Shape(t.Input).Positions(), t.Vocabulary)
	}
	switch {
	case t.Classes > 0 && t.Targets > 1:
		return fmt.Sprintf("%s, %d classes at each of %d positions", text, t.Classes, t.Targets)
	case t.Classes > 0:
		return fmt.Sprintf("%s, %d classes", text, t.Classes)
	case t.Targets > 1:
		return fmt.Sprintf("%s, %d numbers to predict", text, t.Targets)
	}
	return text + ", a number to predict"
}

package models

import (
	"fmt"

	"pare/nn"
)

// Check reports what of a network does not fit the task: it must read the
// examples, and give a logit for each class, at every position where the targets
// are those of positions, or as many numbers as there are targets.
func Check(net *nn.Network, task Task) error {
	if len(net.Nodes) == 0 {
		return fmt.Errorf("network %s has no layers", net.Name)
	}
	if !net.Input.Equal(task.Input) {
		return fmt.Errorf("the network takes %s, %s gives %s", net.Input, task.data(), task.inputText())
	}
	if net.Vocabulary != task.Vocabulary {
		return fmt.Errorf("the network takes %s, %s gives %s", tokens(net.Vocabulary), task.data(), tokens(task.Vocabulary))
	}
	if out := net.Output(); !out.Shape.Equal(task.output()) {
		return fmt.Errorf("layer %s: the last layer gives %s, %s", out.Name, out.Shape, task.outputText())
	}
	return nil
}

func tokens(vocabulary int) string {
	if vocabulary == 0 {
		return "real numbers"
	}
	return fmt.Sprintf("tokens of a vocabulary of %d", vocabulary)
}

// outputText says what a network must give, and how.
func (t Task) outputText() string {
	switch n := t.Outputs(); {
	case t.Classes == 0 && n == 1:
		return "the data asks for a number; end with a linear layer of out: 1"
	case t.Classes == 0:
		return fmt.Sprintf("the data asks for %d numbers; end with a linear layer of out: %d", n, n)
	case len(t.output()) > 1:
		return fmt.Sprintf("the data has %d classes at each of %d positions: %s", n, t.Targets, t.output())
	default:
		return fmt.Sprintf("the data has %d classes; end with a linear layer of out: %d", n, n)
	}
}

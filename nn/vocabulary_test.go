package nn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

func TestVocabulary(t *testing.T) {
	net := network(t, nn.Shape{1, 7}, 1, row{"flat", &layers.Flatten{}, nil}, row{"fc", &layers.Linear{Out: 2}, nil})
	text := func(n *nn.Network) string {
		a, err := n.Architecture()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if strings.Contains(text(net), "vocabulary") {
		t.Errorf("a network of real inputs is described as %s", text(net))
	}
	net.Vocabulary = 65
	if !strings.Contains(text(net), `"vocabulary":65`) {
		t.Errorf("a network of tokens is described as %s", text(net))
	}
	c, err := net.Clone()
	if err != nil || c.Vocabulary != 65 {
		t.Errorf("the clone has a vocabulary of %d tokens, %v", c.Vocabulary, err)
	}
	for _, bad := range []nn.Architecture{
		{Format: nn.ArchitectureFormat, Input: []int{1, 7}, Vocabulary: -1},
		{Format: nn.ArchitectureFormat, Input: []int{1, 7}, Vocabulary: nn.MaxVocabulary + 1},
		{Format: nn.ArchitectureFormat, Input: []int{2, 7}, Vocabulary: 3},
		{Format: nn.ArchitectureFormat, Input: []int{7}, Vocabulary: 3},
	} {
		if _, err := bad.Network(nil); err == nil || !strings.Contains(err.Error(), "vocabulary") {
			t.Errorf("a vocabulary of %d for inputs of %v: %v", bad.Vocabulary, bad.Input, err)
		}
	}
}

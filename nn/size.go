package nn

import (
	"fmt"

	"pare/internal/limit"
)

// Bounds on networks, so that a slip in a config or a damaged file is an error
// before it takes the memory or the time that it asks for.
const (
	MaxLayers = 1 << 13
	MaxParams = 1 << 28 // of all parameters together
)

// checkSize reports a network that has become too large with its last layer.
func (n *Network) checkSize() error {
	if len(n.Nodes) > MaxLayers {
		return fmt.Errorf("the network has more than %d layers; make it less deep", MaxLayers)
	}
	if n.values > MaxParams {
		last := n.Output()
		return fmt.Errorf("layer %s: with its %d parameters the network has %d, more than %d; make its layers smaller",
			last.Name, values(last.Layer), n.values, MaxParams)
	}
	return nil
}

// values counts the parameters of a layer, also those that are not trained.
func values(l Layer) int64 {
	n := int64(0)
	for _, p := range l.Params() {
		n += int64(p.Size())
	}
	return n
}

// CheckBatch reports a batch whose outputs of all layers, which a training step
// keeps for its gradients, do not fit into the memory.
func (n *Network) CheckBatch(batch int) error {
	size := int64(n.Input.Size())
	for _, node := range n.Nodes {
		size += int64(node.Shape.Size())
	}
	return limit.Check(fmt.Sprintf("a batch of %d examples, each with %d outputs of all layers together,", batch, size), int64(batch), 4*size)
}

// checkLargest reports a batch of which one value alone does not fit into the
// memory.
func (n *Network) checkLargest(batch int) error {
	name, size := InputName, n.Input.Size()
	for _, node := range n.Nodes {
		if s := node.Shape.Size(); s > size {
			name, size = node.Name, s
		}
	}
	return limit.Check(fmt.Sprintf("%s of a batch of %d examples", name, batch), int64(batch), 4*int64(size))
}

// outputValues is how many outputs are in memory at once while a network is only
// run: 16 MiB of logits.
const outputValues = 1 << 22

// BatchUpTo is how many examples to run at once without gradients: most, or fewer
// where each has many outputs, such as a logit for each of 20,000 characters at
// every position.
func (n *Network) BatchUpTo(most int) int {
	return max(1, min(most, outputValues/n.Output().Shape.Size()))
}

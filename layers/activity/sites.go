package activity

import (
	"pare/layers"
	"pare/nn"
)

// Sites lists, in order, the nodes of a network whose values are made of exact
// zeros and are read by another layer: the outputs of ReLUs, with a threshold or
// without. Where all that reads such a value is products with it, as in a gated
// unit relu(gate)·up, the products stand in its place.
func Sites(net *nn.Network) []int {
	readers := make([][]int, len(net.Nodes))
	for i, n := range net.Nodes {
		for _, in := range n.Inputs {
			if in >= 0 {
				readers[in] = append(readers[in], i)
			}
		}
	}
	zeros := make([]bool, len(net.Nodes)) // whether the value has exact zeros
	var sites []int
	for i, n := range net.Nodes {
		zeros[i] = Rectifies(n.Layer)
		if isProduct(n.Layer) {
			for _, in := range n.Inputs {
				zeros[i] = zeros[i] || in >= 0 && zeros[in]
			}
		}
		if !zeros[i] || len(readers[i]) == 0 {
			continue
		}
		products := true
		for _, r := range readers[i] {
			products = products && isProduct(net.Nodes[r].Layer) && len(readers[r]) > 0
		}
		if !products {
			sites = append(sites, i)
		}
	}
	return sites
}

// Rectifies reports whether the layer makes what is not positive, or below a
// threshold, exactly 0.
func Rectifies(l nn.Layer) bool {
	if _, ok := l.(*layers.FATReLU); ok {
		return true
	}
	r, ok := l.(nn.Rectifier)
	return ok && r.IsReLU()
}

func isProduct(l nn.Layer) bool {
	_, ok := l.(*layers.Mul)
	return ok
}

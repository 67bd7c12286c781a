package activity

import "pare/nn"

// Sites lists, in order, the nodes of a network whose values are made of exact zeros and
// are read by another layer: the outputs of ReLUs, with a threshold or without. If only
// products read such a value, as in a gated unit relu(gate)·up, the list has the products
// instead.
func Sites(net *nn.Network) []int {
	readers := net.Consumers()
	traits := make([]nn.Traits, len(net.Nodes))
	zeros := make([]bool, len(net.Nodes)) // whether the value has exact zeros
	for i, n := range net.Nodes {
		traits[i] = nn.TraitsOf(n.Layer)
		zeros[i] = traits[i].Rectifies
		for _, in := range n.Inputs {
			zeros[i] = zeros[i] || traits[i].Multiplies && in >= 0 && zeros[in]
		}
	}
	var sites []int
	for i := range net.Nodes {
		products := true
		for _, r := range readers[i] {
			products = products && traits[r].Multiplies && len(readers[r]) > 0
		}
		if zeros[i] && !products {
			sites = append(sites, i)
		}
	}
	return sites
}

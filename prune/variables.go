package prune

import "pare/nn"

// Variables lists the variables of the input of a network by name, in the order of their
// first units: those that it reads at least a unit of, and those that it does not read.
// Both are nil where the units have no names.
func Variables(net *nn.Network) (read, ignored []string) {
	if net.Features == nil {
		return nil, nil
	}
	reads := map[string]bool{}
	for u, read := range analyse(net).readsInput() {
		if read {
			reads[net.Features[u].Of()] = true
		}
	}
	listed := map[string]bool{}
	for _, f := range net.Features {
		switch name := f.Of(); {
		case listed[name]:
		case reads[name]:
			read = append(read, name)
		default:
			ignored = append(ignored, name)
		}
		listed[f.Of()] = true
	}
	return read, ignored
}

// readsInput reports for each unit of the input whether any layer reads it.
func (a *analysis) readsInput() []bool {
	out := make([]bool, a.net.Input.Units())
	for i, node := range a.net.Nodes {
		for k, j := range node.Inputs {
			for u, need := range a.needs[i][k] {
				if need && j < 0 {
					out[u] = true
				}
			}
		}
	}
	return out
}

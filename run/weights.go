package run

import (
	"pare/nn"
	"pare/report"
)

// LayerWeights is how the weights of a layer are distributed at the end of
// training, before anything is removed, and in the final network.
type LayerWeights struct {
	Original int64        `json:"original,omitempty"` // weights at the start; 0: the layer was not there
	Trained  *nn.Sparsity `json:"trained"`            // nil: a layer that pruning put in
	Final    *nn.Sparsity `json:"final"`              // nil: removed
}

// layerWeights pairs the layers by name, those of the final network alone last.
func layerWeights(full *nn.Network, trained []nn.Sparsity, final *nn.Network) []LayerWeights {
	original := map[string]int64{}
	for _, s := range full.Sparsity() {
		original[s.Layer] = s.Weights
	}
	left := map[string]*nn.Sparsity{}
	after := final.Sparsity()
	for i := range after {
		left[after[i].Layer] = &after[i]
	}
	var out []LayerWeights
	for i := range trained {
		name := trained[i].Layer
		out = append(out, LayerWeights{original[name], &trained[i], left[name]})
		delete(left, name)
	}
	for i := range after {
		if left[after[i].Layer] != nil {
			out = append(out, LayerWeights{Final: &after[i]})
		}
	}
	return out
}

func reportWeights(layers []LayerWeights) []report.Weights {
	var out []report.Weights
	for _, l := range layers {
		out = append(out, report.Weights{Original: l.Original, Trained: l.Trained, Final: l.Final})
	}
	return out
}

package memory

import (
	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// lastPosition is a loss of the last position of a sequence, and the loss itself
// for other outputs.
type lastPosition struct{ nn.Loss }

// Targets implements nn.Targeter.
func (l lastPosition) Targets(output nn.Shape) int {
	if len(output) == 2 {
		output = output[:1]
	}
	return nn.TargetsOf(l.Loss, output)
}

// Build implements nn.Loss.
func (l lastPosition) Build(b *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	if d := output.Shape(); d.Dims() == 3 {
		last := &layers.Last{}
		if _, err := last.Init([]nn.Shape{{d[2], d[1]}}, nil); err != nil {
			return nil, err
		}
		var err error
		if output, err = last.Build(b, []*gorgonia.Node{output}); err != nil {
			return nil, err
		}
	}
	return l.Loss.Build(b, output, target)
}

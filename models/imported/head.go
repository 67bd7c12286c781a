package imported

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"pare/models"
	"pare/models/pretrained"
	"pare/nn"
)

// logitsNote is the note on a network whose file ends with a Softmax.
const logitsNote = "the Softmax at the end of the file is left out: the network gives logits, " +
	"from which training and predict compute probabilities"

// endWithLogits takes a Softmax or LogSoftmax over the classes off the end of the graph: losses,
// penalties and pruning work with logits, and the softmax of either is the same. The output must
// be [N, classes]; other ends are left as they are.
func (g *graph) endWithLogits() bool {
	name := g.output.Name
	n := g.maker[name]
	for n != nil && n.Domain == "" && n.Op == "Identity" {
		name = input(n, 0)
		n = g.maker[name]
	}
	if n == nil || n.Domain != "" || n.Op != "Softmax" && n.Op != "LogSoftmax" || g.output.Unranked || len(g.output.Dims) != 2 {
		return false
	}
	byDefault := int64(-1)
	if g.opset < 13 {
		byDefault = 1
	}
	axis := intAttr(n, "axis", byDefault)
	if axis != 1 && axis != -1 || g.batchAxis() != 0 {
		return false
	}
	g.output.Name = input(n, 0)
	return true
}

// forTask gives the network a new last layer with weights where the task asks for another number
// of outputs: one of the same kind, drawn from rng, with a note. A network that has no such layer, or whose
// other layers depend on that number, stays as it is.
func forTask(net *nn.Network, file string, task models.Task, rng *rand.Rand) (*nn.Network, error) {
	have, want := net.Output().Shape.Units(), task.Outputs()
	head := pretrained.Head(net)
	if have == want || head == nil || !net.Input.Equal(task.Input) {
		return net, nil
	}
	a, err := net.Architecture()
	if err != nil {
		return nil, err
	}
	for i, row := range a.Layers {
		if row.Name != head.Name {
			continue
		}
		var args map[string]any
		if err := json.Unmarshal(row.Args, &args); err != nil {
			return nil, fmt.Errorf("layer %s: %w", row.Name, err)
		}
		if out, ok := args["out"].(float64); !ok || int(out) != have {
			return net, nil
		}
		args["out"] = want
		if a.Layers[i].Args, err = json.Marshal(args); err != nil {
			return nil, fmt.Errorf("layer %s: %w", row.Name, err)
		}
	}
	again, err := a.Network(nil)
	if err != nil {
		return net, nil // a layer behind it counts its outputs
	}
	old := net.Params()
	for i, p := range again.Params() {
		if p.Node.Name == head.Name {
			continue
		}
		if !nn.Shape(p.Shape()).Equal(old[i].Shape()) {
			return net, nil
		}
		copy(p.Data(), old[i].Data())
	}
	node, _ := again.Lookup(head.Name)
	if rng != nil {
		if err := nn.Redraw(node.Layer, again.InputShapes(node), rng); err != nil {
			return nil, err
		}
	}
	again.Notes = append(net.Notes, pretrained.NewHead(file, head.Name, have, want))
	return again, nil
}

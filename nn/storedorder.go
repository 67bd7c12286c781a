package nn

import "slices"

// Turner is a layer that passes on all values of its input in another order: they are stored as
// [positions, units], and it turns them to [units, positions].
type Turner interface {
	// Turns returns the units and the positions of the input; 0: the layer leaves values out.
	Turns() (units, positions int)
	// AsStored returns a layer that passes the values on as they are stored.
	AsStored() Layer
}

// TurnedReader is a layer that can read values as they are stored where its input is turned.
type TurnedReader interface {
	// ReadsStored returns such a layer, which gives the same outputs but for rounding; nil: there is
	// none, or it does not pay. The program must be compiled with frozen parameters.
	ReadsStored(b *Builder, units, positions int) Layer
}

// inStoredOrder returns the network, where parameters are frozen without the passes that turn
// values only for readers that can do without. The values of layers in keep are read by others.
func inStoredOrder(b *Builder, net *Network, keep map[string]bool) *Network {
	if !b.Frozen() {
		return net
	}
	own, readers := net, net.Consumers()
	for i, n := range net.Nodes {
		turner, ok := n.Layer.(Turner)
		if !ok || keep[n.Name] || len(readers[i]) == 0 {
			continue
		}
		units, positions := turner.Turns()
		var stored []Layer
		for _, k := range readers[i] {
			r, ok := net.Nodes[k].Layer.(TurnedReader)
			if !ok || units == 0 || len(net.Nodes[k].Inputs) != 1 {
				break
			}
			layer := r.ReadsStored(b, units, positions)
			if layer == nil {
				break
			}
			stored = append(stored, layer)
		}
		if len(stored) < len(readers[i]) {
			continue
		}
		if own == net {
			own = &Network{}
			*own = *net
			own.Nodes = slices.Clone(net.Nodes)
		}
		own.replace(i, turner.AsStored())
		for j, k := range readers[i] {
			own.replace(k, stored[j])
		}
	}
	return own
}

// replace gives node i another layer, in a node of its own.
func (n *Network) replace(i int, l Layer) {
	node := *n.Nodes[i]
	node.Layer = l
	n.Nodes[i] = &node
}

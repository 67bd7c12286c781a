package infer

import (
	"fmt"

	"pare/nn"
)

// Fold returns a network that computes the same function in inference with fewer layers: batch
// normalisations, gates and other layers that only scale and shift units (nn.Affine) go into the
// weights of the layer before them, where nothing else reads its output. Its parameters are
// copies. Outputs differ by rounding. Layers that share parameters stay as they are.
func Fold(net *nn.Network) (*nn.Network, error) {
	own, err := net.Clone()
	if err != nil {
		return nil, err
	}
	return fold(own)
}

// fold is Fold with the layers of net itself, but for those that take others in.
func fold(net *nn.Network) (*nn.Network, error) {
	f := &folding{net: net, readers: net.Consumers(), layers: make([]nn.Layer, len(net.Nodes)), tied: map[string]bool{}, into: map[int]int{}}
	for i, n := range net.Nodes {
		f.layers[i] = n.Layer
		if n.Tied != "" {
			f.tied[n.Tied], f.tied[n.Name] = true, true
		}
	}
	for i := range net.Nodes {
		if err := f.absorb(i); err != nil {
			return nil, err
		}
	}
	return f.remaining()
}

// folding is a rewrite of a network in progress.
type folding struct {
	net     *nn.Network
	readers [][]int
	layers  []nn.Layer      // of the nodes now
	tied    map[string]bool // layers that share parameters
	into    map[int]int     // nodes that are gone, and the nodes that compute them now
}

// absorb folds node i into the one before it, where that is possible.
func (f *folding) absorb(i int) error {
	n := f.net.Nodes[i]
	affine, ok := n.Layer.(nn.Affine)
	if !ok || len(n.Inputs) != 1 || n.Inputs[0] < 0 || f.tied[n.Name] || len(f.readers[n.Inputs[0]]) != 1 {
		return nil
	}
	head := f.resolve(n.Inputs[0])
	if last := len(f.net.Nodes) - 1; i == last && f.gone(head+1, last) < last-head-1 {
		return nil // a layer that nothing reads would become the output
	}
	before := f.net.Nodes[head]
	if _, ok := before.Layer.(nn.AffineSink); !ok || f.tied[before.Name] {
		return nil
	}
	factor, shift := affine.Affine(n.Shape.Units())
	for u := range factor {
		// A value that is not finite would meet zeros of the weights.
		if factor[u]-factor[u] != 0 || shift[u]-shift[u] != 0 {
			return nil
		}
	}
	if f.layers[head] == before.Layer {
		own, err := nn.CloneLayer(before.Layer, f.net.InputShapes(before))
		if err != nil {
			return err
		}
		f.layers[head] = own
	}
	f.layers[head].(nn.AffineSink).AbsorbAffine(factor, shift)
	f.into[i] = head
	return nil
}

// gone counts the nodes from first to before end that are gone.
func (f *folding) gone(first, end int) (n int) {
	for i := first; i < end; i++ {
		if _, gone := f.into[i]; gone {
			n++
		}
	}
	return n
}

// resolve is the node that computes node i now.
func (f *folding) resolve(i int) int {
	if head, gone := f.into[i]; gone {
		return head
	}
	return i
}

// remaining is the network without the nodes that are gone.
func (f *folding) remaining() (*nn.Network, error) {
	out, err := nn.New(f.net.Name, f.net.Input, nil)
	if err != nil {
		return nil, err
	}
	out.Vocabulary, out.Features = f.net.Vocabulary, f.net.Features
	for i, n := range f.net.Nodes {
		if _, gone := f.into[i]; gone {
			continue
		}
		var inputs []string
		for _, j := range n.Inputs {
			inputs = append(inputs, f.net.NameOf(f.resolve(j)))
		}
		if n.Tied != "" {
			err = out.AddTied(n.Name, f.layers[i], n.Tied, inputs...)
		} else {
			err = out.Add(n.Name, f.layers[i], inputs...)
		}
		if err != nil {
			return nil, fmt.Errorf("fold %s: %w", f.net.Name, err)
		}
	}
	return out, nil
}

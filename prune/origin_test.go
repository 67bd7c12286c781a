package prune

import (
	"testing"

	"pgregory.net/rapid"

	"pare/nn"
)

// TestOrigin: following the origin of a parameter selects the same values, from any tensor
// of its shape, as the rewrite selected from the parameter.
func TestOrigin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := randomNetwork(t)
		small, _, err := Prune(net, Options{Random: 2})
		if err != nil {
			t.Fatal(err)
		}
		checkOrigins(t, net, small)
		// Over a second selection the origin is still that of the first network.
		again, _, err := Prune(small, Options{Random: 2})
		if err != nil {
			t.Fatal(err)
		}
		checkOrigins(t, net, again)
	})
}

func checkOrigins(t *rapid.T, net, small *nn.Network) {
	home := map[*nn.Param]nn.NamedParam{}
	for _, p := range net.Params() {
		home[p.Param] = p
	}
	for _, p := range small.Params() {
		from, known := home[p.Origin()]
		if !known {
			// Folded constants, pads, and constant factors of a product.
			if p.Role != nn.RoleBias && p.Role != nn.RoleGate {
				t.Fatalf("%s is %s and comes from no parameter of the network", p.Full, p.Role)
			}
			continue
		}
		if from.Full != p.Full || from.Role != p.Role {
			t.Fatalf("%s comes from %s", p.Full, from.Full)
		}
		unique := make([]float32, from.Size())
		for i := range unique {
			unique[i] = float32(i)
		}
		index := p.Follow(unique)
		for i, v := range index {
			if i > 0 && index[i-1] >= v && p.Node.Layer.Kind() != "depthwise" && len(p.Axes) == 1 {
				t.Fatalf("%s: values %d and %d come from %g and %g", p.Full, i-1, i, index[i-1], v)
			}
			// Constants are folded into biases and means; all else is as it was.
			if w := from.Data()[int(v)]; p.Role != nn.RoleBias && p.Role != nn.RoleBuffer && p.Data()[i] != w {
				t.Fatalf("%s[%d] is %g, where it comes from is %g", p.Full, i, p.Data()[i], w)
			}
		}
	}
}

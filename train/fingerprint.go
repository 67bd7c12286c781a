package train

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"pare/nn"
)

// Fingerprint is a hash of a network's architecture: names and kinds of its
// layers, how they are connected, the shapes of values and parameters, and the
// vocabulary. It
// does not depend on the values of parameters.
func Fingerprint(net *nn.Network) string {
	h := sha256.New()
	fmt.Fprintf(h, "input %v\n", net.Input)
	if net.Vocabulary > 0 {
		fmt.Fprintf(h, "vocabulary %d\n", net.Vocabulary)
	}
	for _, n := range net.Nodes {
		fmt.Fprintf(h, "%q %q %v %v\n", n.Name, n.Layer.Kind(), n.Inputs, n.Shape)
		for _, p := range n.Layer.Params() {
			fmt.Fprintf(h, "  %q %q %v\n", p.Name, p.Role, p.Shape())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

package prune

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pare/export"
	"pare/layers"
	"pare/models/imported"
	"pare/nn"
	"pare/nn/onnx"
)

// mixedNetwork draws a network with layers of all the other networks: images with windows of
// any form, then tokens with blocks of a transformer, then convolutions along the sequence.
func mixedNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 13))
	side := g.draw("side", 3, 6)
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("channels", 1, 3), side, side}, rng); err != nil {
		t.Fatal(err)
	}
	x := g.add(&layers.Conv{Out: 4 * g.draw("out", 1, 2), Pad: layers.Around(1)}, nn.InputName)
	for range g.draw("images", 0, 4) {
		switch g.draw("image", 0, 4) {
		case 0:
			x = g.unary(x)
		case 1:
			x = g.add(&layers.Add{}, x, g.same(x))
		case 2:
			x = g.excite(x)
		default:
			x = g.resized(x)
		}
	}
	if s := g.shape(x); s[1]*s[2] > 64 {
		x = g.add(&layers.AdaptiveAvgPool{Out: layers.Square(4)}, x)
	}
	x = g.add(&layers.Tokens{}, x)
	if g.draw("class", 0, 1) == 1 {
		x = g.add(&layers.ClassToken{}, x)
	}
	for range g.draw("tokens", 0, 4) {
		x = g.positional(x)
	}
	if g.shape(x)[1] > 2 {
		for range g.draw("lines", 0, 2) {
			groups := g.groups(g.shape(x)[0])
			x = g.add(&layers.Conv1d{Out: groups * g.draw("out", 1, 2), Kernel: g.draw("kernel", 1, 3),
				Pad: layers.Margin{Before: 1, Behind: 1}, Groups: groups}, x)
			x = g.add(g.activation(), x)
		}
	}
	switch g.draw("head", 0, 3) {
	case 0:
		x = g.add(&layers.First{}, x)
	case 1:
		x = g.add(&layers.Last{}, x)
	case 2:
		x = g.add(&layers.Flatten{}, x)
	default:
		x = g.add(&layers.GlobalPool{}, x)
	}
	g.add(&layers.Linear{Out: 3}, x)
	randomise(t, g.net, rng)
	g.thinGroups(rng)
	return g.net
}

// TestPruneMixedProperty: networks with layers of all kinds are pruned exactly, and come back
// from ONNX.
func TestPruneMixedProperty(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		net := mixedNetwork(t)
		checkPrune(t, net)
		small, _, err := Prune(net, Options{Random: 8})
		if err != nil {
			t.Fatal(err)
		}
		requireONNX(t, dir, net)
		requireONNX(t, dir, small)
	})
}

// requireONNX writes a network as ONNX and reads it back: the network computes the same with as
// many values and operations, and a second export has the same bytes.
func requireONNX(t *rapid.T, dir string, net *nn.Network) {
	t.Helper()
	first := exported(t, net)
	back := importedFrom(t, dir, first)
	requireSame(t, net, back)
	if !bytes.Equal(exported(t, back), first) {
		t.Fatalf("a second export differs: %s", kinds(net))
	}
}

func requireSame(t *rapid.T, net, back *nn.Network) {
	t.Helper()
	if _, err := certify(net, back, Options{Random: 8}); err != nil {
		t.Fatalf("from ONNX: %v\nwritten %s\nread    %s", err, kinds(net), kinds(back))
	}
	if a, b := net.Count(), back.Count(); a != b {
		t.Fatalf("%+v from ONNX became %+v\nwritten %s\nread    %s", a, b, kinds(net), kinds(back))
	}
}

// drawings are the generators of networks that ONNX can hold.
var drawings = map[string]func(*rapid.T) *nn.Network{"images": randomNetwork, "geometry": geometryNetwork, "line": lineNetwork,
	"mixed": mixedNetwork, "vectors": vectorNetwork, "language": languageNetwork, "tied": tiedNetwork}

// TestONNXOperatorsProperty: networks come back from the operators of a file alone, as from a file of
// another program, also after pruning, and the network that came back is written and read again
// without a change.
func TestONNXOperatorsProperty(t *testing.T) {
	dir := t.TempDir()
	kinds := slices.Sorted(maps.Keys(drawings))
	rapid.Check(t, func(t *rapid.T) {
		net := drawings[rapid.SampledFrom(kinds).Draw(t, "kind")](t)
		if net.Nodes[0].Layer.Kind() == "test-tokens" { // has no ONNX form
			return
		}
		requireOperators(t, dir, net)
		small, _, err := Prune(net, Options{Random: 8})
		if err != nil {
			t.Fatal(err)
		}
		if !constantInside(small) {
			requireOperators(t, dir, small)
		}
	})
}

// constantInside reports whether layers read a constant. In a file that is a constant expanded to
// the batch, on which operators can be computed.
func constantInside(net *nn.Network) bool {
	nodes := net.Nodes[:len(net.Nodes)-1]
	return slices.ContainsFunc(nodes, func(n *nn.Node) bool { return n.Layer.Kind() == "constant" })
}

// requireOperators reads the network from operators alone, twice.
func requireOperators(t *rapid.T, dir string, net *nn.Network) {
	t.Helper()
	back := importedFrom(t, dir, withoutMetadata(t, exported(t, net)))
	requireSame(t, net, back)
	first := exported(t, back)
	again := importedFrom(t, dir, withoutMetadata(t, first))
	if !bytes.Equal(exported(t, again), first) {
		t.Fatalf("a second export differs:\n%s\n%s\n%s", nodes(net), nodes(back), nodes(again))
	}
}

// nodes lists the names of the layers.
func nodes(net *nn.Network) string {
	var names []string
	for _, n := range net.Nodes {
		names = append(names, n.Name)
	}
	return strings.Join(names, " ")
}

func exported(t *rapid.T, net *nn.Network) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.WriteONNX(&b, export.Model{Net: net}); err != nil {
		t.Fatalf("%v\n%s", err, kinds(net))
	}
	return b.Bytes()
}

func importedFrom(t *rapid.T, dir string, file []byte) *nn.Network {
	t.Helper()
	path := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := imported.Load(path, imported.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Net
}

// withoutMetadata is the file as another program would write it.
func withoutMetadata(t *rapid.T, file []byte) []byte {
	t.Helper()
	m, err := onnx.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Producer, m.Metadata = "", nil
	return onnx.Encode(m)
}

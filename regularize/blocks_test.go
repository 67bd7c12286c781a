package regularize

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/prune"
)

// made builds a registered model with small options.
func made(t testing.TB, name string, task models.Task, options func(any)) *nn.Network {
	t.Helper()
	m, err := models.Kinds.New(name)
	if err != nil {
		t.Fatal(err)
	}
	options(m)
	net, err := m.Build(task, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range net.Params() {
		if p.Trainable() {
			p.Uniform(1, rng)
		}
	}
	return net
}

func smallResNet(t testing.TB) *nn.Network {
	return made(t, "resnet", models.Task{Input: nn.Shape{2, 8, 8}, Classes: 3}, func(into any) {
		r := into.(*models.ResNet)
		r.Depth, r.Width = 14, 4
	})
}

func smallTransformer(t testing.TB) *nn.Network {
	return made(t, "transformer", models.Task{Input: nn.Shape{1, 6}, Classes: 5, Vocabulary: 5, Targets: 6}, func(into any) {
		m := into.(*models.Transformer)
		m.Blocks, m.Width, m.Heads, m.Hidden = 2, 8, 2, 12
	})
}

// TestBlocks: the groups, by the layers that make them up and their sizes.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		name    string
		net     *nn.Network
		members string
		want    []string // layers with members
		sizes   []int
	}{
		// γ and β of the last normalisation; stages of 4, 8 and 16 channels.
		{"resnet", smallResNet(t), "", []string{"stage1.block1.conv2_bn", "stage1.block2.conv2_bn", "stage2.block1.conv2_bn",
			"stage2.block2.conv2_bn", "stage3.block1.conv2_bn", "stage3.block2.conv2_bn"}, []int{8, 8, 16, 16, 32, 32}},
		{"transformer", smallTransformer(t), "", []string{"block1.proj", "block1.down", "block2.proj", "block2.down"},
			[]int{72, 104, 72, 104}},
		// norm, qkv and proj; norm, up and down.
		{"transformer, all", smallTransformer(t), "out", []string{"block1.proj block1.qkv block1.norm1", "block1.down block1.up block1.norm2",
			"block2.proj block2.qkv block2.norm1", "block2.down block2.up block2.norm2"},
			[]int{72 + 216 + 16, 104 + 108 + 16, 72 + 216 + 16, 104 + 108 + 16}},
		{"gate on the branch", residual(t), "", []string{"conv2"}, []int{27*4 + 4}},
		{"stream", stream(t), "", []string{"down"}, []int{5*4 + 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			groups, err := (&finder{}).findGroups(newTopology(c.net), Spec{Type: "group_lasso", On: "blocks", Members: c.members})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			var sizes []int
			for _, g := range groups {
				var names []string
				for _, s := range g.slots {
					if n := c.net.Nodes[s.Node].Name; !slices.Contains(names, n) {
						names = append(names, n)
					}
				}
				got, sizes = append(got, strings.Join(names, " ")), append(sizes, g.size())
			}
			if !slices.Equal(got, c.want) || !slices.Equal(sizes, c.sizes) {
				t.Errorf("groups %q of %d values, expected %q of %d", got, sizes, c.want, c.sizes)
			}
		})
	}
}

// TestNoBlocks: products, concatenations and sums of values that others read make
// no block.
func TestNoBlocks(t *testing.T) {
	shared := build(t, nn.Shape{3},
		step{"a", &layers.Linear{Out: 4}, nil},
		step{"b", &layers.Linear{Out: 4}, nil},
		step{"sum", &layers.Add{}, []string{"a", "b"}},
		step{"c", &layers.Linear{Out: 4}, []string{"b"}},
		step{"product", &layers.Mul{}, []string{"sum", "c"}},
		step{"out", &layers.Linear{Out: 2}, nil})
	for _, net := range []*nn.Network{shared, attentive(t), inception(t), plain(t)} {
		if _, err := NewTerm(net, Spec{Type: "group_lasso", On: "blocks", Lambda: 1}); err == nil || !strings.Contains(err.Error(), "no blocks") {
			t.Errorf("%v: error %v", net.Nodes[0].Name, err)
		}
	}
	if _, err := (Spec{Type: "group_lasso", On: "blocks", Members: "in", Lambda: 1}).checked(); err == nil {
		t.Error("members: in is accepted")
	}
	if _, err := NewTerm(smallTransformer(t), Spec{Type: "group_lasso", On: "blocks", Members: "norm", Lambda: 1}); err == nil ||
		!strings.Contains(err.Error(), "no blocks with members: norm") {
		t.Errorf("no branch of a transformer ends in a normalisation: %v", err)
	}
}

// TestZeroBlocksArePruned: a proximal step that is enough for one block, made
// small, removes it with all its layers and leaves the function as it was; the
// other blocks stay.
func TestZeroBlocksArePruned(t *testing.T) {
	for _, c := range []struct {
		net         func(testing.TB) *nn.Network
		block, rest string
		members     string
		gone        []string
	}{
		{smallResNet, "stage2.block2", "stage2.block1.conv1", "", []string{"conv1", "conv1_bn", "conv2", "conv2_bn", "gate_residual", "add"}},
		{smallResNet, "stage2.block2", "stage2.block1.conv1", "out", []string{"conv1", "conv1_bn", "conv2", "conv2_bn", "add"}},
		{smallTransformer, "block2", "block1.proj", "", []string{"norm1", "qkv", "attention", "proj", "add1", "norm2", "up", "down", "add2"}},
		{smallTransformer, "block1", "block2.down", "out", []string{"norm1", "qkv", "attention", "proj", "add1", "norm2", "up", "down", "add2"}},
	} {
		net := c.net(t)
		for _, p := range net.Params() {
			if strings.HasPrefix(p.Full, c.block+".") && p.Role != nn.RoleGate && p.Trainable() {
				for i := range p.Data() {
					p.Data()[i] *= 1e-5
				}
			}
		}
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: "blocks", Members: c.members, Lambda: 1e-2, Scale: "none"})
		if err != nil {
			t.Fatal(err)
		}
		term.Prox(1, nil)
		want := 1
		if strings.HasPrefix(c.block, "block") {
			want = 2 // attention and feed-forward
		}
		if _, zero := term.Groups(); zero != want {
			t.Fatalf("%s: %d groups are zero, expected %d", c.block, zero, want)
		}
		small, report, err := prune.Prune(net, prune.Options{Random: 8})
		if err != nil {
			t.Fatal(err)
		}
		if report.Certificate.MaxRelDiff > report.Certificate.Tolerance {
			t.Errorf("%s: certificate %+v", c.block, report.Certificate)
		}
		for _, name := range c.gone {
			if _, ok := small.Lookup(c.block + "." + name); ok {
				t.Errorf("%s: layer %s is still there", c.block, name)
			}
		}
		if _, ok := small.Lookup(c.rest); !ok {
			t.Errorf("layer %s went too", c.rest)
		}
	}
}

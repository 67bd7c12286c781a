package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	. "pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// sentences is a task of tokens with a target at every position.
func sentences(positions, vocabulary int) Task {
	return Task{Input: nn.Shape{1, positions}, Classes: vocabulary, Targets: positions, Vocabulary: vocabulary}
}

// strokes is a task of vectors with one answer.
var strokes = Task{Input: nn.Shape{3, 6}, Classes: 4}

func TestTransformerOptions(t *testing.T) {
	const d, f, n = 128, 512, 4
	block := 4*d + d*3*d + 3*d + d*d + d + d*f + f + f*d + d
	for _, c := range []struct {
		options string
		task    Task
		params  int
		shapes  map[string]string
	}{
		{"", sentences(64, 65), 65*d + 64*d + n*block + 2*d + d*65 + 65, map[string]string{
			"position": "128×64", "block1.qkv": "384×64", "block4.attention": "128×64", "block2.relu": "512×64", "out": "65×64"}},
		{"blocks: 1, width: 6, heads: 3, hidden: 10, activation: reglu, dropout: 0.1", sentences(5, 9),
			9*6 + 5*6 + (4*6 + 6*18 + 18 + 6*6 + 6 + 2*(6*10+10) + 10*6 + 6) + 2*6 + 6*9 + 9,
			map[string]string{"block1.mul": "10×5", "block1.drop2": "6×5", "out": "9×5"}},
		{"blocks: 2, width: 8, activation: gelu", strokes, (3*8 + 8) + 6*8 + 2*(4*8+8*24+24+8*8+8+8*32+32+32*8+8) + 2*8 + 8*4 + 4,
			map[string]string{"embed": "8×6", "block1.gelu": "32×6", "last": "8", "out": "4"}},
		{"tied: true", sentences(64, 65), 65*d + 64*d + n*block + 2*d, map[string]string{"out": "65×64"}},
	} {
		net, err := build("transformer", c.options, c.task)
		if err != nil {
			t.Fatal(err)
		}
		if got := net.Count().Params; got != int64(c.params) {
			t.Errorf("{%s} has %d parameters, want %d", c.options, got, c.params)
		}
		for layer, want := range c.shapes {
			if got := shapeOf(t, net, layer); got != want {
				t.Errorf("{%s}: %s gives %s, want %s", c.options, layer, got, want)
			}
		}
	}
}

func TestTransformerRefuses(t *testing.T) {
	for _, c := range []struct {
		options string
		task    Task
		want    string
	}{
		{"width: 130", strokes, "model.width is 130, which cannot be shared out among 4 heads; make it a multiple"},
		{"blocks: 0", strokes, "model.blocks must be at least 1 and at most 2000, got 0"},
		{"heads: -1", strokes, "model.heads must be at least 1, got -1"},
		{"activation: tanh", strokes, `model.activation must be relu, gelu, silu, reglu, geglu or swiglu, got "tanh"`},
		{"heads: 4, kv_heads: 3", strokes, "model.kv_heads is 3, which cannot be shared by 4 heads; make it a divisor"},
		{"width: 12, heads: 4, positions: rotary", strokes,
			"model.positions is rotary, which turns pairs of dimensions, and a head has 3; make width/heads even"},
		{"dropout: 1", strokes, "model.dropout must be at least 0 and below 1, got 1"},
		{"tied: true", strokes, "tied is true, which needs answers that are tokens of the input; the data has 4 outputs and real numbers; leave it out"},
		{"", grey, "transformer needs sequences, "},
		{"", Task{Input: nn.Shape{12}, Classes: 3}, "transformer needs sequences, "},
	} {
		_, err := build("transformer", c.options, c.task)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("{%s}: error %v, want one line with %q", c.options, err, c.want)
		}
	}
}

// TestTransformerLikePyTorch: losses of training steps and the logits after them, also with the
// embedding as the output layer and GELU, as GPT-2.
func TestTransformerLikePyTorch(t *testing.T) {
	for name, more := range map[string]string{"transformer": "", "transformer_tied": ", activation: gelu, tied: true"} {
		t.Run(name, func(t *testing.T) {
			var g struct {
				Options               map[string]int
				Vocabulary, Positions int
				goldenSteps
			}
			readGolden(t, name, &g)
			options := fmt.Sprintf("blocks: %d, width: %d, heads: %d, hidden: %d", g.Options["blocks"], g.Options["width"],
				g.Options["heads"], g.Options["hidden"])
			g.require(t, mustBuild(t, "transformer", options+more, sentences(g.Positions, g.Vocabulary)))
		})
	}
}

// TestTransformerLikeLlama: with rmsnorm, rotary positions, swiglu and shared keys the logits
// equal the logits of transformers' Llama.
func TestTransformerLikeLlama(t *testing.T) {
	var g struct {
		Options                      string
		Vocabulary, Positions, Batch int
		Params                       map[string]struct {
			Shape []int
			Data  []float32
		}
		X, Logits []float32
	}
	data, err := os.ReadFile("testdata/llama.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	net, err := build("transformer", g.Options, sentences(g.Positions, g.Vocabulary))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range net.Params() {
		a, ok := g.Params[p.Full]
		if !ok { // Llama's linear layers have no bias
			p.Fill(0)
			continue
		}
		found++
		if err := p.Import(a.Shape, a.Data); err != nil {
			t.Fatal(err)
		}
	}
	if found != len(g.Params) {
		t.Fatalf("%d of %d parameters found", found, len(g.Params))
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: g.Batch})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, g.X)
	p.Run()
	for i, v := range p.Output() {
		if want := g.Logits[i]; math.Abs(float64(v-want)) > 1e-5*(1+math.Abs(float64(want))) {
			t.Fatalf("logit %d is %v, Llama's is %v", i, v, want)
		}
	}
}

// proxAll closes all groups of a penalty.
func proxAll(t *testing.T, net *nn.Network, spec regularize.Spec) {
	t.Helper()
	spec.Type, spec.Lambda = "group_lasso", 1
	term, err := regularize.NewTerm(net, spec)
	if err != nil {
		t.Fatal(err)
	}
	term.Prox(1e6, nil)
	if n, zero := term.Groups(); n != zero || n == 0 {
		t.Fatalf("%+v: %d of %d groups are zero", spec, zero, n)
	}
}

// randomBiases makes every bias, scale and shift of the network a number of its own.
func randomBiases(net *nn.Network) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, p := range net.Params() {
		if p.Role != nn.RoleWeight {
			p.Normal(1, rng)
		}
	}
}

// TestTransformerPruned: the units that a penalty closes go, and no more.
func TestTransformerPruned(t *testing.T) {
	const options = "blocks: 2, width: 8, heads: 2, hidden: 6"
	for _, c := range []struct {
		name  string
		close func(t *testing.T, net *nn.Network)
		want  map[string]string // "" is gone
	}{
		{"heads of a block", func(t *testing.T, net *nn.Network) {
			proxAll(t, net, regularize.Spec{On: "heads", Layers: []string{"block1.attention"}})
		}, map[string]string{"block1.qkv": "", "block1.attention": "", "block1.proj": "", "block1.norm1": "", "block1.up": "6×6", "block2.qkv": "24×6"}},
		{"hidden units of a block", func(t *testing.T, net *nn.Network) {
			proxAll(t, net, regularize.Spec{On: "neurons", Layers: []string{"block2.up"}})
		}, map[string]string{"block2.up": "", "block2.relu": "", "block2.down": "", "block2.norm2": "", "block2.qkv": "24×6"}},
		{"a head", func(t *testing.T, net *nn.Network) { // 1 of block 1: rows 0 to 3 of queries, keys and values
			clearUnits(net, "block1.qkv", 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19)
		}, map[string]string{"block1.qkv": "12×6", "block1.attention": "4×6", "block1.proj": "8×6"}},
		{"a query dimension", func(t *testing.T, net *nn.Network) { clearUnits(net, "block1.qkv", 5) },
			map[string]string{"block1.qkv": "22×6", "block1.attention": "8×6"}},
		{"the weights of a key", func(t *testing.T, net *nn.Network) { // its bias is the same for all positions
			clearColumns(net, "block1.qkv", "weight", 9)
		}, map[string]string{"block1.qkv": "22×6"}},
		{"a value", func(t *testing.T, net *nn.Network) { clearUnits(net, "block1.qkv", 17) },
			map[string]string{"block1.qkv": "23×6", "block1.attention": "7×6"}},
		{"units of the stream", func(t *testing.T, net *nn.Network) {
			proxAll(t, net, regularize.Spec{On: "neurons", Layers: []string{"embed"}})
		}, map[string]string{"embed": "", "block1.attention": "", "block2.up": "", "norm": "", "out": ""}},
		{"a unit of the stream", func(t *testing.T, net *nn.Network) {
			for _, p := range net.Params() {
				if i := p.FindAxis(nn.AxisOut); i >= 0 {
					if n, _ := p.AxisLen(i); n == 8 {
						clearColumns(net, p.Node.Name, p.Name, 2)
					}
				}
			}
		}, map[string]string{"embed": "7×6", "position": "7×6", "block1.norm1": "7×6", "block1.proj": "7×6", "block2.add2": "7×6", "block1.qkv": "24×6", "norm": "7"}},
		{"what makes a unit of the stream", func(t *testing.T, net *nn.Network) { // the normalised unit stays
			for _, p := range net.Params() {
				if i := p.FindAxis(nn.AxisOut); i >= 0 && p.Role != nn.RoleScale && p.Role != nn.RoleShift {
					if n, _ := p.AxisLen(i); n == 8 {
						clearColumns(net, p.Node.Name, p.Name, 2)
					}
				}
			}
		}, map[string]string{"embed": "7×6", "block1.norm1": "8×6", "block1.proj": "7×6", "norm": "8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, err := build("transformer", options, Task{Input: nn.Shape{3, 6}, Classes: 4})
			if err != nil {
				t.Fatal(err)
			}
			randomBiases(net)
			c.close(t, net)
			small, _, err := prune.Prune(net, prune.Options{Random: 8})
			if err != nil {
				t.Fatal(err)
			}
			for layer, want := range c.want {
				got := ""
				if node, ok := small.Lookup(layer); ok && node.Layer.Kind() != "constant" {
					got = node.Shape.String()
				}
				if got != want {
					t.Errorf("%s is %q, want %q", layer, got, want)
				}
			}
		})
	}
}

// clearUnits sets all parameters of units of a layer to 0.
func clearUnits(net *nn.Network, layer string, units ...int) {
	node, _ := net.Lookup(layer)
	for _, p := range node.Layer.Params() {
		clearColumns(net, layer, p.Name, units...)
	}
}

// clearColumns sets the values of units of one parameter to 0.
func clearColumns(net *nn.Network, layer, param string, units ...int) {
	node, _ := net.Lookup(layer)
	for _, p := range node.Layer.Params() {
		if p.Name != param {
			continue
		}
		n, stride := p.AxisLen(p.FindAxis(nn.AxisOut))
		for i := range p.Data() {
			for _, u := range units {
				if i/stride%n == u {
					p.Data()[i] = 0
				}
			}
		}
	}
}

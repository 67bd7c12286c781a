package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pare/layers"
	. "pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// resnetCase is a ResNet as testdata/resnet.py made it.
type resnetCase struct {
	Depth         int
	Width         int
	Bottleneck    bool
	Preactivation bool
	Params        json.RawMessage
	Batch         int
	Rate          float32
	X, Target     []float32
	Losses        []float64
}

func (c resnetCase) options() string {
	return fmt.Sprintf("depth: %d, width: %d, bottleneck: %v, preactivation: %v", c.Depth, c.Width, c.Bottleneck, c.Preactivation)
}

func resnetGolden(t *testing.T) (counts, nets []resnetCase) {
	t.Helper()
	data, err := os.ReadFile("testdata/resnet.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct{ Counts, Nets []resnetCase }
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g.Counts, g.Nets
}

func TestResNetCounts(t *testing.T) {
	counts, _ := resnetGolden(t)
	if len(counts) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range counts {
		c.Width = 16
		var want int64
		if err := json.Unmarshal(c.Params, &want); err != nil {
			t.Fatal(err)
		}
		if got := mustBuild(t, "resnet", c.options(), colour).Count().Params; got != want {
			t.Errorf("{%s} has %d parameters, PyTorch's has %d", c.options(), got, want)
		}
	}
}

// TestResNetLikePyTorch: losses of training steps, which show gradients and batch
// statistics as well.
func TestResNetLikePyTorch(t *testing.T) {
	_, nets := resnetGolden(t)
	if len(nets) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range nets {
		t.Run(strings.ReplaceAll(c.options(), " ", ""), func(t *testing.T) {
			net := mustBuild(t, "resnet", c.options(), Task{Input: nn.Shape{3, 8, 8}, Classes: 10})
			var params map[string]struct {
				Shape []int
				Data  []float32
			}
			if err := json.Unmarshal(c.Params, &params); err != nil {
				t.Fatal(err)
			}
			if n := len(net.Params()); n != len(params) {
				t.Fatalf("%d parameters, PyTorch has %d", n, len(params))
			}
			for _, p := range net.Params() {
				if err := p.Import(params[p.Full].Shape, params[p.Full].Data); err != nil {
					t.Fatalf("%s: %v", p.Full, err)
				}
			}
			p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: c.Batch, Loss: layers.CrossEntropy{}})
			if err != nil {
				t.Fatal(err)
			}
			copy(p.X, c.X)
			copy(p.Target, c.Target)
			for i, want := range c.Losses {
				p.Run()
				if math.Abs(p.Loss()-want) > 1e-4*want {
					t.Errorf("step %d: loss %.7f, PyTorch has %.7f", i, p.Loss(), want)
				}
				for _, param := range net.Params() {
					if !param.Trainable() {
						continue
					}
					for j, d := range p.Grad(param.Param) {
						param.Data()[j] -= c.Rate * d
					}
				}
			}
		})
	}
}

func TestResNetRefuses(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{"depth: 21", "depth is 21, it must be 6n+2: 8, 14, 20, 26, …"},
		{"depth: 2", "it must be 6n+2"},
		{"depth: -1", "model.depth must be at least 1 and at most 2000, got -1"},
		{"depth: 21, preactivation: true", "it must be 6n+2"},
		{"depth: 14, bottleneck: true", "depth is 14, with bottlenecks it must be 9n+2: 11, 20, 29, 38, …"},
		{"depth: 2, bottleneck: true", "it must be 9n+2"},
		{"width: 0", "model.width must be at least 1, got 0"},
		{"preactivate: true", "model.preactivate is not an option of resnet"},
	} {
		_, err := build("resnet", c.options, colour)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("{%s}: error %v, want one line with %q", c.options, err, c.want)
		}
	}
	for options, want := range map[string]string{"bottleneck: true": "resnet29", "preactivation: true": "resnet20",
		"depth: 20, bottleneck: true": "resnet20"} {
		if net := mustBuild(t, "resnet", options, colour); net.Name != want {
			t.Errorf("{%s} is named %s, want %s", options, net.Name, want)
		}
	}
}

// The variants whose pruning is tested.
var resnetVariants = []string{"", "preactivation: true", "depth: 11, bottleneck: true", "depth: 11, bottleneck: true, preactivation: true"}

func resnetVariant(t *testing.T, variant string, seed uint64) *nn.Network {
	t.Helper()
	options := strings.TrimSuffix("width: 4, "+variant, ", ")
	if !strings.Contains(variant, "depth") {
		options += ", depth: 14"
	}
	net := mustBuild(t, "resnet", options, Task{Input: nn.Shape{3, 8, 8}, Classes: 10})
	rng := rand.New(rand.NewPCG(seed, 3))
	for _, p := range net.Params() {
		if p.Role != nn.RoleWeight {
			for i := range p.Data() {
				p.Data()[i] = 0.3 + rng.Float32()
			}
		}
	}
	return net
}

// mustPrune prunes with certificate and demands that a second pass finds nothing.
func mustPrune(t *testing.T, net *nn.Network) *nn.Network {
	t.Helper()
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := prune.Prune(small, prune.Options{Random: 2})
	if err != nil {
		t.Fatal(err)
	}
	if again.After != again.Before {
		t.Errorf("a second pass changed %+v to %+v", again.Before, again.After)
	}
	return small
}

func has(net *nn.Network, part string) bool {
	for _, node := range net.Nodes {
		if strings.Contains(node.Name, part) {
			return true
		}
	}
	return false
}

// fill sets a parameter, which must exist.
func fill(t *testing.T, net *nn.Network, full string, value float32) {
	t.Helper()
	for _, p := range net.Params() {
		if p.Full == full {
			p.Fill(value)
			return
		}
	}
	t.Fatalf("%s has no parameter %s", net.Name, full)
}

// A residual gate at zero removes all layers of its block where the skip has none
// to keep; where the skip is a projection, that alone stays.
func TestResNetBlocksGo(t *testing.T) {
	for _, variant := range resnetVariants {
		net := resnetVariant(t, variant, 1)
		blocks := 2
		if strings.Contains(variant, "bottleneck") {
			blocks = 1
		}
		for stage := 1; stage <= 3; stage++ {
			fill(t, net, fmt.Sprintf("stage%d.block%d.gate_residual.gate", stage, blocks), 0)
			fill(t, net, fmt.Sprintf("stage%d.block%d.gate_skip.gate", stage, blocks), 1)
		}
		small := mustPrune(t, net)
		for stage := 1; stage <= 3; stage++ {
			block := fmt.Sprintf("stage%d.block%d.", stage, blocks)
			for _, part := range []string{"conv", "gate_residual", "add"} {
				if has(small, block+part) {
					t.Errorf("{%s}: %s%s is left", variant, block, part)
				}
			}
			// Of a second block nothing but the activation of a sum can stay.
			if blocks == 2 && strings.Contains(variant, "preactivation") && has(small, block+"bn") {
				t.Errorf("{%s}: normalisations of %s are left", variant, block)
			}
		}
	}
}

// A skip gate at zero leaves the residual alone; behind it the block before is
// read by the residual only.
func TestResNetSkipsGo(t *testing.T) {
	for _, variant := range resnetVariants {
		net := resnetVariant(t, variant, 2)
		fill(t, net, "stage2.block1.gate_skip.gate", 0)
		small := mustPrune(t, net)
		for _, part := range []string{"stage2.block1.proj", "stage2.block1.gate_skip", "stage2.block1.add"} {
			if has(small, part) {
				t.Errorf("{%s}: %s is left", variant, part)
			}
		}
		if !has(small, "stage2.block1.conv1") || !has(small, "stage1.block1.conv1") {
			t.Errorf("{%s}: the residual went with the skip", variant)
		}
	}
}

// Both gates of the last block at zero cut the input off: nothing that reads it is
// left. (Further up the constant would stay in front of zero padding.)
func TestResNetCut(t *testing.T) {
	for _, variant := range resnetVariants {
		net := resnetVariant(t, variant, 3)
		last := "stage3.block2"
		if strings.Contains(variant, "bottleneck") {
			last = "stage3.block1"
		}
		fill(t, net, last+".gate_skip.gate", 0)
		fill(t, net, last+".gate_residual.gate", 0)
		if small := mustPrune(t, net); small.Count().MACs != 0 {
			t.Errorf("{%s}: a constant network has %d multiply-accumulates", variant, small.Count().MACs)
		}
	}
}

// Random gates and channels at zero: the smaller network computes the same, and a second
// pass finds nothing.
func TestResNetRandomZeros(t *testing.T) {
	for _, variant := range resnetVariants {
		for seed := range uint64(6) {
			options := variant
			if seed%2 == 1 {
				options = strings.TrimPrefix(variant+", gates: {per_channel: true}", ", ")
			}
			net := resnetVariant(t, options, seed)
			rng := rand.New(rand.NewPCG(seed, 4))
			rate := 0.2 + 0.1*float64(seed)
			for _, node := range net.Nodes {
				if node.Layer.Kind() != "batchnorm" && node.Layer.Kind() != "gate" {
					continue
				}
				units := make([]bool, node.Shape.Units())
				for u := range units {
					units[u] = rng.Float64() < rate
				}
				for _, p := range node.Layer.Params() {
					if !p.Trainable() {
						continue
					}
					for i := range p.Data() {
						if units[i] && (p.Role != nn.RoleGate || rng.Float64() < 0.6) {
							p.Data()[i] = 0
						}
					}
				}
			}
			small := mustPrune(t, net)
			if a, b := small.Count(), net.Count(); a.Params >= b.Params || a.MACs >= b.MACs {
				t.Errorf("{%s} seed %d: nothing was removed: %+v of %+v", variant, seed, a, b)
			}
		}
	}
}

// A closed group of channels goes: inside of a block those of its convolutions, on
// the stream all that its normalisations read.
func TestResNetChannels(t *testing.T) {
	for _, variant := range resnetVariants {
		net := resnetVariant(t, variant, 5)
		before, _ := net.Lookup("stage2.block1.conv1")
		want := before.Shape.Units()
		proxAll(t, net, regularize.Spec{On: "channels", Layers: []string{"stage2.block1.conv1"}})
		small := mustPrune(t, net)
		if has(small, "stage2.block1.conv1") {
			t.Errorf("{%s}: all %d channels closed, but the convolution is left", variant, want)
		}
		if !has(small, "stage2.block1.proj") || !has(small, "stage1.block1.conv1") {
			t.Errorf("{%s}: the rest of the network went too", variant)
		}
	}
}

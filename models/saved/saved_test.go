package saved_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/config"
	"pare/export"
	"pare/models"
	"pare/models/saved"
	"pare/nn"
	"pare/prune"
)

func tryBuild(name, options string, task models.Task) (*nn.Network, error) {
	c, err := config.Parse("model.yaml", []byte("data: {dataset: mnist}\nmodel: {type: "+name+", "+options+"}\n"))
	if err != nil {
		return nil, err
	}
	return models.Build(c.Model.Kind, task, rand.New(rand.NewPCG(5, 6)))
}

func build(t *testing.T, name, options string, task models.Task) *nn.Network {
	t.Helper()
	net, err := tryBuild(name, options, task)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// prunedResNet is a network with the layers that pruning makes.
func prunedResNet(t *testing.T) *nn.Network {
	t.Helper()
	net := build(t, "resnet", "depth: 8, width: 6", models.Task{Input: nn.Shape{3, 8, 8}, Classes: 10})
	rng := rand.New(rand.NewPCG(1, 9))
	for _, p := range net.Params() {
		if p.Role == nn.RoleScale {
			for u := range p.Data() {
				if rng.IntN(3) == 0 {
					p.Data()[u] = 0
				}
			}
		}
		if p.Role == nn.RoleShift {
			p.Fill(0.3)
		}
	}
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	return small
}

func TestSaved(t *testing.T) {
	small := prunedResNet(t)
	task := models.Task{Input: small.Input, Classes: 10}
	run := t.TempDir()
	dir := filepath.Join(run, "pruned")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := export.Save(dir, export.Model{Net: small}); err != nil {
		t.Fatal(err)
	}
	draw := func(folder string, seed uint64) *nn.Network {
		net, err := models.Build(&saved.Model{Run: folder, Weights: "new"}, task, rand.New(rand.NewPCG(seed, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := models.Check(net, task); err != nil {
			t.Fatal(err)
		}
		return net
	}
	a, b, again := draw(run, 1), draw(dir, 2), draw(run, 1)
	if a.Count().Params != small.Count().Params || a.Count().MACs != small.Count().MACs {
		t.Fatalf("counts %+v, the pruned network has %+v", a.Count(), small.Count())
	}
	kinds := map[string]bool{}
	for i, node := range a.Nodes {
		kinds[node.Layer.Kind()] = true
		old := small.Nodes[i]
		if node.Name != old.Name || !node.Shape.Equal(old.Shape) || !slices.Equal(node.Inputs, old.Inputs) {
			t.Errorf("layer %s %s, the pruned network has %s %s", node.Name, node.Shape, old.Name, old.Shape)
		}
	}
	if !kinds["select"] && !kinds["add"] {
		t.Errorf("pruning left no select and no sum: %v", kinds)
	}
	for i, p := range a.Params() {
		same := slices.Equal(p.Data(), small.Params()[i].Data())
		if !slices.Equal(p.Data(), again.Params()[i].Data()) {
			t.Errorf("%s: one seed gives two networks", p.Full)
		}
		if p.Role != nn.RoleWeight {
			continue
		}
		if same || slices.Equal(p.Data(), b.Params()[i].Data()) {
			t.Errorf("%s is not drawn anew", p.Full)
		}
		if slices.Max(p.Data()) == 0 {
			t.Errorf("%s is zero", p.Full)
		}
	}
	kept := build(t, "saved", "run: "+run, task)
	for i, p := range kept.Params() {
		if !slices.Equal(p.Data(), small.Params()[i].Data()) {
			t.Errorf("%s is not kept", p.Full)
		}
	}
	p, err := nn.Compile(a, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	p.Run()
}

func TestSavedRefuses(t *testing.T) {
	small := prunedResNet(t)
	good, broken, empty := t.TempDir(), t.TempDir(), t.TempDir()
	if err := export.Save(good, export.Model{Net: small}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "architecture.json"), []byte(`{"architecture": {"format": "x"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ options, want string }{
		{"seed: 1", "model.seed is not an option of saved"},
		{"run: ''", "model.run is missing; it is run folder"},
		{"run: " + empty, "nor its folder pruned has an architecture.json"},
		{"weights: new, run: " + broken, `architecture format is "x"`},
		{"weights: old, run: " + good, `model.weights must be kept or new, got "old"`},
		{"run: " + good, "the network takes 3×8×8, the data gives images of 1×28×28"},
	} {
		_, err := tryBuild("saved", c.options, models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("{%s}: error %v, want one line with %q", c.options, err, c.want)
		}
	}
}

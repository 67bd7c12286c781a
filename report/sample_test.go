package report

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pare/models"
	"pare/nn"
	"pare/prune"
)

// sample is a run of a small residual network that lost channels, a residual
// branch and a projection.
func sample(t *testing.T, depth int) Data {
	t.Helper()
	m := models.ResNet{Depth: depth, Width: 8, Gates: models.ResNetGates{Residual: true, Skip: true}}
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := m.Build(models.Task{Input: nn.Shape{3, 16, 16}, Classes: 10}, rng)
	if err != nil {
		t.Fatal(err)
	}
	zero(net)
	small, r, err := prune.Prune(net, prune.Options{Random: 2})
	if err != nil {
		t.Fatal(err)
	}
	return Data{
		Title: "resnet20 on glyphs", Model: "resnet", Dataset: "glyphs", Seed: 7,
		Date:   time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Phases: samplePhases(rng), Before: r.Before, After: r.After, Removed: r.Removed,
		Layers: r.Layers, Certificate: r.Certificate,
		Stages: []Stage{{"trained", 0.9171, 9171}, {"removed", 0.9171, 9171}, {"final", 0.919, 9190}}, TestExamples: 10000,
		TrainSeconds: 754.2, FinetuneSeconds: 41.3,
		Network: net, Pruned: small,
		Config:  "model:\n  name: resnet\npenalty: [\"<l1>\", group & co]\n",
		Command: "go run ./cmd/train -config resnet -set train.epochs=20",
	}
}

// zero closes gates and drives channels to 0, as training would.
func zero(net *nn.Network) {
	for _, p := range net.Params() {
		switch {
		case p.Full == "stage1.block1.gate_residual.gate", p.Full == "stage2.block1.gate_skip.gate":
			p.Fill(0)
		case strings.HasSuffix(p.Node.Name, "conv1_bn") && (p.Role == nn.RoleScale || p.Role == nn.RoleShift):
			for u := range p.Data() {
				if u%3 != 0 {
					p.Data()[u] = 0
				}
			}
		}
	}
}

func samplePhases(rng *rand.Rand) []Phase {
	train, tune := Phase{Name: "train"}, Phase{Name: "finetune"}
	for e := range 20 {
		x := float64(e)
		train.Epochs = append(train.Epochs, Point{Epoch: x + 1, TrainLoss: 0.2 + 2*math.Exp(-x/4) + 0.05*rng.Float64(),
			Penalty: 1.5 * math.Exp(-x/9), ValLoss: 0.35 + 1.9*math.Exp(-x/4) + 0.1*rng.Float64(),
			ValAccuracy: 0.91 - 0.7*math.Exp(-x/4), Zeros: 0.7 * (1 - math.Exp(-x/6)),
			GroupsZero: math.Floor(x * 14), GroupsTotal: 600, LR: 0.05 * (1 + math.Cos(x/20*math.Pi))})
	}
	for e := range 5 {
		x := float64(e)
		tune.Epochs = append(tune.Epochs, Point{Epoch: x + 1, TrainLoss: 0.19 - 0.01*x, ValLoss: math.NaN(),
			ValAccuracy: 0.912 + 0.002*x, Zeros: 0, GroupsTotal: 330, LR: 0.005 - 0.001*x})
	}
	tune.Epochs[2].ValAccuracy = math.Inf(1)
	return []Phase{train, tune}
}

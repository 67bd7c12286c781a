package run

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// population has two measurements that everybody's number follows, and a flag that a minority of
// share π has, which adds δ to the number.
type population struct {
	x, y  []float32
	batch int
}

const minorityShare = 0.1

func newPopulation(seed uint64, delta float64) *population {
	r := rand.New(rand.NewPCG(seed, 7))
	p := &population{batch: 100}
	for i := range 500 {
		a, b, flag := r.NormFloat64(), r.NormFloat64(), 0.0
		if i%10 == 0 {
			flag = 1
		}
		p.x = append(p.x, float32(a), float32(b), float32(flag))
		p.y = append(p.y, float32(a+b+delta*flag))
	}
	return p
}

func (p *population) BatchSize() int { return p.batch }
func (p *population) Batches() int   { return len(p.y) / p.batch }

func (p *population) Epoch(_ context.Context, _ uint64, first int) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for b := first; b < p.Batches(); b++ {
			lo, hi := b*p.batch, (b+1)*p.batch
			if !yield(train.Batch{X: p.x[3*lo : 3*hi], Y: p.y[lo:hi], N: p.batch}, nil) {
				return
			}
		}
	}
}

// fitPopulation trains a network under a group lasso on the readers of the flag, weighted by weight;
// the readers of the measurements are free, as their shrinkage would leave residuals that the flag can
// explain, while columns of a linear model can be orthogonal. It returns the norm of the readers of the flag, and the norm of the
// gradient that a unit of δ gives them where they are 0.
func fitPopulation(t *testing.T, seed uint64, delta, lambda, weight float64) (norm, pull float64) {
	t.Helper()
	net, err := nn.New("minority", nn.Shape{3}, rand.New(rand.NewPCG(seed, 8)))
	if err != nil {
		t.Fatal(err)
	}
	net.Features = []nn.Feature{{Name: "a"}, {Name: "b"}, {Name: "flag"}}
	const hidden = 8
	first, last := &layers.Linear{Out: hidden}, &layers.Linear{Out: 1}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"first", first}, {"relu", layers.ReLU()}, {"last", last}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "input_features", Lambda: lambda, Scale: "none",
		Variables: map[string]float64{"a": 0, "b": 0, "flag": weight}})
	if err != nil {
		t.Fatal(err)
	}
	data := newPopulation(seed, delta)
	trainer, err := train.New(net, train.Options{Train: data, Loss: layers.MeanSquare{}, Penalties: []train.Penalty{term},
		Optimizer: &train.SGD{LR: 0.05}, Schedule: &train.Cosine{}, Epochs: 200})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, bias, v := first.Params()[0].Data(), first.Params()[1].Data(), last.Params()[0].Data()
	for h := range hidden {
		norm = math.Hypot(norm, float64(w[2*hidden+h]))
		active := 0.0
		for i := range data.y {
			if data.x[3*i+2] == 1 && data.x[3*i]*w[h]+data.x[3*i+1]*w[hidden+h]+bias[h] > 0 {
				active++
			}
		}
		// The loss is the mean square, so that a residual r pulls by 2·r. The bias of the network
		// takes the share π of δ.
		pull = math.Hypot(pull, 2*(1-minorityShare)*active/float64(len(data.y))*float64(v[h]))
	}
	return norm, pull
}

// TestMinorityFeature: a feature that a minority of share π has is dropped where its effect δ is
// half of the threshold and kept where it is twice as large. The threshold is where the gradient of
// its readers at 0 is λ; a penalty weighted by π has a threshold of π times as much.
func TestMinorityFeature(t *testing.T) {
	const lambda, seeds = 0.5, 20
	for _, weight := range []float64{1, minorityShare} {
		dropped, kept := 0, 0
		for seed := range uint64(seeds) {
			_, pull := fitPopulation(t, seed, 0, lambda, 1)
			threshold := lambda * weight / pull
			if norm, _ := fitPopulation(t, seed, threshold/2, lambda, weight); norm == 0 {
				dropped++
			}
			if norm, _ := fitPopulation(t, seed, 2*threshold, lambda, weight); norm > 0 {
				kept++
			}
		}
		t.Logf("weight %g: dropped at half of the threshold in %d of %d seeds, kept at twice in %d", weight, dropped, seeds, kept)
		if dropped < seeds-1 || kept < seeds-1 {
			t.Errorf("weight %g: dropped at half of the threshold in %d of %d seeds, kept at twice in %d; want 19", weight, dropped, seeds, kept)
		}
	}
}

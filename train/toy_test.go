package train

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// toy is images of 6×6 with a bright bar in the row, column or diagonal that
// is the class, under noise.
type toy struct {
	x, y  []float32
	batch int
	fail  int // give an error at this call of the source's n-th batch; 0: never
	given int
}

const (
	toySide    = 6
	toySize    = toySide * toySide
	toyClasses = 3
)

func newToy(n, batch int, seed uint64) *toy {
	rng := rand.New(rand.NewPCG(seed, 1))
	d := &toy{x: make([]float32, n*toySize), y: make([]float32, n), batch: batch}
	for i := range n {
		class, at, img := rng.IntN(toyClasses), rng.IntN(toySide), d.x[i*toySize:]
		d.y[i] = float32(class)
		for j := range toySize {
			img[j] = float32(rng.NormFloat64() * 0.3)
		}
		for j := range toySide {
			img[[]int{at*toySide + j, j*toySide + at, j*toySide + (j+at)%toySide}[class]] += 1
		}
	}
	return d
}

func (d *toy) BatchSize() int { return d.batch }
func (d *toy) Batches() int   { return len(d.y) / d.batch }

func (d *toy) gather(idx []int) Batch {
	b := Batch{N: len(idx)}
	for _, i := range idx {
		b.X = append(b.X, d.x[i*toySize:][:toySize]...)
		b.Y = append(b.Y, d.y[i])
	}
	return b
}

func (d *toy) Epoch(_ context.Context, epoch uint64, first int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		order := rand.New(rand.NewPCG(7, epoch)).Perm(len(d.y))
		for b := first; b < d.Batches(); b++ {
			d.given++
			var err error
			if d.given == d.fail {
				err = errors.New("disk on fire")
			}
			if !yield(d.gather(order[b*d.batch:][:d.batch]), err) {
				return
			}
		}
	}
}

func (d *toy) All(context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for lo := 0; lo < len(d.y); lo += d.batch {
			var idx []int
			for i := lo; i < min(lo+d.batch, len(d.y)); i++ {
				idx = append(idx, i)
			}
			if !yield(d.gather(idx), nil) {
				return
			}
		}
	}
}

// toyNet is a small convolutional network with BatchNorm and dropout.
func toyNet(t *testing.T, seed uint64) *nn.Network {
	t.Helper()
	net, err := nn.New("toy", nn.Shape{1, toySide, toySide}, rand.New(rand.NewPCG(seed, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{
		{"conv", &layers.Conv{Out: 6, Kernel: layers.Square(3), Pad: layers.Around(1)}}, {"bn", &layers.BatchNorm{}}, {"relu", newLayer(t, "relu")},
		{"flat", &layers.Flatten{}}, {"drop", &layers.Dropout{P: 0.2}}, {"fc", &layers.Linear{Out: toyClasses}},
	} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

func newLayer(t *testing.T, kind string) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// l1Term is l1 with a value in the graph behind a stopped gradient.
type l1Term struct{ l1 }

func (l *l1Term) Name() string { return "l1" }

func (l *l1Term) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: "l1", Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for _, v := range in[0] {
			sum += math.Abs(float64(v))
		}
		dst[0] = float32(l.lambda * sum)
	}}, b.Param(l.p))
}

func (l *l1Term) Groups() (total, zero int) {
	for _, v := range l.p.Data() {
		if v == 0 {
			zero++
		}
	}
	return l.p.Size(), zero
}

// sparseWeights is a penalty on the weights of the linear layer.
func sparseWeights(t *testing.T, net *nn.Network, lambda float64) Penalty {
	t.Helper()
	for _, p := range net.Params() {
		if p.Full == "fc.weight" {
			return &l1Term{l1{p: p.Param, lambda: lambda}}
		}
	}
	t.Fatal("no fc.weight")
	return nil
}

func mustNew(t *testing.T, net *nn.Network, o Options) *Trainer {
	t.Helper()
	tr, err := New(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// callback reports steps and epochs to functions.
type callback struct {
	Silent
	step  func(Status)
	epoch func(Status, Record)
}

func (c callback) Step(s Status) {
	if c.step != nil {
		c.step(s)
	}
}

func (c callback) Epoch(s Status, r Record) {
	if c.epoch != nil {
		c.epoch(s, r)
	}
}

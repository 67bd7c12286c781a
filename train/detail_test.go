package train

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"pare/layers"
	"pare/nn"
)

// given are examples whose inputs a network passes on as its outputs.
type given struct {
	x, y          []float32
	width, values int // inputs and targets of an example
	batch         int
}

func (g given) All(context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for i := 0; i < len(g.x)/g.width; i += g.batch {
			n := min(g.batch, len(g.x)/g.width-i)
			if !yield(Batch{X: g.x[i*g.width:][:n*g.width], Y: g.y[i*g.values:][:n*g.values], N: n}, nil) {
				return
			}
		}
	}
}

// detailOf evaluates given outputs.
func detailOf(t *testing.T, loss nn.Loss, g given) (Metrics, *Detail) {
	t.Helper()
	net, err := nn.New("given", nn.Shape{g.width}, rand.New(rand.NewPCG(1, 2)))
	if err == nil {
		err = net.Add("sum", &layers.Add{}, nn.InputName)
	}
	var e *Evaluator
	if err == nil {
		e, err = NewEvaluator(net, g.batch, loss)
	}
	if err != nil {
		t.Fatal(err)
	}
	if e.Detail() != nil {
		t.Error("a detail before an evaluation")
	}
	e.InDetail()
	m, err := e.Run(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return m, e.Detail()
}

// TestGoldenMeasures: measures are scikit-learn's (testdata/measures.py).
func TestGoldenMeasures(t *testing.T) {
	text, err := os.ReadFile("testdata/measures.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Y, Outputs []float32
		K          int
		Recall, F1 []float64
		MacroF1    float64 `json:"macro_f1"`
		Accuracy   float64
		Top5       *float64
		R2, MAE    *float64
		Loss       float64
		Confusion  [][]int
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
	same := func(a, b *float64) bool { return (a == nil) == (b == nil) && (a == nil || near(*a, *b)) }
	for name, loss := range map[string]nn.Loss{"classes": layers.CrossEntropy{}, "labels": layers.BinaryCrossEntropy{}, "numbers": layers.MeanSquare{}} {
		c := cases[name]
		m, d := detailOf(t, loss, given{x: c.Outputs, y: c.Y, width: c.K, values: len(c.Y) * c.K / len(c.Outputs), batch: 7})
		if !same(d.Top5, c.Top5) || !same(d.R2, c.R2) || !same(d.MAE, c.MAE) || !reflect.DeepEqual(d.Confusion, c.Confusion) {
			t.Errorf("%s: %+v", name, d)
		}
		if name != "labels" && !near(m.Loss, c.Loss) {
			t.Errorf("%s: loss %g, want %g", name, m.Loss, c.Loss)
		}
		if name == "numbers" {
			continue
		}
		if !near(m.Accuracy, c.Accuracy) || d.MacroF1 == nil || !near(*d.MacroF1, c.MacroF1) || len(d.Classes) != c.K {
			t.Errorf("%s: accuracy %g, macro F1 %v; want %g, %g", name, m.Accuracy, *d.MacroF1, c.Accuracy, c.MacroF1)
		}
		for i, r := range d.Classes {
			if !near(r.Accuracy, c.Recall[i]) || !near(r.F1, c.F1[i]) {
				t.Errorf("%s: class %d: %+v, want %g and %g", name, i, r, c.Recall[i], c.F1[i])
			}
		}
	}
}

// TestManyClasses: beyond MaxConfusion classes there is no matrix, and all else.
func TestManyClasses(t *testing.T) {
	const k = MaxConfusion + 1
	x := make([]float32, 2*k)
	x[0], x[k+5] = 1, 1
	_, d := detailOf(t, nil, given{x: x, y: []float32{0, 7}, width: k, values: 1, batch: 2})
	if d.Confusion != nil || len(d.Classes) != k || d.Classes[0].Correct != 1 || d.Classes[5].Predicted != 1 || d.Classes[7].N != 1 {
		t.Errorf("%d rows, classes 0, 5 and 7: %+v %+v %+v", len(d.Confusion), d.Classes[0], d.Classes[5], d.Classes[7])
	}
}

// TestOneNumber: a single example has no variance to explain.
func TestOneNumber(t *testing.T) {
	_, d := detailOf(t, layers.MeanSquare{}, given{x: []float32{2}, y: []float32{1}, width: 1, values: 1, batch: 1})
	if d.R2 != nil || d.MAE == nil || *d.MAE != 1 {
		t.Errorf("%+v", d)
	}
}

package datasets

import (
	"math"
	"testing"
)

// softmax is a linear classifier: classes × (size + 1) weights, trained by plain SGD.
type softmax struct {
	classes, size int
	w, p          []float64
}

func (m *softmax) predict(x []float32) (best int) {
	top, sum := math.Inf(-1), 0.0
	for k := range m.classes {
		row := m.w[k*(m.size+1):][:m.size+1]
		z := row[m.size]
		for i, v := range x {
			z += row[i] * float64(v)
		}
		m.p[k] = z
		if z > top {
			best, top = k, z
		}
	}
	for k := range m.p {
		m.p[k] = math.Exp(m.p[k] - top)
		sum += m.p[k]
	}
	for k := range m.p {
		m.p[k] /= sum
	}
	return best
}

func (m *softmax) step(x []float32, class int, rate float64) {
	m.predict(x)
	for k := range m.classes {
		g := m.p[k] * rate
		if k == class {
			g -= rate
		}
		row := m.w[k*(m.size+1):][:m.size+1]
		for i, v := range x {
			row[i] -= g * float64(v)
		}
		row[m.size] -= g
	}
}

// linearAccuracy trains on one split and tests on another.
func linearAccuracy(t *testing.T, set *Set, epochs int) float64 {
	t.Helper()
	set, err := set.Normalized(set.Images().Stats(), Augment{})
	if err != nil {
		t.Fatal(err)
	}
	train, err := NewLoader(set.Train, set.Task, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	test, err := NewLoader(set.Test, set.Task, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := &softmax{classes: set.Task.Classes, size: set.Task.Size()}
	m.w, m.p = make([]float64, m.classes*(m.size+1)), make([]float64, m.classes)
	for e := range epochs {
		rate := 0.002 / float64(1+e)
		for b := range train.Epoch(t.Context(), uint64(e), 0) {
			m.step(b.X, int(b.Y[0]), rate)
		}
	}
	hits := 0
	for b := range test.All(t.Context()) {
		if m.predict(b.X) == int(b.Y[0]) {
			hits++
		}
	}
	return float64(hits) / float64(set.Test.Len())
}

// TestGlyphsNotLinear checks that glyphs ask for more than a linear model, which learns the
// plain digits well.
func TestGlyphsNotLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	set, err := load(t.Context(), "digits", opts{})
	if err != nil {
		t.Fatal(err)
	}
	if a := linearAccuracy(t, set, 10); a < 0.9 {
		t.Errorf("linear model on digits: %.1f %%, want above 90: the model does not learn", 100*a)
	}
	for _, classes := range []string{"all", "digits"} {
		a := linearAccuracy(t, loadGlyphs(t, opts{Seed: 1, Train: 6000, Test: 1000, Classes: classes}), 5)
		t.Logf("linear model on glyphs, %s: %.1f %%", classes, 100*a)
		if a > 0.6 {
			t.Errorf("linear model on glyphs, %s: %.1f %%, want below 60", classes, 100*a)
		}
	}
}

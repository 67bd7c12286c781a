package datasets

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestMixedBatches: the mixture of a batch is the same whatever the batch that the epoch is
// gone on from, and is of the batch of the plain loader and the example before each.
func TestMixedBatches(t *testing.T) {
	plain := testLoader(t, nil, 1)
	task := Task{Input: []int{plain.input, 1, 1}, Classes: 9, Targets: 1}
	for _, alphas := range [][2]float64{{0.4, 0}, {0, 1}, {0.4, 1}} {
		mixed, err := plain.Mixed(task, alphas[0], alphas[1])
		if err != nil {
			t.Fatal(err)
		}
		gather := func(first int) (out []Batch) {
			for b, err := range mixed.Epoch(context.Background(), 2, first) {
				if err != nil {
					t.Fatal(err)
				}
				b.X, b.Y, b.Second = slices.Clone(b.X), slices.Clone(b.Y), slices.Clone(b.Second)
				out = append(out, b)
			}
			return out
		}
		all, rest := gather(0), gather(1)
		changed := false
		for i, b := range collect(plain, 2, 0) {
			m := all[i]
			if i > 0 && (!slices.Equal(m.X, rest[i-1].X) || m.Share != rest[i-1].Share || !slices.Equal(m.Second, rest[i-1].Second)) {
				t.Errorf("%v: batch %d depends on where the epoch began", alphas, i)
			}
			if !slices.Equal(m.Y, b.Y) || m.Share < 0 || m.Share > 1 {
				t.Errorf("%v: targets %v of share %g, want %v", alphas, m.Y, m.Share, b.Y)
			}
			if m.Second[0] != b.Y[b.N-1] || m.Second[1] != b.Y[0] {
				t.Errorf("%v: second targets %v of %v", alphas, m.Second, b.Y)
			}
			changed = changed || !slices.Equal(m.X, b.X)
			size := plain.input
			if alphas[1] == 0 { // mixup
				want := m.Share*b.X[size] + (1-m.Share)*b.X[0]
				if d := want - m.X[size]; d > 1e-5 || d < -1e-5 {
					t.Errorf("the first value of example 1 is %g, want %g", m.X[size], want)
				}
			}
		}
		if !changed && alphas[0] > 0 {
			t.Errorf("%v: no batch changed", alphas)
		}
		for b := range mixed.All(context.Background()) {
			if b.Second != nil {
				t.Error("an evaluation is mixed")
			}
		}
	}
}

func TestMixedRefuses(t *testing.T) {
	l := testLoader(t, nil, 1)
	for want, task := range map[string]Task{
		"inputs are tokens":        {Input: []int{1, 8}, Vocabulary: 4, Classes: 4, Targets: 1},
		"an example has 8 targets": {Input: []int{1, 8}, Targets: 8},
		"cutmix is for images":     {Input: []int{8}, Classes: 2, Targets: 1},
	} {
		if _, err := l.Mixed(task, 0.2, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", task, err, want)
		}
	}
}

// weighted is a part whose example i has the weight i.
type weighted struct{ Part }

func (weighted) Weights(dst []float32, idx []int) error {
	for i, k := range idx {
		dst[i] = float32(k)
	}
	return nil
}

func TestWeightsOfExamples(t *testing.T) {
	l := testLoader(t, nil, 1)
	l.part = weighted{l.part}
	mixed, err := l.Mixed(Task{Input: []int{l.input, 1, 1}, Classes: 9, Targets: 1}, 0.4, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, loader := range []*Loader{l, mixed} {
		for b, err := range loader.Epoch(context.Background(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			var own, before []float32
			for i, k := range b.Examples {
				own = append(own, float32(k))
				if b.Second != nil { // each example has the one before it mixed in
					before = append(before, float32(b.Examples[(i+b.N-1)%b.N]))
				}
			}
			if !slices.Equal(b.Weights, own) || !slices.Equal(b.SecondWeights, before) {
				t.Fatalf("weights %v, mixed %v of the examples %v", b.Weights, b.SecondWeights, b.Examples)
			}
		}
	}
}

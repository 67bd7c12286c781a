package datasets

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"
)

func testLoader(t *testing.T, aug *Augment, seed uint64) *Loader {
	t.Helper()
	s := randomSplit(23, 4, 3, 2, 9)
	l, err := NewLoader(s, 5, s.Stats(), aug, seed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// collect copies the batches of an epoch.
func collect(l *Loader, epoch uint64, first int) (out []Batch) {
	for b := range l.Epoch(context.Background(), epoch, first) {
		b.X, b.Y = slices.Clone(b.X), slices.Clone(b.Y)
		out = append(out, b)
	}
	return out
}

func sameBatches(a, b []Batch) bool {
	return slices.EqualFunc(a, b, func(p, q Batch) bool {
		return p.N == q.N && p.Index == q.Index && slices.Equal(p.X, q.X) && slices.Equal(p.Y, q.Y)
	})
}

func TestLoaderEpoch(t *testing.T) {
	l := testLoader(t, &Augment{Crop: 1, Flip: true}, 1)
	all := collect(l, 3, 0)
	if len(all) != 4 || l.Batches() != 4 {
		t.Fatalf("%d batches, Batches() = %d; want 4", len(all), l.Batches())
	}
	order, size := l.Order(3), l.split.Size()
	if sorted := slices.Sorted(slices.Values(order)); sorted[0] != 0 || len(slices.Compact(sorted)) != 23 {
		t.Errorf("order %v is no permutation", order)
	}
	x, y := make([]float32, 5*size), make([]float32, 5)
	for i, b := range all {
		if b.N != 5 || b.Index != i || len(b.X) != 5*size || len(b.Y) != 5 {
			t.Errorf("batch %d: N %d, index %d, %d and %d values", i, b.N, b.Index, len(b.X), len(b.Y))
		}
		if err := l.split.Batch(x, y, order[i*5:i*5+5], l.split.Stats(), l.aug, 1, 3); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x, b.X) || !slices.Equal(y, b.Y) {
			t.Errorf("batch %d differs from Split.Batch", i)
		}
	}
	if !sameBatches(all, collect(testLoader(t, &Augment{Crop: 1, Flip: true}, 1), 3, 0)) {
		t.Error("the same seed and epoch give other batches")
	}
	if sameBatches(all, collect(l, 4, 0)) || sameBatches(all, collect(testLoader(t, nil, 2), 3, 0)) {
		t.Error("another epoch or seed gives the same batches")
	}
	for first := range 6 {
		if got := collect(l, 3, first); !sameBatches(got, all[min(first, 4):]) {
			t.Errorf("from batch %d: not the rest of the epoch", first)
		}
	}
	if got := collect(l, 3, -2); !sameBatches(got, all) {
		t.Error("from batch -2: not the whole epoch")
	}
}

func TestLoaderAll(t *testing.T) {
	l := testLoader(t, &Augment{Crop: 1}, 1)
	var labels []float32
	sizes := []int{}
	for b := range l.All(t.Context()) {
		labels = append(labels, b.Y...)
		sizes = append(sizes, b.N)
		if len(b.X) != b.N*l.split.Size() {
			t.Errorf("batch %d: %d values", b.Index, len(b.X))
		}
	}
	if !slices.Equal(sizes, []int{5, 5, 5, 5, 3}) {
		t.Errorf("batch sizes %v", sizes)
	}
	for i, v := range labels {
		if v != float32(l.split.Labels[i]) {
			t.Fatalf("example %d is out of order", i)
		}
	}
}

// TestLoaderStops leaves loops in every way, and expects no goroutine to stay.
func TestLoaderStops(t *testing.T) {
	l := testLoader(t, nil, 1)
	before := runtime.NumGoroutine()
	for range 200 {
		for b := range l.Epoch(t.Context(), 0, 0) {
			if b.Index == 1 {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for range l.Epoch(ctx, 0, 0) {
			n++
			cancel()
		}
		if n != 1 || ctx.Err() == nil {
			t.Fatalf("%d batches after a cancel in the first", n)
		}
		for range l.Epoch(ctx, 0, 0) {
			t.Fatal("a batch from a context that has ended")
		}
		func() {
			defer func() { _ = recover() }()
			for range l.Epoch(t.Context(), 0, 0) {
				panic("in the loop")
			}
		}()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestLoaderErrors(t *testing.T) {
	s := randomSplit(4, 2, 2, 1, 1)
	for want, f := range map[string]func() (*Loader, error){
		"no split":   func() (*Loader, error) { return NewLoader(nil, 1, s.Stats(), nil, 0) },
		"batch of 0": func() (*Loader, error) { return NewLoader(s, 0, s.Stats(), nil, 0) },
		"batch of 5": func() (*Loader, error) { return NewLoader(s, 5, s.Stats(), nil, 0) },
		"0 means":    func() (*Loader, error) { return NewLoader(s, 1, Normalization{}, nil, 0) },
		"crop is -1": func() (*Loader, error) { return NewLoader(s, 1, s.Stats(), &Augment{Crop: -1}, 0) },
		"pixel values": func() (*Loader, error) {
			return NewLoader(&Split{N: 2, H: 1, W: 1, C: 1, Classes: 1}, 1, s.Stats(), nil, 0)
		},
	} {
		_, err := f()
		wantError(t, err, want)
	}
}

func BenchmarkLoader(b *testing.B) {
	s := randomSplit(12800, 28, 28, 1, 1)
	l, err := NewLoader(s, 128, s.Stats(), nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for range l.Epoch(b.Context(), 1, 0) {
		}
	}
	b.ReportMetric(float64(s.N*b.N)/b.Elapsed().Seconds(), "images/s")
}

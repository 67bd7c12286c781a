package datasets

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"
)

func testLoader(t *testing.T, aug *Augment, seed uint64) *Loader {
	t.Helper()
	s := randomSplit(23, 4, 3, 2, 9)
	return imageLoader(t, s, 5, aug, seed)
}

func imageLoader(t testing.TB, s *Split, batch int, aug *Augment, seed uint64) *Loader {
	t.Helper()
	if aug == nil {
		aug = &Augment{}
	}
	images, err := NewImages(s, s.Stats(), *aug)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLoader(images, Task{Input: []int{s.C, s.H, s.W}, Classes: s.Classes, Targets: 1}, batch, seed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// collect copies the batches of an epoch.
func collect(l *Loader, epoch uint64, first int) (out []Batch) {
	for b, err := range l.Epoch(context.Background(), epoch, first) {
		if err != nil {
			panic(err)
		}
		b.X, b.Y = slices.Clone(b.X), slices.Clone(b.Y)
		out = append(out, b)
	}
	return out
}

func sameBatches(a, b []Batch) bool {
	return slices.EqualFunc(a, b, func(p, q Batch) bool {
		return p.N == q.N && p.Index == q.Index && slices.Equal(p.X, q.X) && slices.Equal(p.Y, q.Y) &&
			slices.Equal(p.Examples, q.Examples) && p.Continues == q.Continues
	})
}

func TestLoaderEpoch(t *testing.T) {
	l := testLoader(t, &Augment{Crop: 1, Flip: true}, 1)
	all := collect(l, 3, 0)
	if len(all) != 4 || l.Batches() != 4 {
		t.Fatalf("%d batches, Batches() = %d; want 4", len(all), l.Batches())
	}
	var order []int
	for _, b := range all {
		order = append(order, b.Examples...)
	}
	if sorted := slices.Sorted(slices.Values(order)); sorted[0] < 0 || sorted[19] > 22 || len(slices.Compact(sorted)) != 20 {
		t.Errorf("order %v takes an example twice", order)
	}
	// The order and the augmentation of a seed stay as they are: results depend on them.
	if want := []int{4, 19, 3, 9, 22}; !slices.Equal(order[:5], want) {
		t.Errorf("the epoch begins with %v, want %v", order[:5], want)
	}
	split, aug := stored(l.part), &l.part.(*Images).aug.Augment
	size := split.Size()
	x, y := make([]float32, 5*size), make([]float32, 5)
	for i, b := range all {
		if b.N != 5 || b.Index != i || len(b.X) != 5*size || len(b.Y) != 5 {
			t.Errorf("batch %d: N %d, index %d, %d and %d values", i, b.N, b.Index, len(b.X), len(b.Y))
		}
		if err := normalised(split, x, y, order[i*5:i*5+5], split.Stats(), aug, 1, 3); err != nil {
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
		if len(b.X) != b.N*stored(l.part).Size() {
			t.Errorf("batch %d: %d values", b.Index, len(b.X))
		}
	}
	if !slices.Equal(sizes, []int{5, 5, 5, 5, 3}) {
		t.Errorf("batch sizes %v", sizes)
	}
	for i, v := range labels {
		if v != float32(stored(l.part).Labels[i]) {
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
	images, err := NewImages(s, s.Stats(), Augment{})
	if err != nil {
		t.Fatal(err)
	}
	task := Task{Input: []int{1, 2, 2}, Classes: 10, Targets: 1}
	loader := func(p Part, task Task, batch int) func() error {
		return func() error { _, err := NewLoader(p, task, batch, 0); return err }
	}
	part := func(s *Split, norm Normalization, aug Augment) func() error {
		return func() error { _, err := NewImages(s, norm, aug); return err }
	}
	for want, f := range map[string]func() error{
		"no data":      loader(nil, task, 1),
		"batch of 0":   loader(images, task, 0),
		"batch of 5":   loader(images, task, 5),
		"no shape":     loader(images, Task{}, 1),
		"no split":     part(nil, s.Stats(), Augment{}),
		"0 means":      part(s, Normalization{}, Augment{}),
		"crop is -1":   part(s, s.Stats(), Augment{Crop: -1}),
		"pixel values": part(&Split{N: 2, H: 1, W: 1, C: 1, Classes: 1}, s.Stats(), Augment{}),
	} {
		wantError(t, f(), want)
	}
}

// broken is a part that gives its error at example 7, and gives the plan that it holds.
type broken struct {
	Part
	plan []Turn
}

var errBroken = errors.New("disk on fire")

func (b broken) Fill(x, y []float32, idx []int, d Draw) error {
	if slices.Contains(idx, 7) {
		return errBroken
	}
	return b.Part.Fill(x, y, idx, d)
}

func (b broken) Plan(int, int, Draw) []Turn { return b.plan }

// TestLoaderBrokenParts: an error of a part ends the loop, and so does a plan that breaks
// its promises.
func TestLoaderBrokenParts(t *testing.T) {
	good := testLoader(t, nil, 1)
	loop := func(plan []Turn, all bool) (n int, err error) {
		l := *good
		l.part = broken{good.part, plan}
		batches := l.Epoch
		if all {
			batches = func(ctx context.Context, _ uint64, _ int) iter.Seq2[Batch, error] { return l.All(ctx) }
		}
		for _, e := range batches(t.Context(), 0, 0) {
			if n++; e != nil {
				n, err = n-1, e
			}
		}
		return n, err
	}
	full := func(from int) Turn { return Turn{Examples: []int{from, from + 1, from + 2, from + 3, from + 4}} }
	if n, err := loop([]Turn{full(0), full(4), full(10), full(15)}, false); n != 1 || !errors.Is(err, errBroken) {
		t.Errorf("a part that fails: %d batches, %v", n, err)
	}
	for want, plan := range map[string][]Turn{
		"plans 1 batches, expected 4":  {full(0)},
		"plans 1 examples for batch 1": {full(0), {Examples: []int{9}}, full(10), full(15)},
		"batch 0 goes on":              {{Examples: full(0).Examples, Continues: true}, full(10), full(10), full(10)},
	} {
		_, err := loop(plan, false)
		wantError(t, err, want)
	}
	for want, plan := range map[string][]Turn{
		"plans 0 examples for batch 0": {{}},
		"batch 1 goes on":              {{Examples: []int{1}}, {Examples: []int{2, 3}, Continues: true}},
		"index 23 at place 0":          {{Examples: []int{23}}},
	} {
		_, err := loop(plan, true)
		wantError(t, err, want)
	}
}

func TestLoaderFirst(t *testing.T) {
	l := testLoader(t, &Augment{Crop: 1}, 1).First(7)
	var labels []float32
	for b, err := range l.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		labels = append(labels, b.Y...)
	}
	if l.Batches() != 1 || len(labels) != 7 || labels[6] != float32(stored(l.part).Labels[6]) {
		t.Errorf("%d batches in training, labels %v", l.Batches(), labels)
	}
	for _, n := range []int{-1, 0} {
		if got := l.First(n).n; got != 1 {
			t.Errorf("First(%d) has %d examples", n, got)
		}
	}
	if got := l.First(100).n; got != 7 {
		t.Errorf("First(100) of 7 has %d examples", got)
	}
}

func BenchmarkLoader(b *testing.B) {
	s := randomSplit(12800, 28, 28, 1, 1)
	l := imageLoader(b, s, 128, nil, 1)
	for b.Loop() {
		for range l.Epoch(b.Context(), 1, 0) {
		}
	}
	b.ReportMetric(float64(s.N*b.N)/b.Elapsed().Seconds(), "images/s")
}

// faulty is a part that panics.
type faulty struct{ Part }

func (faulty) Fill(x, _ []float32, _ []int, _ Draw) error {
	x[len(x)] = 1
	return nil
}

func TestPanicOfPart(t *testing.T) {
	l := testLoader(t, nil, 1)
	l.part = faulty{l.part}
	for _, err := range l.All(t.Context()) {
		wantError(t, err, "panic in pare/datasets.faulty.Fill (loader_test.go:", "index out of range")
	}
}

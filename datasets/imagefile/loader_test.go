package imagefile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pare/datasets/raster"
)

// drawn is a source of images that are made from their index. Image i needs need(i) bytes
// while it is made, and most is the largest sum of all needs at once.
type drawn struct {
	n         int
	need      func(i int) int64
	fails     map[int]error
	now, most atomic.Int64
}

func (s *drawn) Len() int       { return s.n }
func (s *drawn) Reader() Reader { return s }

func (s *drawn) Read(to *raster.Image, i int, reserve func(int64) error) error {
	if err := s.fails[i]; err != nil {
		return err
	}
	need := s.need(i)
	if err := reserve(need); err != nil {
		return err
	}
	now := s.now.Add(need)
	for old := s.most.Load(); now > old && !s.most.CompareAndSwap(old, now); old = s.most.Load() {
	}
	if i%3 == 0 {
		runtime.Gosched()
	}
	if i%17 == 0 {
		time.Sleep(time.Millisecond)
	}
	to.Reset(1+i%3, 2, 1)
	for k := range to.Pix {
		to.Pix[k] = uint8(i*7 + k)
	}
	s.now.Add(-need)
	return nil
}

func constant(n int64) func(int) int64 { return func(int) int64 { return n } }

func mustLoad(t testing.TB, s Source, o LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestImagesInOrder: the images, changed by prepare, are the same for any number of workers
// and any window.
func TestImagesInOrder(t *testing.T) {
	const n = 200
	idx := rand.New(rand.NewPCG(1, 2)).Perm(n)
	idx = append(idx, idx[:30]...)
	var first []string
	for _, o := range []LoaderOptions{
		{}, {Workers: 1, Ahead: 1}, {Workers: 4, Ahead: 1}, {Workers: 2, Ahead: 100}, {Workers: 8},
		{Workers: 3, Memory: 1}, {Workers: 3, Memory: 20},
	} {
		l := mustLoad(t, &drawn{n: n, need: func(i int) int64 { return int64(6 + i%10) }}, o)
		var got []string
		for im, err := range l.Images(t.Context(), idx, func(k int, im *raster.Image) error {
			im.Pix[0] ^= uint8(k)
			return nil
		}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(*im))
		}
		if first == nil {
			first = got
		}
		if len(got) != len(idx) || !slices.Equal(got, first) {
			t.Errorf("%+v: other images", o)
		}
	}
}

// TestMemoryBound: images in work never need more than Memory, but for one alone.
func TestMemoryBound(t *testing.T) {
	idx := make([]int, 300)
	for i := range idx {
		idx[i] = i
	}
	for _, c := range []struct {
		memory, least, most int64
		need                func(int) int64
	}{
		{100, 11, 100, func(i int) int64 { return int64(6 + i%20) }},
		{100, 700, 700, func(i int) int64 { // a large one has to be alone
			if i%50 == 20 {
				return 700
			}
			return 40
		}},
		{1, 30, 30, constant(30)},
	} {
		s := &drawn{n: len(idx), need: c.need}
		l := mustLoad(t, s, LoaderOptions{Workers: 8, Ahead: 20, Memory: c.memory})
		if err := l.Each(t.Context(), idx, func(int, *raster.Image) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if most := s.most.Load(); most > c.most || most < c.least {
			t.Errorf("memory %d: %d bytes at once, want %d to %d", c.memory, most, c.least, c.most)
		}
	}
}

func TestLoaderErrors(t *testing.T) {
	broken := errors.New("broken")
	idx := make([]int, 100)
	for i := range idx {
		idx[i] = i
	}
	for _, workers := range []int{1, 7} {
		s := &drawn{n: 100, need: constant(5), fails: map[int]error{60: errors.New("later"), 40: broken}}
		l := mustLoad(t, s, LoaderOptions{Workers: workers, Ahead: 50})
		n := 0
		for im, err := range l.Images(t.Context(), idx, nil) {
			if (im == nil) != (err != nil) || err != nil && !errors.Is(err, broken) {
				t.Fatalf("after %d: %v, %v", n, im, err)
			}
			n++
		}
		if n != 41 {
			t.Errorf("%d workers: ended after %d", workers, n)
		}
		if err := l.Each(t.Context(), idx, nil); !errors.Is(err, broken) {
			t.Errorf("%d workers: %v", workers, err)
		}
		err := l.Each(t.Context(), idx[:30], func(k int, _ *raster.Image) error {
			if k >= 20 {
				return fmt.Errorf("use %d", k)
			}
			return nil
		})
		if err == nil || err.Error() != "use 20" {
			t.Errorf("use: %v", err)
		}
		for _, bad := range []int{-1, 100} {
			if err := l.Each(t.Context(), []int{3, bad}, nil); err == nil || !strings.Contains(err.Error(), "at place 1 is not among 100 images") {
				t.Errorf("index %d: %v", bad, err)
			}
		}
		if err := l.Each(t.Context(), nil, nil); err != nil {
			t.Errorf("no images: %v", err)
		}
	}
	if _, err := NewLoader(&drawn{}, LoaderOptions{Workers: -1}); err == nil {
		t.Error("-1 workers")
	}
}

// TestLoopLeftEarly: no goroutine stays behind a loop that is left, cancelled or panics.
func TestLoopLeftEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	idx := make([]int, 100)
	for range 20 {
		l := mustLoad(t, &drawn{n: 1, need: constant(50)}, LoaderOptions{Workers: 4, Memory: 100})
		for range l.Images(t.Context(), idx, nil) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for range l.Images(ctx, idx, nil) {
			if n++; n == 5 {
				cancel()
			}
		}
		if n < 5 || n == 100 {
			t.Errorf("cancelled after 5, ended after %d", n)
		}
		if err := l.Each(ctx, idx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %v", err)
		}
		// Cancelled in the middle, while readers wait for memory.
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		err := l.Each(ctx, idx, func(k int, _ *raster.Image) error {
			if k == 5 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at 5: %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			for range l.Images(t.Context(), idx, nil) {
				panic("in the loop")
			}
		}()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}

func TestWaited(t *testing.T) {
	l := mustLoad(t, &drawn{n: 1, need: constant(1)}, LoaderOptions{Ahead: 4}) // index 0 takes 1 ms
	for _, err := range l.Images(t.Context(), make([]int, 20), nil) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if w := l.Waited(); w < 10*time.Millisecond {
		t.Errorf("waited %v for 20 images of 1 ms", w)
	}
}

// TestSeveralLoops over one loader do not disturb each other.
func TestSeveralLoops(t *testing.T) {
	l := mustLoad(t, Keep(&drawn{n: 40, need: constant(6)}, 1<<20), LoaderOptions{Workers: 2})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for range 5 {
				err := l.Each(t.Context(), []int{g, 5, 39, g}, func(k int, im *raster.Image) error {
					i := []int{g, 5, 39, g}[k]
					if im.Pix[1] != uint8(i*7+1) {
						return fmt.Errorf("image %d is %v", i, im)
					}
					im.Pix[1] = 0 // must not reach the others
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// TestKeep reads each image once where all fit, and the rest again where they do not.
func TestKeep(t *testing.T) {
	idx := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, c := range []struct{ bytes, reads int64 }{{1 << 20, 10}, {5 * (48 + 6), 10 + 2*5}, {0, 30}} {
		s := &counting{drawn: drawn{n: 10, need: constant(6)}}
		l := mustLoad(t, Keep(s, c.bytes), LoaderOptions{Workers: 2})
		for range 3 {
			k := 0
			for im, err := range l.Images(t.Context(), idx, nil) {
				if err != nil || im.Pix[0] != uint8(k*7) {
					t.Fatalf("image %d: %v, %v", k, im, err)
				}
				k++
			}
		}
		if got := s.reads.Load(); got != c.reads {
			t.Errorf("%d bytes: %d reads, want %d", c.bytes, got, c.reads)
		}
	}
}

// counting counts reads. Its images have 6 values.
type counting struct {
	drawn
	reads atomic.Int64
}

func (s *counting) Reader() Reader { return s }

func (s *counting) Read(to *raster.Image, i int, reserve func(int64) error) error {
	s.reads.Add(1)
	err := s.drawn.Read(to, i, reserve)
	to.Reset(3, 2, 1)
	return err
}

func BenchmarkKept(b *testing.B) {
	s := Keep(&drawn{n: 1000, need: constant(6)}, 1<<20)
	l := mustLoad(b, s, LoaderOptions{Workers: 2})
	idx := make([]int, 128)
	for i := range idx {
		idx[i] = i + 1
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Each(b.Context(), idx, nil); err != nil {
			b.Fatal(err)
		}
	}
}

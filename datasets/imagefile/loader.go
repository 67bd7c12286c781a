package imagefile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"pare/datasets/raster"
)

// Loader reads the images of a source in the background. Several loops may run over one
// Loader at once.
type Loader struct {
	source         Source
	workers, ahead int
	memory         int64
	waited         atomic.Int64 // nanoseconds
	readers        sync.Pool    // of Reader
	images         sync.Pool    // of *raster.Image
}

// DefaultMemory is the memory of the images in flight, in bytes, that LoaderOptions with a
// Memory of 0 mean.
const DefaultMemory = 256 << 20

// LoaderOptions bound the work of a Loader.
type LoaderOptions struct {
	// Workers is the number of goroutines that read images; 0 means 1.
	Workers int
	// Ahead is the number of images that are in work or ready before a loop over Images asks
	// for them; 0 means four per worker.
	Ahead int
	// Memory is the number of bytes that the images in flight of one loop take at most:
	// their files, the decoders' pixels, and the images that are ready. An image that
	// needs more by itself is read while there is no other. Memory that the garbage
	// collector has yet to free comes on top, as do up to 16 MiB per worker of buffers
	// that are used again. 0 means DefaultMemory.
	Memory int64
}

// NewLoader makes a loader. It gives an error where an option is below 0.
func NewLoader(source Source, o LoaderOptions) (*Loader, error) {
	if o.Workers < 0 || o.Ahead < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("images: %d workers, %d images ahead, %d bytes of memory; none may be below 0", o.Workers, o.Ahead, o.Memory)
	}
	l := &Loader{source: source, workers: max(o.Workers, 1), ahead: o.Ahead, memory: o.Memory}
	if l.ahead == 0 {
		l.ahead = 4 * l.workers
	}
	if l.memory == 0 {
		l.memory = DefaultMemory
	}
	l.readers.New = func() any { return source.Reader() }
	l.images.New = func() any { return &raster.Image{} }
	return l, nil
}

// Waited is how long the loops over Images have waited for them so far, in all.
func (l *Loader) Waited() time.Duration { return time.Duration(l.waited.Load()) }

// Images gives the images idx of the source, in that order, whatever the number of workers.
// prepare, if not nil, is called for each on the goroutine that read it, with its place in
// idx; it may change the image. An image is valid until the next turn of the loop, and
// belongs to the loop until then.
//
// The first error, in the order of idx, ends the loop: it comes with a nil image. The loop
// also ends, without an error of its own, when ctx does: look at ctx.Err() after it.
func (l *Loader) Images(ctx context.Context, idx []int, prepare func(k int, im *raster.Image) error) iter.Seq2[*raster.Image, error] {
	return func(yield func(*raster.Image, error) bool) {
		if err := l.check(idx); err != nil {
			yield(nil, err)
			return
		}
		w := &window{idx: idx, slots: make([]slot, min(l.ahead, len(idx))), memory: l.memory}
		w.change.L = &w.mutex
		defer context.AfterFunc(ctx, w.stop)()
		var workers sync.WaitGroup
		defer workers.Wait()
		defer w.stop() // the loop ended, was left early, or panicked
		for range min(l.workers, len(idx)) {
			workers.Go(func() { l.work(w, prepare) })
		}
		for k := range idx {
			s, waited := w.await(k)
			l.waited.Add(int64(waited))
			if s == nil {
				return
			}
			if s.err != nil {
				yield(nil, s.err)
				return
			}
			if !yield(s.image, nil) {
				return
			}
			l.images.Put(s.image)
			w.release()
		}
	}
}

func (l *Loader) check(idx []int) error {
	for k, i := range idx {
		if i < 0 || i >= l.source.Len() {
			return fmt.Errorf("images: index %d at place %d is not among %d images", i, k, l.source.Len())
		}
	}
	return nil
}

// window is the images of one loop that are in work or ready: a ring of slots over the
// indices from taken on.
type window struct {
	mutex  sync.Mutex
	change sync.Cond // of anything below
	idx    []int
	slots  []slot
	next   int // the next place to be read
	turn   int // the place whose reader may reserve memory
	taken  int // places that the loop is through with
	memory int64
	used   int64
	ended  bool
}

type slot struct {
	image *raster.Image
	err   error
	held  int64 // bytes
	ready bool
}

var errStopped = errors.New("stopped")

func (w *window) stop() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.ended = true
	w.change.Broadcast()
}

// work reads images until there are no more.
func (l *Loader) work(w *window, prepare func(int, *raster.Image) error) {
	reader := l.readers.Get().(Reader)
	defer l.readers.Put(reader)
	var k int
	var asked bool
	reserve := func(bytes int64) error {
		asked = true
		return w.reserve(k, bytes)
	}
	for {
		var ok bool
		if k, ok = w.claim(); !ok {
			return
		}
		image := l.images.Get().(*raster.Image)
		asked = false
		err := reader.Read(image, w.idx[k], reserve)
		if !asked { // the turn goes on all the same
			w.reserve(k, 0)
		}
		if err == nil && prepare != nil {
			err = prepare(k, image)
		}
		w.finish(k, image, err)
	}
}

// claim is the next place to read, once it is within the window.
func (w *window) claim() (int, bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for !w.ended && w.next < len(w.idx) && w.next >= w.taken+len(w.slots) {
		w.change.Wait()
	}
	if w.ended || w.next == len(w.idx) {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

// reserve takes memory for place k. Places are served in their order, so that the one that
// the loop waits for never waits for memory that later ones hold.
func (w *window) reserve(k int, bytes int64) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for !w.ended && (w.turn != k || w.used > 0 && w.used+bytes > w.memory) {
		w.change.Wait()
	}
	if w.ended {
		return errStopped
	}
	w.turn++
	w.used += bytes
	w.slots[k%len(w.slots)].held = bytes
	w.change.Broadcast()
	return nil
}

// finish hands an image over to the loop and gives the memory of its decoding back.
func (w *window) finish(k int, image *raster.Image, err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := &w.slots[k%len(w.slots)]
	kept := min(s.held, int64(cap(image.Pix)))
	w.used -= s.held - kept
	*s = slot{image, err, kept, true}
	w.change.Broadcast()
}

// await is the slot of place k when it is ready, nil where the loop has to end, and how
// long that took.
func (w *window) await(k int) (*slot, time.Duration) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := &w.slots[k%len(w.slots)]
	if w.ended || s.ready {
		return w.live(s), 0
	}
	start := time.Now()
	for !w.ended && !s.ready {
		w.change.Wait()
	}
	return w.live(s), time.Since(start)
}

func (w *window) live(s *slot) *slot {
	if w.ended {
		return nil
	}
	return s
}

// release frees the slot of the place that the loop is through with.
func (w *window) release() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := &w.slots[w.taken%len(w.slots)]
	w.used -= s.held
	*s = slot{}
	w.taken++
	w.change.Broadcast()
}

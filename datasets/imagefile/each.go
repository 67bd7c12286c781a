package imagefile

import (
	"context"
	"sync"

	"pare/datasets/raster"
)

// Each calls use for each of the images idx, with its place in idx, on several goroutines
// at once and in any order, and returns the first error in the order of idx, or
// ctx's error. The image may be changed, and is valid until use returns.
//
// No image is handed from goroutine to goroutine, so it costs less than a loop over Images.
func (l *Loader) Each(ctx context.Context, idx []int, use func(k int, im *raster.Image) error) error {
	if err := l.check(idx); err != nil {
		return err
	}
	r := &round{idx: idx, memory: l.memory, failed: len(idx)}
	r.freed.L = &r.mutex
	defer context.AfterFunc(ctx, r.stop)()
	var others sync.WaitGroup
	for range min(l.workers, len(idx)) - 1 {
		others.Go(func() { l.take(r, use) })
	}
	l.take(r, use)
	others.Wait()
	if r.err != nil {
		return r.err
	}
	return ctx.Err()
}

// take reads images until there are no more.
func (l *Loader) take(r *round, use func(int, *raster.Image) error) {
	reader, image := l.readers.Get().(Reader), l.images.Get().(*raster.Image)
	defer l.readers.Put(reader)
	defer l.images.Put(image)
	var held int64
	reserve := func(bytes int64) error {
		if err := r.reserve(bytes); err != nil {
			return err
		}
		held = bytes
		return nil
	}
	for k, ok := r.claim(); ok; k, ok = r.claim() {
		held = 0
		err := reader.Read(image, r.idx[k], reserve)
		if err == nil && use != nil {
			err = use(k, image)
		}
		r.finish(k, held, err)
	}
}

// round is the images of one call of Each.
type round struct {
	mutex  sync.Mutex
	freed  sync.Cond // memory, or the round is stopped
	idx    []int
	next   int // the next place to be read
	memory int64
	used   int64
	failed int // the first place that has an error
	err    error
	ended  bool
}

func (r *round) stop() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ended = true
	r.freed.Broadcast()
}

// claim is the next place to read. After an error there is none, but places before it are
// finished, as one of them may have an error too.
func (r *round) claim() (int, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.ended || r.next >= r.failed {
		return 0, false
	}
	r.next++
	return r.next - 1, true
}

func (r *round) reserve(bytes int64) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for !r.ended && r.used > 0 && r.used+bytes > r.memory {
		r.freed.Wait()
	}
	if r.ended {
		return errStopped
	}
	r.used += bytes
	return nil
}

func (r *round) finish(k int, held int64, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.used -= held
	r.freed.Broadcast()
	if err != nil && !r.ended && k < r.failed {
		r.failed, r.err = k, err
	}
}

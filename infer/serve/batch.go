package serve

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"pare/internal/fault"
)

// job is a request in the queue of a model.
type job struct {
	ctx   context.Context
	in    []float32
	out   []float32
	n     int
	since time.Time
	done  chan error // of capacity 1: nobody may listen any more
}

// batcher computes the requests of a model in batches, one batch after the other. A batch holds
// whole requests in the order in which they came. It begins when it is full, when the next request
// does not fit, or when its first request has waited long enough; requests that come while a batch is
// computed have waited that long already.
type batcher struct {
	model *Model
	wait  time.Duration
	most  int64 // examples in the queue

	queue   chan *job // of capacity most
	waiting atomic.Int64
	stop    chan struct{}
	ended   sync.WaitGroup
	metrics *modelMetrics

	in, out []float32
	jobs    []*job
}

func newBatcher(m *Model, wait time.Duration, most int, metrics *modelMetrics) *batcher {
	b := &batcher{model: m, wait: wait, most: int64(most), queue: make(chan *job, most), stop: make(chan struct{}), metrics: metrics,
		in: make([]float32, m.Batch*size(m.Input.Shape)), out: make([]float32, m.Batch*m.Width)}
	b.ended.Go(b.loop)
	return b
}

// close ends the loop after the batch that it computes; requests in the queue fail.
func (b *batcher) close() {
	close(b.stop)
	b.ended.Wait()
}

var (
	errBusy    = &failure{http.StatusServiceUnavailable, "queue", "the queue is full; try again later"}
	errStopped = &failure{http.StatusServiceUnavailable, "stopped", "the server stops"}
	errSlow    = &failure{http.StatusServiceUnavailable, "timeout", "not computed within the time for a request; try again later"}
	errGone    = &failure{499, "cancelled", "the client has gone"} // the status of nginx for it, seen by the log alone
)

// predict waits for the values of n inputs.
func (b *batcher) predict(ctx context.Context, in []float32, n int) ([]float32, error) {
	if b.waiting.Add(int64(n)) > b.most {
		b.waiting.Add(int64(-n))
		return nil, errBusy
	}
	j := &job{ctx: ctx, in: in, out: make([]float32, n*b.model.Width), n: n, since: time.Now(), done: make(chan error, 1)}
	b.queue <- j // never waits: a job has an example or more
	select {
	case err := <-j.done:
		return j.out, err
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			return nil, errSlow
		}
		return nil, errGone
	case <-b.stop:
		return nil, errStopped
	}
}

func (b *batcher) loop() {
	var next *job // that did not fit into the batch before
	for {
		if next == nil {
			select {
			case next = <-b.queue:
			case <-b.stop:
				return
			}
		}
		next = b.collect(next)
		b.run()
		select {
		case <-b.stop:
			return
		default:
		}
	}
}

// collect fills jobs, beginning with first, and returns the job that did not fit.
func (b *batcher) collect(first *job) (next *job) {
	b.jobs = b.jobs[:0]
	n := b.take(first)
	timer := time.NewTimer(max(b.wait-time.Since(first.since), 0))
	defer timer.Stop()
	expired := false
	for n < b.model.Batch {
		var j *job
		if expired {
			select { // requests in the queue come along
			case j = <-b.queue:
			default:
				return nil
			}
		} else {
			select {
			case j = <-b.queue:
			case <-timer.C:
				expired = true
				continue
			case <-b.stop:
				return nil
			}
		}
		if n+j.n > b.model.Batch {
			return j
		}
		n += b.take(j)
	}
	return nil
}

// take adds a job to the batch unless its client has gone, and returns its number of examples.
func (b *batcher) take(j *job) int {
	if j.ctx.Err() != nil {
		b.waiting.Add(int64(-j.n))
		return 0
	}
	b.jobs = append(b.jobs, j)
	return j.n
}

// run computes the batch and hands out its outputs.
func (b *batcher) run() {
	inputs, n := size(b.model.Input.Shape), 0
	now := time.Now()
	jobs := b.jobs[:0]
	for _, j := range b.jobs {
		b.waiting.Add(int64(-j.n))
		if j.ctx.Err() != nil { // its client has gone while the batch waited
			continue
		}
		jobs = append(jobs, j)
		copy(b.in[n*inputs:], j.in)
		n += j.n
		b.metrics.wait.Observe(now.Sub(j.since).Seconds())
	}
	if n == 0 {
		return
	}
	err := compute(b.model.Predictor, b.out[:n*b.model.Width], b.in[:n*inputs], n)
	b.metrics.batch.Observe(float64(n))
	out := b.out
	for _, j := range jobs {
		out = out[copy(j.out, out):]
		j.done <- err
	}
	clear(b.jobs) // keep no memory of requests
}

// compute is Predict with a panic as an error.
func compute(p Predictor, out, in []float32, n int) (err error) {
	defer fault.Recover(&err)
	return p.Predict(out, in, n)
}

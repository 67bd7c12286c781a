package audit

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"pare/internal/kernel/parallel"
)

// intervals are percentiles of all numbers of a layout over samples of the rows: for each stage,
// and for the change from the first to the last. nil without samples.
func (l *layout) intervals(stages []*Outcomes, g *Groups, tallies [][]*tally, o Options) (low, high [][]float64, err error) {
	if o.Resamples == 0 {
		return nil, nil, nil
	}
	all := (len(stages) + 1) * l.size
	low, high = make([][]float64, len(stages)+1), make([][]float64, len(stages)+1)
	for s := range low {
		low[s], high[s] = make([]float64, l.size), make([]float64, l.size)
	}
	tail := (1 - o.Confidence) / 2
	workers := make([]*sampler, parallel.MaxWorkers())
	width := min(all, max(1, sampleMemory/o.Resamples)) // numbers of a pass
	samples := make([]float64, o.Resamples*width)
	count := counter{report: o.Progress, total: o.Resamples * ((all + width - 1) / width)}
	for first := 0; first < all; first += width {
		n := min(width, all-first)
		parallel.Workers(0, o.Resamples, func(worker, task int) {
			if count.stopped.Load() {
				return
			}
			w := workers[worker]
			if w == nil {
				w = newSampler(stages, len(g.Of), tallies, all)
				workers[worker] = w
			}
			w.draw(o.Seed, uint64(task))
			for s, out := range stages {
				l.measure(w.numbers[s*l.size:][:l.size], out, g, w.tallies[s], w.times)
			}
			copy(w.numbers[all-l.size:], change(w.numbers[:l.size], w.numbers[all-2*l.size:][:l.size]))
			copy(samples[task*width:], w.numbers[first:][:n])
			count.add()
		})
		if count.stopped.Load() {
			return nil, nil, count.err
		}
		parallel.Run(n, func(at int) {
			var column []float64
			for r := range o.Resamples {
				if v := samples[r*width+at]; !math.IsNaN(v) && !math.IsInf(v, 0) {
					column = append(column, v)
				}
			}
			slices.Sort(column)
			s, i := (first+at)/l.size, (first+at)%l.size
			low[s][i], high[s][i] = percentile(column, tail), percentile(column, 1-tail)
		})
	}
	return low, high, nil
}

// counter counts samples for Options.Progress.
type counter struct {
	report      func(done, total int) error
	stopped     atomic.Bool // by err
	lock        sync.Mutex
	done, total int
	err         error
}

func (c *counter) add() {
	if c.report == nil {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.err != nil {
		return
	}
	c.done++
	if c.err = c.report(c.done, c.total); c.err != nil {
		c.stopped.Store(true)
	}
}

// sampleMemory is how many numbers of all samples are in memory at once, 512 MB; for more numbers the
// samples are drawn again.
var sampleMemory = 1 << 26

// sampler draws rows on one goroutine.
type sampler struct {
	times   []int32 // how often each row was drawn
	tallies [][]*tally
	numbers []float64 // of all stages and of the change
}

func newSampler(stages []*Outcomes, rows int, like [][]*tally, numbers int) *sampler {
	s := &sampler{times: make([]int32, rows), numbers: make([]float64, numbers)}
	for k, out := range stages {
		var own []*tally
		for _, t := range like[k] {
			c := newTally(out.Task)
			copy(c.number, t.number) // for the shifts
			own = append(own, c)
		}
		s.tallies = append(s.tallies, own)
	}
	return s
}

// draw draws as many rows as there are, with replacement.
func (s *sampler) draw(seed, sample uint64) {
	clear(s.times)
	rng := rand.New(rand.NewPCG(seed, sample))
	for range s.times {
		s.times[rng.IntN(len(s.times))]++
	}
}

// percentile interpolates sorted values linearly (type 7 of Hyndman & Fan 1996); NaN for none.
func percentile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

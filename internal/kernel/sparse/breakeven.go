package sparse

import (
	"math/rand/v2"
	"sync"
	"time"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/vector"
)

// BreakEven is the share of values that are not 0 up to which a layer skips the others: 0 never
// skips, 1 always does.
type BreakEven struct {
	Row  float64 // of a single row, whose products wait for weights; of a single image
	Rows float64 // of several rows, whose products compute; of several images
}

// of returns the break-even of so many rows.
func (b BreakEven) of(rows int) float64 {
	if rows == 1 {
		return b.Row
	}
	return b.Rows
}

// Calibration finds break-evens: it measures both ways through a layer on this machine when the
// first layer of a shape is made, a few milliseconds, and remembers the answer. The last bits
// of results depend on break-evens; a fixed one makes them the same in every process. The zero
// value measures. Several goroutines may use it at once.
type Calibration struct {
	Fixed *BreakEven // in place of all measurements
	// Limit is the time for all measurements, after which layers of further shapes skip nothing; the
	// last measurement may end later. 0: no limit.
	Limit time.Duration

	mu    sync.Mutex
	known map[shapeKey]BreakEven
	spent time.Duration
}

// shapeKey names the shape of a layer.
type shapeKey struct {
	kind            string
	in, hidden, out int
	conv            ConvShape
}

// of returns the break-even of a shape, by measuring it unless it is known.
func (c *Calibration) of(key shapeKey, measure func() BreakEven) BreakEven {
	if c.Fixed != nil {
		return *c.Fixed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if even, ok := c.known[key]; ok {
		return even
	}
	if c.spentAll() {
		return BreakEven{}
	}
	defer c.spend(time.Now())
	even := measure()
	if c.known == nil {
		c.known = map[shapeKey]BreakEven{}
	}
	c.known[key] = even
	return even
}

// spentAll reports whether there is no time for further measurements.
func (c *Calibration) spentAll() bool { return c.Limit > 0 && c.spent >= c.Limit }

// spend counts the time since a measurement began.
func (c *Calibration) spend(since time.Time) { c.spent += time.Since(since) }

// Compresses reports whether compressed weights are faster than the dense product of a layer for
// so many rows: by a measurement in every call, as it depends on the density, or by a density of
// at most the fixed break-even.
func (c *Calibration) Compresses(w *Compressed, dense DenseWay, rows int) bool {
	if c.Fixed != nil {
		return w.Density() <= c.Fixed.of(rows)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spentAll() {
		return false
	}
	defer c.spend(time.Now())
	return w.Faster(dense(rows), rows)
}

// linear measures a linear layer.
func (c *Calibration) linear(l *Linear, dense DenseWay) BreakEven {
	kind := "linear"
	if dense == nil {
		kind = "states"
	}
	return c.of(shapeKey{kind: kind, in: l.in, out: l.out}, func() BreakEven {
		at := func(rows int) float64 {
			y := make([]float32, rows*l.out)
			return breakEven(func(share float64, skip bool) func() {
				run, x := l.forced(skip).Run(), sample(rows*l.in, share)
				if dense != nil && !skip {
					whole := dense(rows)
					return func() { whole(y, x) }
				}
				return func() { run.Forward(y, x, rows, false) }
			})
		}
		return BreakEven{Row: at(1), Rows: at(2 * blockRows)}
	})
}

// forced is the layer that always skips, or never.
func (l *Linear) forced(skip bool) *Linear {
	f := *l
	f.even = forced(skip)
	return &f
}

// mostFFN is the time of the dense products of a feed-forward layer, as a multiple of its layers' one by
// one, up to which it pays: rows with few zeros take it. Narrow layers take more, as every row has
// a price of its own.
const mostFFN = 1.2

// ffn measures a feed-forward layer with these weights.
func (c *Calibration) ffn(f *FFN, w FFNWeights) BreakEven {
	kind := "ffn"
	if f.up != nil {
		kind = "gated ffn"
	}
	return c.of(shapeKey{kind: kind, in: f.in, hidden: f.hidden, out: f.out}, func() BreakEven {
		at := func(rows int) float64 {
			x, y := make([]float32, rows*f.in), make([]float32, rows*f.out)
			way := func(share float64, skip bool) func() {
				g := *f
				g.even = forced(skip)
				g.firstBias = make([]float32, len(f.firstBias)) // of x = 0 the biases decide
				for i, v := range sample(f.hidden, share) {
					if v != 0 {
						g.firstBias[i] = 1 + f.threshold
					}
				}
				run := g.Run()
				return func() { run.Forward(y, x, rows) }
			}
			layers := w.layers(rows)
			times := inTurn(way(highShare, false), way(lowShare, true), way(highShare, true), func() { layers(y, x) })
			if times[0] > mostFFN*times[3] {
				return 0
			}
			return balance(times[0], times[1], times[2])
		}
		return BreakEven{Row: at(1), Rows: at(2 * blockRows)}
	})
}

// layers computes the layers one by one.
func (w FFNWeights) layers(rows int) func(y, x []float32) {
	product := func(in, out int, weights, bias []float32, relu bool) func(y, x []float32) {
		plan := gemm.New(rows, out, in, false, false)
		plan.UseFrozen(plan.Freeze(weights))
		return func(y, x []float32) { plan.Run(y, x, weights, bias, false, relu) }
	}
	h, u := make([]float32, rows*w.Hidden), make([]float32, rows*w.Hidden)
	first, down := product(w.In, w.Hidden, w.First, w.FirstBias, true), product(w.Hidden, w.Out, w.Down, w.DownBias, false)
	if w.Up == nil {
		return func(y, x []float32) { first(h, x); down(y, h) }
	}
	up := product(w.In, w.Hidden, w.Up, w.UpBias, false)
	return func(y, x []float32) {
		first(h, x)
		up(u, x)
		vector.Mul(h, h, u)
		down(y, h)
	}
}

// Images of the measurement for several of them: at most, and so few that they take about so many
// multiply-accumulates.
const (
	mostImages = 16
	imageMACs  = 64 << 20
)

// convolution measures a convolution against a dense one.
func (c *Calibration) convolution(s *Conv, dense DenseWay) BreakEven {
	return c.of(shapeKey{kind: "conv", conv: s.ConvShape}, func() BreakEven {
		at := func(n int) float64 {
			y := make([]float32, n*s.OutH()*s.OutW()*s.O)
			return breakEven(func(share float64, skip bool) func() {
				x := sample(n*s.H*s.W*s.C, share)
				if !skip {
					all := dense(n)
					return func() { all(y, x) }
				}
				f := *s
				f.even = forced(true)
				run := f.Run()
				return func() { run.Forward(y, x, n, ConvEpilogue{}) }
			})
		}
		macs := s.OutH() * s.OutW() * s.KH * s.KW * s.C * s.O
		return BreakEven{Row: at(1), Rows: at(max(2, min(mostImages, imageMACs/macs)))}
	})
}

// Faster reports whether compressed weights are faster than the dense product of so many rows. It
// measures in every call, because that depends on the density.
func (c *Compressed) Faster(dense func(y, x []float32), rows int) bool {
	x, y := sample(rows*c.in, 1), make([]float32, rows*c.out)
	compressed := c.Run()
	times := inTurn(func() { dense(y, x) }, func() { compressed.Forward(y, x, rows, false) })
	return times[1] < times[0]
}

func forced(skip bool) BreakEven {
	if skip {
		return BreakEven{1, 1}
	}
	return BreakEven{}
}

// Shares at which skipping is measured.
const lowShare, highShare = 0.1, 0.6

// breakEven measures the share at which both ways take equally long.
func breakEven(way func(share float64, skip bool) func()) float64 {
	times := inTurn(way(highShare, false), way(lowShare, true), way(highShare, true))
	return balance(times[0], times[1], times[2])
}

// balance is the share at which skipping, with its times at the two shares, takes as long as the
// dense way: it takes a fixed time and a time for each value.
func balance(dense, low, high float64) float64 {
	slope := (high - low) / (highShare - lowShare)
	if slope <= 0 {
		if low < dense {
			return 1
		}
		return 0
	}
	return min(1, max(0, lowShare+(dense-low)/slope))
}

// Rounds of a measurement: at least, then until it took long, and at most, until it took a while.
const (
	leastRounds, rounds, mostRounds = 3, 10, 60
	long, while                     = 100 * time.Millisecond, 4 * time.Millisecond
)

// inTurn runs the functions in turn for a while and returns the least seconds of each: others on
// the machine can only add to it.
func inTurn(f ...func()) []float64 {
	least := make([]float64, len(f))
	begin := time.Now()
	for round := 0; ; round++ {
		took := time.Since(begin)
		if round >= mostRounds || round >= rounds && took > while || round >= leastRounds && took > long {
			return least
		}
		for k := range f {
			f[k]() // brings its operands into the cache
			start := time.Now()
			f[k]()
			if t := time.Since(start).Seconds(); round == 0 || t < least[k] {
				least[k] = t
			}
		}
	}
}

// sample draws n values of which the given share is not 0.
func sample(n int, share float64) []float32 {
	r := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, n)
	for i := range x {
		if r.Float64() < share {
			x[i] = r.Float32() + 0.5
		}
	}
	return x
}

// Package infer serves trained networks: a Predictor computes outputs for inputs, fast and for
// any number of callers at once.
//
// New takes a snapshot of a network, folds batch normalisations, gates and other scales into the
// weights (Fold), and packs the weights once in the forms that kernels read. Programs for
// different batch sizes and callers share these weights; each has buffers of its own, which are
// laid out once, so a prediction allocates nothing.
package infer

import (
	"cmp"
	"fmt"
	"time"

	"pare/internal/fault"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/sparse"
	"pare/layers/activity"
	"pare/nn"
)

// DefaultMaxBatch is the MaxBatch of the zero Options.
const DefaultMaxBatch = 64

// Options choose how a Predictor works. The zero value is usual.
type Options struct {
	// MaxBatch is the number of examples computed at once, at most; predictions of more run one
	// batch after another. 0: DefaultMaxBatch, or less where a network has many outputs.
	MaxBatch int
	// Sessions is the number of calls that compute at the same time, each with buffers of its
	// own; further ones wait. 0: as many as there are threads.
	Sessions int
	// ChannelsLast: examples are in the layout that networks compute in, [H, W, C] and [T, D],
	// and so are outputs. By default they are channels first, [C, H, W] and [D, T], as in files
	// and as Input and Output say. Vectors are the same in both.
	ChannelsLast bool
	// SharesLayers: the predictor reads the layers of the network where it would copy them, so
	// that it takes less memory. The parameters must not change as long as it is used, and
	// nothing else may compile the network meanwhile.
	SharesLayers bool
	// Zeros says where layers skip zeros. By default they do so where that is faster, which New and
	// the first predictions measure: the last bits of outputs may then differ between processes.
	Zeros Zeros
	// Thresholds, by the names of rectifiers, make smaller activations 0, as Approximate chooses them: the
	// predictor computes another function, whose outputs differ. nil: it computes the network's.
	Thresholds map[string]float64
}

// Zeros is a rule for zeros of activations and of weights: Measured, Dense, or the share of values
// that are not 0, above 0 and at most 1, up to which layers skip the others.
type Zeros float64

const (
	// Measured skips zeros where that is faster by measurements on this machine, which take at most
	// a second for a predictor; layers beyond them skip nothing.
	Measured Zeros = 0
	// Dense skips nothing that programs whose parameters may change do not skip: outputs have the
	// same bits in every process.
	Dense Zeros = -1
)

// calibrationTime bounds the measurements of a predictor.
const calibrationTime = time.Second

// calibration makes the measurements of a predictor; nil: Dense.
func (z Zeros) calibration() *sparse.Calibration {
	switch z {
	case Dense:
		return nil
	case Measured:
		return &sparse.Calibration{Limit: calibrationTime}
	}
	return &sparse.Calibration{Fixed: &sparse.BreakEven{Row: float64(z), Rows: float64(z)}}
}

// Predictor computes the outputs of a network with the parameters that it had when New was
// called. Any number of goroutines may use it.
type Predictor struct {
	net      *nn.Network // folded
	frozen   nn.Frozen
	o        Options
	piece    int // examples of a run of a program, at most
	sessions *sessions
}

// New makes a predictor of a network, which it does not keep unless o says so: later changes of
// its parameters have no effect.
func New(net *nn.Network, o Options) (*Predictor, error) {
	switch {
	case o.MaxBatch < 0:
		return nil, fmt.Errorf("predictor: at most %d examples at once; MaxBatch must not be negative", o.MaxBatch)
	case o.Sessions < 0:
		return nil, fmt.Errorf("predictor: %d sessions; Sessions must not be negative", o.Sessions)
	case o.Zeros != Dense && !(o.Zeros >= 0 && o.Zeros <= 1):
		return nil, fmt.Errorf("predictor: Zeros is %g; it must be Measured, Dense, or a share above 0 and at most 1", o.Zeros)
	case len(net.Nodes) == 0:
		return nil, fmt.Errorf("predictor: network %s has no layers", net.Name)
	}
	if len(o.Thresholds) > 0 {
		var err error
		if net, err = activity.WithThresholds(net, o.Thresholds); err != nil {
			return nil, fmt.Errorf("predictor: %w", err)
		}
	}
	folding := Fold
	if o.SharesLayers {
		folding = fold
	}
	folded, err := folding(net)
	if err != nil {
		return nil, err
	}
	o.MaxBatch = cmp.Or(o.MaxBatch, net.BatchUpTo(DefaultMaxBatch))
	o.Sessions = cmp.Or(o.Sessions, parallel.Threads())
	p := &Predictor{net: folded, frozen: nn.Frozen{Zeros: o.Zeros.calibration()}, o: o, piece: min(o.MaxBatch, cacheBatch(folded))}
	p.sessions = newSessions(o.Sessions, func(batch int) (*nn.Program, error) { return p.Compile(batch) })
	if o.Zeros == Measured { // the first prediction does not wait for measurements
		s, err := p.sessions.take(1)
		if err != nil {
			return nil, err
		}
		p.sessions.put(s)
	}
	return p, nil
}

// Network is the network that the predictor computes, folded. Its parameters must not be changed.
func (p *Predictor) Network() *nn.Network { return p.net }

// Input is the shape of an example, channels first.
func (p *Predictor) Input() nn.Shape { return p.net.Input }

// Output is the shape of the output for an example, channels first.
func (p *Predictor) Output() nn.Shape { return p.net.Output().Shape }

// MaxBatch is the number of examples that are computed at once, at most.
func (p *Predictor) MaxBatch() int { return p.o.MaxBatch }

// Compile returns a program of its own for the caller, which shares the weights: for layers that
// carry state from one batch to the next, and for readers of single layers (nn.Probe). It is not
// safe for concurrent use and takes no part in the limit of Sessions.
func (p *Predictor) Compile(batch int, probes ...nn.Probe) (*nn.Program, error) {
	return nn.Compile(p.net, nn.CompileOptions{Mode: nn.Infer, Batch: batch, Frozen: &p.frozen, Probes: probes})
}

// CompileCounting is Compile with a program that counts, in work, the multiply-accumulates that its
// layers execute where they skip zeros.
func (p *Predictor) CompileCounting(batch int, work *nn.Work) (*nn.Program, error) {
	return nn.Compile(p.net, nn.CompileOptions{Mode: nn.Infer, Batch: batch, Frozen: &p.frozen, Work: work})
}

// Predict computes the outputs for n examples: in has n·Input().Size() values, one example after
// another, and out, which receives the outputs in the same order, n·Output().Size(). Layers with
// a state start from zero for each example. The outputs are the last layer's, such as logits.
// An input that is NaN, or a token outside of the vocabulary, makes at least the outputs
// of its example NaN. The results of an example may differ in their last bits with n.
func (p *Predictor) Predict(out, in []float32, n int) (err error) {
	defer fault.Recover(&err)
	size, width := p.Input().Size(), p.Output().Size()
	if n < 0 || len(in) != n*size || len(out) != n*width {
		return fmt.Errorf("predict: %d inputs and %d outputs for %d examples of %d inputs and %d outputs each", len(in), len(out), n, size, width)
	}
	for n > 0 {
		now := min(n, p.piece)
		if err := p.predict(out[:now*width], in[:now*size], now); err != nil {
			return err
		}
		out, in, n = out[now*width:], in[now*size:], n-now
	}
	return nil
}

// predict computes one batch, of at most a piece.
func (p *Predictor) predict(out, in []float32, n int) error {
	s, err := p.sessions.take(min(batchFor(n), p.piece))
	if err != nil {
		return err
	}
	defer p.sessions.put(s)
	x := s.program.X[:len(in)]
	if p.o.ChannelsLast {
		copy(x, in)
	} else {
		channelsLast(x, in, p.Input())
	}
	clear(s.program.X[len(in):])
	s.program.ResetState()
	s.program.Run()
	y := s.program.Output()[:len(out)]
	if p.o.ChannelsLast {
		copy(out, y)
	} else {
		channelsFirst(out, y, p.Output())
	}
	return nil
}

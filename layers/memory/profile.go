package memory

import (
	"errors"
	"fmt"
	"math"

	"pare/layers"
	"pare/nn"
)

// Profile describes how far back the gradient of a loss reaches.
type Profile struct {
	// Norms holds the mean over the examples of ‖∂L/∂h‖₂ by lag: for the state h at
	// the last position, at the one before and so on to the first. L is the loss of
	// one example at the last position.
	Norms []float64
	// Horizon is the lag at which the norm falls to 1/e, by a straight line through
	// the logarithms: +Inf where it does not fall, 0 where at most one lag has a norm.
	Horizon float64
}

// ErrNotFinite is wrapped by the error of a network whose gradients overflow.
var ErrNotFinite = errors.New("the gradient is not a finite number")

// Measure runs the network forward and back on examples from the start state.
// layer names a recurrent layer; inputs are whole examples in the batched layout
// and targets the targets of the loss, at the last position only where the network has
// an output for each. A nil loss is the cross-entropy. The network is not changed;
// it runs as in training but without dropout. Gradients that overflow are
// ErrNotFinite.
func Measure(net *nn.Network, layer string, inputs, targets []float32, loss nn.Loss) (*Profile, error) {
	size := net.Input.Size()
	n := len(inputs) / size
	if n == 0 || n*size != len(inputs) {
		return nil, fmt.Errorf("memory of %s: %d input values are not a whole number of examples of %s", layer, len(inputs), net.Input)
	}
	if len(targets) != n {
		return nil, fmt.Errorf("memory of %s: %d targets for %d examples, expected %d", layer, len(targets), n, n)
	}
	copied, err := net.Clone()
	if err != nil {
		return nil, fmt.Errorf("memory of %s: %w", layer, err)
	}
	node, ok := copied.Lookup(layer)
	if !ok {
		return nil, fmt.Errorf("memory of %s: the network has no such layer", layer)
	}
	tracer, ok := node.Layer.(nn.StateTracer)
	if !ok {
		return nil, fmt.Errorf("memory of %s: a layer of kind %s has no states; it must be rnn, lstm or gru", layer, node.Layer.Kind())
	}
	if loss == nil {
		loss = layers.CrossEntropy{}
	}
	profile := &Profile{Norms: make([]float64, node.Shape.Positions())}
	batch := copied.BatchUpTo(min(n, mostAtOnce))
	for at := 0; at < n; at += batch {
		m := min(batch, n-at)
		var gradients []float32
		tracer.KeepStateGradients(&gradients)
		p, err := nn.Compile(copied, nn.CompileOptions{Mode: nn.Train, Batch: m, Loss: lastPosition{loss}, NoNoise: true})
		if err != nil {
			return nil, fmt.Errorf("memory of %s: %w", layer, err)
		}
		copy(p.X, inputs[at*size:])
		copy(p.Target, targets[at:])
		p.Run()
		addNorms(profile.Norms, gradients, m, node.Shape)
	}
	for lag := range profile.Norms {
		profile.Norms[lag] /= float64(n)
	}
	for lag, v := range profile.Norms {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("memory of %s: %w: at lag %d it is %g; the weights are too large", layer, ErrNotFinite, lag, v)
		}
	}
	profile.Horizon = horizon(profile.Norms)
	return profile, nil
}

// mostAtOnce bounds the examples that run forward and back together.
const mostAtOnce = 64

// addNorms adds the norms of (batch, T, H) by lag. The loss is a mean over the
// batch, so the gradients of single examples are larger by the size of the batch.
func addNorms(to []float64, gradients []float32, batch int, s nn.Shape) {
	h, t := s.Units(), s.Positions()
	for i := range batch * t {
		sum := 0.0
		for _, v := range gradients[i*h : (i+1)*h] {
			sum += float64(v) * float64(v)
		}
		to[t-1-i%t] += float64(batch) * math.Sqrt(sum)
	}
}

// horizon fits log norm = a − lag/horizon by least squares.
func horizon(norms []float64) float64 {
	var n, x, y, xx, xy float64
	for lag, v := range norms {
		if v > 0 {
			k, l := float64(lag), math.Log(v)
			n, x, y, xx, xy = n+1, x+k, y+l, xx+k*k, xy+k*l
		}
	}
	if n < 2 {
		return 0
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	if slope >= 0 {
		return math.Inf(1)
	}
	return -1 / slope
}

package attack

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/kernel/parallel"
	"pare/nn"
)

// Search is the state of an attack on a chunk of examples, for implementations of Attack. Examples
// go by their numbers in the chunk, points are rows of values in units of the data.
type Search struct {
	N, D, K int // examples, values of an example, outputs
	Shape   nn.Shape
	Threat  Threat

	ctx    context.Context
	a      *Attacker
	r      *Result
	first  int // row of the first example in the result
	global int // its number among all examples
	labels []int
	values []float64
	input  []float64 // inputs of the model
	clean  []float64 // their values
	low    []float64 // least values of points
	high   []float64 // largest values of points
	ball   *Ball[float64]
	z      []float64 // outputs of clean
	known  bool      // z is computed
	open   []bool
	best   []float64 // loss of the result's point
	name   string    // of the attack at work
	stream uint64    // of random numbers

	x   []float64 // the points evaluated last, as inputs
	out []float64 // their outputs
}

// ExampleError is a fault of one example.
type ExampleError struct {
	Example int // its number among all examples
	Err     error
}

func (e *ExampleError) Error() string { return fmt.Sprintf("example %d: %v", e.Example, e.Err) }

// Unwrap returns the fault.
func (e *ExampleError) Unwrap() error { return e.Err }

// start sets the state to the examples from first up to last of e.
func (s *Search) start(ctx context.Context, a *Attacker, e Examples, r *Result, first, last int) error {
	shape := a.model.Shape()
	n, d := last-first, shape.Size()
	*s = Search{N: n, D: d, K: a.model.Outputs(), Shape: shape, Threat: a.threat,
		ctx: ctx, a: a, r: r, first: first, global: e.First + first,
		input: e.X[first*d : last*d], ball: a.ball, z: s.z,
		clean: parallel.Grow(s.clean, n*d), low: parallel.Grow(s.low, n*d), high: parallel.Grow(s.high, n*d),
		open: parallel.Grow(s.open, n), best: parallel.Grow(s.best, n), x: s.x, out: s.out}
	if e.Labels != nil {
		s.labels = e.Labels[first:last]
	} else {
		s.values = e.Values[first:last]
	}
	for i := range n {
		s.open[i], s.best[i] = true, math.Inf(-1)
		if err := a.threat.values(s.Clean(i), s.input[i*d:][:d]); err != nil {
			return &ExampleError{Example: s.global + i, Err: err}
		}
		s.ball.Limit(s.limits(i))
	}
	return nil
}

// Begin announces an attack, or another restart of one: Rand gives new numbers, and where names
// differ Offer forgets the losses so far.
func (s *Search) Begin(attack string) {
	if attack != s.name {
		for i := range s.best {
			s.best[i] = math.Inf(-1)
		}
	}
	s.name = attack
	s.stream++
	s.report(attack, s.first+s.N-len(s.Open()))
}

// report tells Options.Progress.
func (s *Search) report(attack string, done int) {
	if f := s.a.o.Progress; f != nil {
		f(attack, done, len(s.r.By))
	}
}

// Open lists the examples to attack: with Options.Maximise all, otherwise those about which the
// model is right so far.
func (s *Search) Open() []int {
	var rows []int
	for i, open := range s.open {
		if open {
			rows = append(rows, i)
		}
	}
	return rows
}

// Clean is the point of an example as it is; it must not be changed.
func (s *Search) Clean(row int) []float64 { return s.clean[row*s.D:][:s.D] }

// limits are the limits of points around an example.
func (s *Search) limits(row int) Limits[float64] {
	return Limits[float64]{Clean: s.Clean(row), Low: s.low[row*s.D:][:s.D], High: s.high[row*s.D:][:s.D]}
}

// Rand is a new source of random numbers for an example in the present restart. It depends on the
// example's number and on nothing else about the other examples.
func (s *Search) Rand(row int) *rand.Rand {
	return rand.New(rand.NewPCG(s.a.key[0]^mix(s.stream), s.a.key[1]^mix(uint64(s.global+row))))
}

// mix is the finaliser of SplitMix64: numbers next to each other become seeds far apart.
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// Target is the truth about an example. needClean fills Target.Clean.
func (s *Search) Target(row int, needClean bool) (Target, error) {
	t := Target{}
	if s.labels != nil {
		t.Label = s.labels[row]
	} else {
		t.Value = s.values[row]
	}
	if needClean {
		z, err := s.CleanOutputs()
		if err != nil {
			return t, err
		}
		t.Clean = z[row*s.K:][:s.K]
	}
	return t, nil
}

// CleanOutputs are the model's outputs for all examples as they are.
func (s *Search) CleanOutputs() ([]float64, error) {
	if s.known {
		return s.z, nil
	}
	s.z = parallel.Grow(s.z, s.N*s.K)
	s.r.Forward += int64(s.N)
	s.known = true
	return s.z, s.a.model.Forward(s.input, s.z)
}

// Points returns a buffer for a point of each of the rows.
func (s *Search) Points(rows []int) []float64 { return make([]float64, len(rows)*s.D) }

// Each calls f for every place in rows, on all cores.
func (s *Search) Each(rows []int, f func(place, row int)) {
	const small = 1 << 14 // values that one core is faster with
	if len(rows)*s.D < small {
		for i, row := range rows {
			f(i, row)
		}
		return
	}
	parallel.Run(len(rows), func(i int) { f(i, rows[i]) })
}

// Project moves points into the threat around the rows.
func (s *Search) Project(rows []int, p []float64) {
	s.Each(rows, func(i, row int) { s.ball.Project(s.at(p, i), s.limits(row)) })
}

// inputs converts points in a threat to inputs of the model.
func (s *Search) inputs(t Threat, rows []int, p []float64) {
	s.x = parallel.Grow(s.x, len(rows)*s.D)
	single := s.a.model.Single()
	s.Each(rows, func(i, row int) {
		at := i * s.D
		t.inputs(s.x[at:][:s.D], p[at:][:s.D], s.input[row*s.D:][:s.D], single)
	})
}

// Outputs computes the outputs of points in the threat. They are valid until the next evaluation.
func (s *Search) Outputs(rows []int, p []float64) ([]float64, error) {
	return s.evaluate(s.Threat, rows, p)
}

// evaluate is Outputs for another threat, such as one without a ball.
func (s *Search) evaluate(t Threat, rows []int, p []float64) ([]float64, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	s.inputs(t, rows, p)
	s.out = parallel.Grow(s.out, len(rows)*s.K)
	s.r.Forward += int64(len(rows))
	return s.out, s.a.model.Forward(s.x, s.out)
}

// Gradient computes the outputs of points in the threat, asks upstream for a gradient by the
// outputs of each, and writes the gradient by the points to grad. The outputs are valid until the
// next evaluation.
func (s *Search) Gradient(rows []int, p, grad []float64, upstream func(place int, z, gz []float64)) ([]float64, error) {
	return s.gradient(s.Threat, rows, p, grad, upstream)
}

// gradient is Gradient for another threat.
func (s *Search) gradient(t Threat, rows []int, p, grad []float64, upstream func(place int, z, gz []float64)) ([]float64, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	s.inputs(t, rows, p)
	s.out = parallel.Grow(s.out, len(rows)*s.K)
	s.r.Forward += int64(len(rows))
	s.r.Backward += int64(len(rows))
	err := s.a.model.Backward(s.x, grad, func(i int, z, gz []float64) {
		copy(s.out[i*s.K:], z)
		upstream(i, z, gz)
	})
	std := s.Threat.Range.Std
	s.Each(rows, func(i, _ int) {
		g, c := s.at(grad, i), 0
		for j := range g {
			g[j] /= std[c]
			if c++; c == len(std) {
				c = 0
			}
		}
	})
	return s.out, err
}

// distance is the distance of the point at a place of the last evaluation from its example.
func (s *Search) distance(row, place int) float64 {
	std, c, largest, sum := s.Threat.Range.Std, 0, 0.0, 0.0
	x0 := s.input[row*s.D:][:s.D]
	for j, x := range s.at(s.x, place) {
		d := math.Abs(x-x0[j]) * std[c]
		largest, sum = max(largest, d), sum+d*d
		if c++; c == len(std) {
			c = 0
		}
	}
	if s.Threat.Norm == L2 {
		return math.Sqrt(sum)
	}
	return largest
}

// Wrong reports whether outputs name another class than the label; false in regression.
func (s *Search) Wrong(row int, z []float64) bool {
	return s.labels != nil && Predicted(z) != s.labels[row]
}

// Offer gives the point at a place of the last evaluation to the result if the model is wrong
// there, which closes the example, or if its loss is the highest offered since Begin named this
// attack. Options.Maximise goes by the loss alone.
func (s *Search) Offer(row, place int, z []float64, loss float64) {
	breaks := s.r.Broken != nil && s.Wrong(row, z)
	if !s.open[row] || !breaks && !(loss > s.best[row]) {
		return
	}
	s.best[row] = loss
	s.place(row, place)
	if breaks {
		s.open[row], s.r.Broken[s.first+row], s.r.By[s.first+row] = false, true, s.name
	}
}

func (s *Search) place(row, place int) {
	copy(s.r.X[(s.first+row)*s.D:][:s.D], s.x[place*s.D:][:s.D])
}

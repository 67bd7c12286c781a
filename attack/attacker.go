package attack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/limit"
	"pare/internal/option"
)

// Attack is a way to look for perturbations. A kind of another module is registered in Kinds.
type Attack interface {
	// Search looks for points at which the model is wrong about the open examples of s, and
	// gives those that it finds, or the best ones, to s.Offer.
	Search(s *Search) error
}

// Kinds are the kinds of attacks by name.
var Kinds = option.NewKinds[Attack]("attack")

// Examples are rows of inputs with their classes, or numbers.
type Examples struct {
	X      []float64 // in the scale of the model, row after row, channels last
	Labels []int     // the class of each row
	Values []float64 // the number of each row, in regression, in place of Labels
	First  int       // number of the first row among all examples; fixes the random numbers of a row
}

// Options of an Attacker.
type Options struct {
	// Random is the source of the seeds of all random numbers; nil: a fixed one. An Attacker
	// takes two numbers of it when it is made.
	Random *rand.Rand
	// Maximise attacks every example, also one that the model gets wrong as it is, and looks for
	// the point of the highest loss, as adversarial training needs. Otherwise an attack is over
	// for an example when the model is wrong.
	Maximise bool
	// Loss is the loss that attacks raise which name none; nil: CrossEntropy for classes, Square for
	// numbers.
	Loss Loss
	// Chunk is the number of examples that are attacked at once, which bounds the memory; 0: up to
	// 256, as their points fit into 1 GiB.
	Chunk int
	// Progress, unless nil, is called when an attack, or a restart of it, begins on a chunk, and
	// at the end of a chunk with the name "". done is the number of examples that need no more
	// work.
	Progress func(attack string, done, total int)
}

// Attacker runs one attack on batches of examples. It is not safe for concurrent use.
type Attacker struct {
	model  Model
	threat Threat
	ball   *Ball[float64] // of values
	attack Attack
	o      Options
	key    [2]uint64
	state  Search // its buffers serve the next chunk
}

// New makes an Attacker, or refuses options that make no sense.
func New(m Model, t Threat, a Attack, o Options) (*Attacker, error) {
	shape := m.Shape()
	if err := t.check(shape.Units()); err != nil {
		return nil, err
	}
	ball, err := NewBall[float64](Threat{Norm: t.Norm, Eps: t.Eps, Range: Range{Lower: t.Range.Lower, Upper: t.Range.Upper}}, 1)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, errors.New("no attack is named")
	}
	if err := option.Check(a); err != nil {
		return nil, err
	}
	if o.Chunk < 0 {
		return nil, fmt.Errorf("chunks of %d examples", o.Chunk)
	}
	// Attacks keep up to so many points of an example.
	const buffers = 14
	if o.Chunk == 0 {
		o.Chunk = min(256, max(1, 1<<30/(8*buffers*shape.Size())))
	}
	if err := limit.Check(fmt.Sprintf("an attack on %d examples of %s at once", o.Chunk, shape), int64(o.Chunk),
		8*buffers*int64(shape.Size())); err != nil {
		return nil, err
	}
	if o.Random == nil {
		o.Random = rand.New(rand.NewPCG(1, 2))
	}
	return &Attacker{model: m, threat: t, ball: ball, attack: a, o: o, key: [2]uint64{o.Random.Uint64(), o.Random.Uint64()}}, nil
}

// Result is the outcome for every example.
type Result struct {
	// X has a point of the threat for each example: one at which the model is wrong where Broken,
	// otherwise the one of the highest loss that the attack returned, or the example itself.
	X []float64
	// Broken says that the model is wrong at X, Clean that it is right about the example as it is;
	// nil in regression and with Maximise.
	Broken, Clean []bool
	// By names the attack that broke the example; "": none had to, or none did.
	By []string
	// Forward and Backward are the numbers of rows of inputs that the model computed.
	Forward, Backward int64
}

// Accuracy is the share of examples that are not broken; 0 without Broken.
func (r *Result) Accuracy() float64 {
	right := 0
	for _, b := range r.Broken {
		if !b {
			right++
		}
	}
	return float64(right) / float64(max(1, len(r.Broken)))
}

// Run attacks the examples.
func (a *Attacker) Run(ctx context.Context, e Examples) (*Result, error) {
	d := a.model.Shape().Size()
	n := len(e.X) / d
	if err := a.check(e, n); err != nil {
		return nil, err
	}
	r := &Result{X: make([]float64, len(e.X)), By: make([]string, n)}
	if e.Labels != nil && !a.o.Maximise {
		r.Broken, r.Clean = make([]bool, n), make([]bool, n)
	}
	for first := 0; first < n; first += a.o.Chunk {
		if err := a.chunk(ctx, e, r, first, min(n, first+a.o.Chunk)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (a *Attacker) check(e Examples, n int) error {
	k := a.model.Outputs()
	switch {
	case n*a.model.Shape().Size() != len(e.X):
		return fmt.Errorf("%d inputs are no whole number of rows of %d", len(e.X), a.model.Shape().Size())
	case (e.Labels == nil) == (e.Values == nil) && n > 0:
		return errors.New("examples need either labels or values")
	case e.Labels != nil && k < 2:
		return errors.New("examples have classes, but the model has one output")
	case e.Values != nil && k != 1:
		return fmt.Errorf("examples have numbers to predict, but the model has %d outputs", k)
	case e.Labels != nil && len(e.Labels) != n:
		return fmt.Errorf("%d labels for %d examples", len(e.Labels), n)
	case e.Values != nil && len(e.Values) != n:
		return fmt.Errorf("%d values for %d examples", len(e.Values), n)
	}
	for i, l := range e.Labels {
		if l < 0 || l >= k {
			return fmt.Errorf("example %d has class %d, the model has %d classes", e.First+i, l, k)
		}
	}
	for i, v := range e.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("example %d has the value %v", e.First+i, v)
		}
	}
	return nil
}

// chunk attacks the examples from first up to last.
func (a *Attacker) chunk(ctx context.Context, e Examples, r *Result, first, last int) error {
	s, d := &a.state, a.model.Shape().Size()
	if err := s.start(ctx, a, e, r, first, last); err != nil {
		return err
	}
	copy(r.X[first*d:last*d], e.X[first*d:last*d])
	if r.Clean != nil {
		z, err := s.CleanOutputs()
		if err != nil {
			return err
		}
		for i := range s.open {
			right := Predicted(z[i*s.K:][:s.K]) == s.labels[i]
			r.Clean[first+i], r.Broken[first+i], s.open[i] = right, !right, right
		}
	}
	if err := a.attack.Search(s); err != nil {
		return err
	}
	s.report("", last)
	return nil
}

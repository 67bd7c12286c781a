package attack

import (
	"math"

	"pare/internal/option"
)

func init() {
	Kinds.Register("fgsm", "one step of the sign of the gradient", func() Attack { return &FGSM{Start: "clean", Step: 1} })
	Kinds.Register("pgd", "projected gradient steps of a fixed length", func() Attack { return NewPGD() })
}

// FGSM is the fast gradient sign method, one step by the sign of the gradient for Linf (Goodfellow
// et al. 2015), along the gradient for L2. With a random start and a step of 1.25 it is the attack of
// fast adversarial training (Wong et al. 2020).
type FGSM struct {
	Start string  `yaml:"start" enum:"clean,random" doc:"where the step begins: at the example, or at a random point of the ball"`
	Step  float64 `yaml:"step" range:"(0,)" doc:"length of the step in units of eps"`
	Loss  string  `yaml:"loss,omitempty" enum:"cross_entropy,dlr,margin,kl,square" doc:"the loss to raise; left out: cross_entropy for classes, square for numbers"`
}

// Search implements Attack.
func (f *FGSM) Search(s *Search) error {
	return (&PGD{Steps: 1, Step: f.Step, Restarts: 1, Start: f.Start, Loss: f.Loss, name: "fgsm"}).Search(s)
}

// PGD is projected gradient ascent (Madry et al. 2018): steps of a fixed length, by the sign of
// the gradient for Linf, along the gradient for L2, each followed by a projection into the threat.
// The last point of each restart counts.
type PGD struct {
	Steps    int     `yaml:"steps" range:"[1,)" doc:"number of steps"`
	Step     float64 `yaml:"step" range:"[0,)" doc:"length of a step in units of eps; 0: 2.5 / steps"`
	Restarts int     `yaml:"restarts" range:"[1,)" doc:"number of starts; examples that are broken are left out of the next"`
	Start    string  `yaml:"start" enum:"random,clean,near" doc:"where steps begin: at a random point of the ball, at the example, or near it, as TRADES does"`
	Momentum float64 `yaml:"momentum" range:"[0,1]" doc:"share of the sum of the gradients before, each divided by its l1 norm (MI-FGSM); 0: none"`
	Loss     string  `yaml:"loss,omitempty" enum:"cross_entropy,dlr,margin,kl,square" doc:"the loss to raise; left out: cross_entropy for classes, square for numbers"`

	name string // "": pgd
}

// NewPGD has the settings that are usual in evaluations: 40 steps from a random start.
func NewPGD() *PGD { return &PGD{Steps: 40, Restarts: 1, Start: "random"} }

// lossOf is the loss of a name.
func (s *Search) lossOf(name string) (Loss, error) {
	regression := s.labels == nil
	switch {
	case name == "" && s.a.o.Loss != nil:
		return s.a.o.Loss, nil
	case regression && (name == "" || name == "square"):
		return Square{}, nil
	case regression:
		return nil, option.Errorf("loss", "%s is for classes, but the examples have numbers: use square", name)
	case name == "square":
		return nil, option.Errorf("loss", "square is for numbers, but the examples have classes: use cross_entropy, dlr, margin or kl")
	}
	return map[string]Loss{"": CrossEntropy{}, "cross_entropy": CrossEntropy{}, "dlr": DLR{}, "margin": Margin{}, "kl": KL{}}[name], nil
}

// near is the standard deviation of the start of TRADES.
const near = 1e-3

// startPoints writes random points of the threat, or the examples, to p.
func (s *Search) startPoints(rows []int, p []float64, start string) {
	s.Each(rows, func(i, row int) {
		at := s.at(p, i)
		copy(at, s.Clean(row))
		switch start {
		case "random":
			s.ball.Random(at, s.limits(row), s.Rand(row))
		case "near":
			rng := s.Rand(row)
			for j := range at {
				at[j] += near * rng.NormFloat64()
			}
			s.ball.Project(at, s.limits(row))
		}
	})
}

// unscaled are the deviations of values that are in units of the data.
var unscaled = []float64{1}

// norm2 is the Euclidean length, also where squares would vanish or overflow.
func norm2(v []float64) float64 {
	norm, scale := euclidean(v, unscaled)
	return norm / scale
}

// Search implements Attack.
func (a *PGD) Search(s *Search) error {
	loss, err := s.lossOf(a.Loss)
	if err != nil {
		return err
	}
	name, length := a.name, a.Step*s.Threat.Eps
	if name == "" {
		name = "pgd"
	}
	if a.Step == 0 {
		length = 2.5 * s.Threat.Eps / float64(a.Steps)
	}
	_, needClean := loss.(KL)
	for range a.Restarts {
		s.Begin(name)
		rows := s.Open()
		if len(rows) == 0 {
			break
		}
		targets, err := s.targets(rows, needClean)
		if err != nil {
			return err
		}
		p, grad := s.Points(rows), s.Points(rows)
		var sum []float64
		if a.Momentum > 0 {
			sum = s.Points(rows)
		}
		s.startPoints(rows, p, a.Start)
		for range a.Steps {
			if _, err := s.Gradient(rows, p, grad, func(i int, z, gz []float64) { loss.Loss(z, targets[i], gz) }); err != nil {
				return err
			}
			s.Each(rows, func(i, row int) {
				at, g := s.at(p, i), s.at(grad, i)
				if sum != nil {
					g = accumulate(s.at(sum, i), g, a.Momentum)
				}
				s.ball.Step(at, g, s.limits(row), length)
			})
		}
		if s.a.o.Maximise && a.Restarts == 1 { // the point is the result, its loss nobody's question
			s.inputs(s.Threat, rows, p)
			for i, row := range rows {
				s.place(row, i)
			}
			break
		}
		z, err := s.Outputs(rows, p)
		if err != nil {
			return err
		}
		for i, row := range rows {
			at := z[i*s.K:][:s.K]
			s.Offer(row, i, at, loss.Loss(at, targets[i], nil))
		}
	}
	return nil
}

// targets are the targets of the rows.
func (s *Search) targets(rows []int, needClean bool) ([]Target, error) {
	targets := make([]Target, len(rows))
	for i, row := range rows {
		var err error
		if targets[i], err = s.Target(row, needClean); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// accumulate adds a gradient, divided by its l1 norm, to a share of the sum, and returns the sum
// (Dong et al. 2018, equation 6).
func accumulate(sum, grad []float64, share float64) []float64 {
	norm := 0.0
	for _, g := range grad {
		norm += math.Abs(g)
	}
	for j, g := range grad {
		sum[j] *= share
		if norm > 0 {
			sum[j] += g / norm
		}
	}
	return sum
}

package train

import (
	"cmp"
	"errors"
	"fmt"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// AdversarialSpec says on which attacked examples a network trains. Distances are in pixel
// units: pixels lie in 0..1.
type AdversarialSpec struct {
	Norm   string  `yaml:"norm" enum:"linf,l2" doc:"norm of a perturbation: linf, the largest change of a pixel, or l2, the Euclidean norm over the image"`
	Eps    float64 `yaml:"eps" required:"true" range:"[0,)" doc:"the largest norm of a perturbation, where pixels lie in 0..1, such as 0.3 or 0.0314 (8/255)"`
	Warmup float64 `yaml:"warmup,omitempty" range:"[0,)" doc:"epochs of train over which eps rises from 0; 0: none"`
	Trades float64 `yaml:"trades,omitempty" range:"[0,)" doc:"weight β of the divergence between clean and attacked outputs beside the loss of clean examples (TRADES, Zhang et al. 2019); 0: the loss of attacked examples alone (Madry et al. 2018)"`

	Examples int `yaml:"examples" range:"[0,)" doc:"validation examples whose accuracy under PGD of 10 steps is measured after each epoch; 0: none"`
}

// Defaults sets the values of the keys that a section leaves out.
func (s *AdversarialSpec) Defaults() { s.Norm, s.Examples = "linf", 512 }

// Fits checks the rules between the attack and the other options.
func (s *AdversarialSpec) Fits(a Attack) error {
	if s.Trades > 0 && !a.Path(1).Random {
		return option.Errorf("trades", "needs start: random, as the divergence has no gradient at the clean example")
	}
	return nil
}

// Attack is a kind of attack by steps along the gradient.
type Attack interface {
	// Path is the way that the attack takes within a ball of radius eps.
	Path(eps float64) Path
}

// Path is a way through the ball of allowed perturbations: each step goes along the sign of the
// gradient (linf) or the normalised gradient (l2) and back into the ball and into the pixels'
// range.
type Path struct {
	Steps    int     // at least 1
	Step     float64 // length of a step, in pixel units
	Random   bool    // start at a point drawn from the ball, not at the clean example
	Restarts int     // starts, of which each example keeps the one with the largest loss; at least 1
}

// Attacks are the kinds of attacks to train on by name.
var Attacks = option.NewKinds[Attack]("attack")

func init() {
	Attacks.Register("pgd", "projected gradient steps (Madry et al. 2018)", func() Attack { return &PGD{Steps: 10, Start: "random", Restarts: 1} })
	Attacks.Register("fgsm", "one gradient step from a random start (Wong et al. 2020)", func() Attack { return &FGSM{Start: "random"} })
}

// PGD is projected gradient descent (Madry et al. 2018).
type PGD struct {
	Steps    int     `yaml:"steps" range:"[1,10000]" doc:"gradient steps; each costs a pass forward and back"`
	Step     float64 `yaml:"step,omitempty" range:"(0,)" doc:"length of a step in pixel units; left out: 2.5·eps/steps"`
	Restarts int     `yaml:"restarts" range:"[1,1000]" doc:"starts, of which the one with the largest loss counts"`
	Start    string  `yaml:"start" enum:"random,clean" doc:"first point: random, drawn from the ball, or clean, the example itself"`
}

// Path implements Attack.
func (a *PGD) Path(eps float64) Path {
	p := Path{Steps: a.Steps, Step: a.Step, Random: a.Start == "random", Restarts: a.Restarts}
	if p.Step == 0 {
		p.Step = 2.5 * eps / float64(a.Steps)
	}
	return p
}

// Validate checks the rules between options.
func (a *PGD) Validate() error {
	if a.Restarts > 1 && a.Start == "clean" {
		return option.Errorf("restarts", "is %d, but from start clean all ways are the same; use start: random", a.Restarts)
	}
	return nil
}

// FGSM is the fast gradient sign method, with a random start by default (Goodfellow et al. 2015;
// Wong, Rice & Kolter 2020).
type FGSM struct {
	Step  float64 `yaml:"step,omitempty" range:"(0,)" doc:"length of the step in pixel units; left out: 1.25·eps from a random start, eps from the clean example"`
	Start string  `yaml:"start" enum:"random,clean" doc:"first point: random, drawn from the ball, or clean, the example itself"`
}

// Path implements Attack.
func (a *FGSM) Path(eps float64) Path {
	p := Path{Steps: 1, Step: a.Step, Random: a.Start == "random", Restarts: 1}
	switch {
	case p.Step > 0:
	case p.Random:
		p.Step = 1.25 * eps
	default:
		p.Step = eps
	}
	return p
}

// Adversarial has a network train on attacked examples.
type Adversarial struct {
	Attack Attack // required
	AdversarialSpec
	// Mean and Std, one for each unit of the input, make pixels of inputs: value·Std + Mean.
	Mean, Std []float32
	Val       EvalSource        // examples that are attacked after each epoch; nil: none
	Warn      func(text string) // shows a warning; nil: nothing
}

// check refuses options that make no sense, and training that the attack does not fit.
func (a *Adversarial) check(net *nn.Network, o *Options) error {
	if a.Attack == nil {
		return errors.New("no attack")
	}
	if err := cmp.Or(option.Check(&a.AdversarialSpec), option.Check(a.Attack), a.Fits(a.Attack), attackable(net, len(a.Std))); err != nil {
		return err
	}
	if _, ok := o.Loss.(layers.CrossEntropy); !ok && a.Trades > 0 {
		return errors.New("trades needs the loss cross_entropy or focal, and examples without weights that are not mixed")
	}
	if a.Trades > 0 && o.Groups != nil {
		return errors.New("trades does not go with groups")
	}
	if a.Trades > 0 && o.Distill != nil {
		return errors.New("trades does not go with distillation")
	}
	return nil
}

// attackable reports a network that has no inputs to attack, or whose range has another number
// of units.
func attackable(net *nn.Network, units int) error {
	switch {
	case net.Vocabulary > 0:
		return errors.New("an attack moves pixels, but the network reads tokens")
	case units != net.Input.Units() || net.Input.Size() == 0:
		return fmt.Errorf("the range of pixels is given for %d channels, an input has %d", units, net.Input.Units())
	}
	return nil
}

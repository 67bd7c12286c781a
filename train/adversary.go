package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"pare/nn"
)

// Streams of random starts: steps have their number.
const (
	statisticsStream uint64 = 1<<31 + iota
	robustStream
)

// adversary attacks the examples of a Trainer.
type adversary struct {
	*Adversarial
	steps  *Attacker // of the batches of steps
	stats  *Attacker // of those that statistics are measured on; nil: there are none
	robust           // of the validation data
}

// robust measures the accuracy under PGD.
type robust struct {
	attacker  *Attacker // nil: there is no validation data
	evaluator *Evaluator
}

// robustAttack is the attack that measures robust accuracy: PGD of 10 steps whatever the training
// attack, since a network that has learned to mislead one large step falls to several small ones.
func robustAttack() *PGD { return &PGD{Steps: 10, Start: "random", Restarts: 1} }

// newAdversary compiles the attacks on a network; nil for a nil Adversarial.
func newAdversary(net *nn.Network, o *Options) (*adversary, error) {
	if o.Adversarial == nil {
		return nil, nil
	}
	a := &adversary{Adversarial: o.Adversarial}
	var err error
	batch := o.Train.BatchSize()
	if a.steps, err = NewAttacker(net, a.Adversarial, o.Loss, batch, o.Seed); err != nil {
		return nil, err
	}
	if s := o.Statistics; s.EvalSource != nil && net.HasBuffers() {
		if a.stats = a.steps; s.Batch != batch {
			if a.stats, err = NewAttacker(net, a.Adversarial, o.Loss, s.Batch, o.Seed); err != nil {
				return nil, err
			}
		}
	}
	if a.Val == nil {
		return a, nil
	}
	pgd := *a.Adversarial
	pgd.Attack, pgd.Trades = robustAttack(), 0
	if a.robust.attacker, err = NewAttacker(net, &pgd, o.EvalLoss, o.EvalBatch, o.Seed); err != nil {
		return nil, err
	}
	a.robust.evaluator, err = NewEvaluator(net, o.EvalBatch, o.EvalLoss)
	return a, err
}

// load puts the attacked examples of a batch into the program of the steps, with TRADES behind
// the clean ones.
func (a *adversary) load(t *Trainer, b Batch) {
	a.steps.Eps = a.eps(t.epochOf(t.pos.Step))
	to, clean := t.program.X, b.X[:b.N*a.steps.size]
	if a.Trades > 0 {
		copy(to, clean)
		to = to[len(clean):]
	}
	a.steps.Move(to, b, uint64(t.pos.Step))
}

// eps is the radius at a point of training.
func (a *adversary) eps(epoch float64) float64 {
	if epoch < a.Warmup {
		return a.Eps * epoch / a.Warmup
	}
	return a.Eps
}

// statistics are the examples of a source as the last step has seen them.
func (a *adversary) statistics(t *Trainer, s EvalSource) EvalSource {
	a.stats.Eps = a.eps(t.epochOf(t.pos.Step - 1))
	return a.stats.Statistics(s)
}

// Robust is the memory of robust accuracy that a resumed phase goes on from.
type Robust struct {
	Best   float64 `json:"best"`             // largest accuracy after an epoch
	Fallen bool    `json:"fallen,omitempty"` // the accuracy has collapsed, and a warning was given
}

// measureRobust measures the validation data under PGD.
func (t *Trainer) measureRobust(ctx context.Context) error {
	a := t.adversary
	if a.robust.attacker == nil {
		return nil
	}
	m, err := a.robust.evaluator.Run(ctx, attacked{EvalSource: a.Val, by: a.robust.attacker, stream: robustStream})
	switch {
	case ctx.Err() != nil:
		return t.interrupt()
	case errors.Is(err, ErrNotFinite):
		return t.diverged(t.after(), "an output for attacked validation data is not finite")
	case err != nil:
		return err
	case math.IsNaN(m.Loss) || math.IsInf(m.Loss, 0):
		return t.diverged(t.after(), fmt.Sprintf("the validation loss under attack is %g", m.Loss))
	}
	t.robust = &m
	r := Robust{}
	if t.pos.Robust != nil {
		r = *t.pos.Robust
	}
	// Catastrophic overfitting (Wong et al. 2020) takes the accuracy from its best to nearly 0
	// within an epoch; it falls to less than half by nothing else.
	if !r.Fallen && m.Accuracy < r.Best/2 && a.Warn != nil {
		a.Warn(fmt.Sprintf("epoch %d: accuracy under PGD fell from %.2f %% to %.2f %%: the network has learned to mislead the training attack "+
			"(catastrophic overfitting); train with attack pgd, more steps or a smaller step", t.pos.Epoch+1, 100*r.Best, 100*m.Accuracy))
		r.Fallen = true
	}
	r.Best = max(r.Best, m.Accuracy)
	t.pos.Robust = &r
	return nil
}

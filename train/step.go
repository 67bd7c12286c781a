package train

import (
	"fmt"
	"math"
	"time"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/prox"
	"pare/internal/kernel/vector"
)

// step runs the loaded batch and updates the parameters.
func (t *Trainer) step() error {
	epoch := t.epochOf(t.pos.Epoch*t.perEpoch + t.pos.Batch)
	t.pos.Last.LR = t.schedule(epoch)
	for _, p := range t.o.Penalties {
		p.SetEpoch(epoch)
	}
	t.program.Run()
	due := t.o.Masks != nil && t.o.Masks.Due(t.pos.Step)
	t.norm.whole = due // a change of masks looks at the gradients of all values
	if err := t.check(); err != nil {
		return err
	}
	moved := false
	if due {
		var err error
		if moved, err = t.changeMasks(); err != nil {
			return err
		}
	}
	if !moved {
		t.optimizer.Step(t.pos.Last.LR, clipScale(t.pos.Last.GradNorm, t.o.ClipNorm))
	}
	t.afterStep()
	t.pos.Step++
	t.pos.Batch++
	t.pos.LossSum += t.pos.Last.Loss
	t.o.Reporter.Step(t.status())
	if n := t.o.LogEvery; n > 0 && t.pos.Step%n == 0 {
		t.zeros = t.zeroShare()
		if err := t.log(t.record("step", t.pos.Last.Loss)); err != nil {
			return err
		}
	}
	return t.reshape()
}

// epochOf is the time of an update, counted from 0, in epochs. Schedules are read
// in the middle of the step: the first rate of a warm-up is not 0, and a milestone
// is never met one step early.
func (t *Trainer) epochOf(step int) float64 { return (float64(step) + 0.5) / float64(t.perEpoch) }

// check looks for values that are not finite in loss, penalties and gradients, before
// they reach the parameters.
func (t *Trainer) check() error {
	bad := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	t.pos.Last.Loss = t.program.Loss()
	if bad(t.pos.Last.Loss) {
		return t.diverged(t.during(), fmt.Sprintf("the loss is %g", t.pos.Last.Loss))
	}
	for i, p := range t.o.Penalties {
		v := t.program.TermValue(i)
		if bad(v) {
			return t.diverged(t.during(), fmt.Sprintf("penalty %s is %g", p.Name(), v))
		}
		t.pos.Last.Terms[i] = LastTerm{v, p.Lambda()}
	}
	if t.pos.Last.GradNorm = t.norm.compute(); bad(t.pos.Last.GradNorm) {
		return t.diverged(t.during(), "a gradient is not finite")
	}
	return nil
}

// remedy is the advice for a training that diverges.
const remedy = "try a lower learning rate or clip gradients"

// during and after name the step under way and the last one made.
func (t *Trainer) during() string {
	return fmt.Sprintf("in step %d (epoch %d)", t.pos.Step+1, t.pos.Epoch+1)
}

func (t *Trainer) after() string {
	return fmt.Sprintf("after step %d (epoch %d)", t.pos.Step, (t.pos.Step-1)/t.perEpoch+1)
}

// diverged says where the first value that is not finite came from; when is the
// step that showed it.
func (t *Trainer) diverged(when, what string) error {
	where := "no operation shows it"
	if !finite(t.program.X) {
		where = "the input batch holds such a value"
	} else if name := t.nonFiniteParam(); name != "" {
		where = "parameter " + name + " holds such a value"
	} else if op := t.firstNonFinite(); op != "" {
		where = "it first appears in " + op
	}
	return fmt.Errorf("%w %s: %s; %s; %s", ErrDiverged, when, what, where, remedy)
}

// nonFiniteParam names a trainable parameter that is not finite, or is "".
// Running statistics do not count: the run itself has just spoiled them.
func (t *Trainer) nonFiniteParam() string {
	for _, p := range t.net.Params() {
		if p.Trainable() && !finite(p.Data()) {
			return p.Full
		}
	}
	return ""
}

// firstNonFinite repeats the run with the same random numbers. Layers start without state,
// unless the batch continues another one: its state at the start is lost, but the fault
// still shows.
func (t *Trainer) firstNonFinite() string {
	if !t.continues {
		t.program.ResetState()
	}
	t.program.Random.Step--
	defer func() { t.program.Random.Step++ }()
	return t.program.FirstNonFinite()
}

func (t *Trainer) record(kind string, loss float64) Record {
	last := t.pos.Last
	r := Record{Kind: kind, Phase: t.pos.Phase, Step: t.pos.Step,
		Epoch: float64(t.pos.Epoch) + float64(t.pos.Batch)/float64(t.perEpoch),
		LR:    last.LR, Loss: loss, GradNorm: last.GradNorm, Zeros: t.zeros, Seconds: t.seconds(), Waited: t.pos.Waited}
	for i, p := range t.o.Penalties {
		t := TermRecord{Name: p.Name(), Value: last.Terms[i].Value, Lambda: last.Terms[i].Lambda}
		if p, ok := p.(OnParameters); ok {
			t.Groups, t.Zero = p.Groups()
		}
		r.Terms = append(r.Terms, t)
	}
	return r
}

func (t *Trainer) log(r Record) error {
	if t.o.Log == nil {
		return nil
	}
	return t.o.Log.Append(r)
}

func (t *Trainer) status() Status {
	s := Status{Phase: t.pos.Phase, Epoch: t.pos.Epoch + 1, Epochs: t.o.Epochs, Batch: t.pos.Batch, Batches: t.perEpoch,
		Step: t.pos.Step, Steps: t.o.Epochs * t.perEpoch, Loss: t.pos.Last.Loss, Val: t.val, Robust: t.robust, ByLoss: t.byLoss, Remaining: t.left}
	if done := s.Step - t.firstStep; done > 0 {
		s.Left = time.Since(t.started) / time.Duration(done) * time.Duration(s.Steps-s.Step)
	}
	return s
}

// gradientNorm computes the Euclidean norm of all gradients together. Partial
// sums have fixed bounds, so it does not depend on the number of threads.
type gradientNorm struct {
	grads   [][]float32
	masks   [][]float32 // of the gradients, 1 where a value is held at 0 and its gradient becomes 0; nil: none
	whole   bool        // leave all gradients as they are now
	shares  *shares
	partial []float64 // per task
	task    func(int) // made once: computing allocates nothing
}

func newGradientNorm(grads [][]float32) *gradientNorm {
	n := &gradientNorm{grads: grads, shares: newShares(grads, func(g []float32) int { return len(g) })}
	n.partial = make([]float64, n.shares.tasks())
	n.task = func(task int) {
		sum := 0.0
		for _, p := range n.shares.of(task) {
			g := n.grads[p.tensor][p.lo:p.hi]
			if n.masks != nil && n.masks[p.tensor] != nil && !n.whole {
				vector.MaskSlice(g, n.masks[p.tensor][p.lo:p.hi])
			}
			sum += prox.SumSquares(g)
		}
		n.partial[task] = sum
	}
	return n
}

// compute returns the norm; it is not finite where a gradient is not.
func (n *gradientNorm) compute() float64 {
	parallel.Run(n.shares.tasks(), n.task)
	total := 0.0
	for _, v := range n.partial {
		total += v
	}
	return math.Sqrt(total)
}

// clipScale is the factor that brings a norm down to limit, 1 where it is below
// or limit is 0. The small number is PyTorch's guard in clip_grad_norm_.
func clipScale(norm, limit float64) float64 {
	if limit <= 0 {
		return 1
	}
	return min(1, limit/(norm+1e-6))
}

package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"pare/layers"
	"pare/nn"
)

// epoch trains the rest of the present epoch, evaluates and saves. It
// returns the mean loss of the epoch.
func (t *Trainer) epoch(ctx context.Context) (float64, error) {
	if err := t.batches(ctx); err != nil {
		return 0, err
	}
	if err := t.measureStatistics(ctx); err != nil {
		return 0, err
	}
	if err := t.evaluate(ctx); err != nil {
		return 0, err
	}
	loss := t.pos.LossSum / float64(t.pos.Batch)
	t.zeros = t.zeroShare()
	r := t.record("epoch", loss)
	if err := t.countRemaining(); err != nil {
		return 0, err
	}
	r.Val, r.Robust, r.Activity, r.Remaining = t.val, t.robust, t.activity, t.left
	t.trajectories(&r)
	if err := t.log(r); err != nil {
		return 0, err
	}
	s := t.status()
	t.pos.Epoch++
	t.pos.Batch, t.pos.LossSum = 0, 0
	t.judge()
	if err := t.snapshot(); err != nil {
		return 0, err
	}
	t.o.Reporter.Epoch(s, r)
	if t.pos.Done { // Fit saves, after it has put back the best weights
		return loss, nil
	}
	return loss, t.save()
}

// batches trains on the batches of the epoch that are left.
func (t *Trainer) batches(ctx context.Context) error {
	if t.pos.Batch < t.perEpoch {
		asked := time.Now()
		for b, err := range t.o.Train.Epoch(ctx, uint64(t.pos.Epoch), t.pos.Batch) {
			t.pos.Waited += time.Since(asked).Seconds()
			if err == nil {
				err = t.load(b)
			}
			if err != nil {
				return fmt.Errorf("training data, epoch %d, batch %d: %w", t.pos.Epoch+1, t.pos.Batch+1, err)
			}
			if err := t.step(); err != nil {
				return err
			}
			if ctx.Err() != nil || t.pos.Batch == t.perEpoch {
				break
			}
			if n := t.o.CheckpointEvery; n > 0 && t.pos.Step%n == 0 {
				if err := t.save(); err != nil {
					return err
				}
			}
			asked = time.Now()
		}
	}
	if ctx.Err() != nil {
		return t.interrupt()
	}
	if t.pos.Batch < t.perEpoch {
		return fmt.Errorf("training data, epoch %d: it ended after %d of %d batches", t.pos.Epoch+1, t.pos.Batch, t.perEpoch)
	}
	return nil
}

// load copies a batch into the program.
func (t *Trainer) load(b Batch) error {
	input, loss := t.net.Input.Size(), t.o.Loss
	weighed, ok := loss.(layers.Weighed)
	if ok {
		loss = weighed.Loss
	}
	targets := nn.TargetsOf(loss, t.net.Output().Shape)
	if err := checkBatch(b, input, targets); err != nil {
		return err
	}
	if !ok && (b.Second != nil || b.Weights != nil) {
		return errors.New("its examples are mixed or have weights, which the loss must take: layers.Weighed")
	}
	if n := t.o.Train.BatchSize(); b.N != n {
		return fmt.Errorf("it has %d examples, expected %d", b.N, n)
	}
	if b.Continues && t.pos.Batch == 0 {
		return errors.New("it goes on from a batch before it, but is the first of the epoch")
	}
	if err := t.loadGroups(b); err != nil {
		return err
	}
	if t.adversary != nil {
		t.adversary.load(t, b)
	} else {
		copy(t.program.X, b.X[:b.N*input])
	}
	setTargets(t.program.Target, t.o.Loss, b)
	if t.continues = b.Continues; !b.Continues {
		t.program.ResetState()
	}
	if t.teacher != nil {
		t.teacher.see(t.program.X, b.Continues)
	}
	return nil
}

// setTargets copies the targets of a batch as the loss takes them; dst has room for a full batch.
func setTargets(dst []float32, loss nn.Loss, b Batch) {
	if weighed, ok := loss.(layers.Weighed); ok {
		weighed.Pack(dst, layers.Examples{Y: b.Y, Second: b.Second, Weights: b.Weights,
			SecondWeights: b.SecondWeights, Share: b.Share}, b.N)
		return
	}
	copy(dst, b.Y)
}

// measureStatistics computes running statistics at the present weights.
func (t *Trainer) measureStatistics(ctx context.Context) error {
	if t.statistics == nil {
		return nil
	}
	var source EvalSource = t.o.Statistics
	if t.adversary != nil {
		source = t.adversary.statistics(t, source)
	}
	err := t.statistics.Run(ctx, source)
	if ctx.Err() != nil {
		return t.interrupt()
	}
	return err
}

// evaluate measures the validation data or, without any, checks that outputs are finite.
func (t *Trainer) evaluate(ctx context.Context) error {
	if t.evaluator == nil {
		return t.finiteOutputs(ctx)
	}
	m, err := t.evaluator.Run(ctx, t.o.Val)
	if ctx.Err() != nil {
		return t.interrupt()
	}
	if errors.Is(err, ErrNotFinite) {
		return t.diverged(t.after(), "an output for the validation data is not finite")
	}
	if err != nil {
		return err
	}
	if math.IsNaN(m.Loss) || math.IsInf(m.Loss, 0) {
		return t.diverged(t.after(), fmt.Sprintf("the validation loss is %g", m.Loss))
	}
	t.val, t.activity = &m, t.evaluator.Activity()
	if t.adversary != nil {
		return t.measureRobust(ctx)
	}
	return nil
}

// finiteOutputs runs the network once more on the last batch, to see the effect of the last
// update without validation data.
func (t *Trainer) finiteOutputs(ctx context.Context) error {
	if t.last == nil {
		var err error
		if t.last, err = NewEvaluator(t.net, t.program.Batch(), t.o.EvalLoss); err != nil {
			return err
		}
	}
	_, err := t.last.Run(ctx, lastBatch{t.program})
	switch {
	case errors.Is(err, ErrNotFinite):
		return t.diverged(t.after(), "an output is not finite")
	case ctx.Err() != nil:
		return t.interrupt()
	}
	return err
}

// lastBatch is the last batch that a program was run on.
type lastBatch struct{ *nn.Program }

func (b lastBatch) All(context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		yield(Batch{X: b.X, Y: b.Target, N: b.Batch()}, nil)
	}
}

// countRemaining counts the network that a removal would leave now.
func (t *Trainer) countRemaining() error {
	if t.o.Remaining == nil {
		return nil
	}
	left, err := t.o.Remaining(t.net)
	if err != nil {
		return fmt.Errorf("epoch %d: %w", t.pos.Epoch+1, err)
	}
	t.left = &left
	return nil
}

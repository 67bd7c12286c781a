package train

import (
	"errors"
	"fmt"

	"pare/nn"
)

// Options configure a Trainer.
type Options struct {
	Phase     string     // name in logs and checkpoints; "" means train
	Train     Source     // required
	Val       EvalSource // evaluated after each epoch; nil: no evaluation
	EvalBatch int        // largest batch of Val; 0 means the training batch
	Loss      nn.Loss    // required

	// Statistics are what running statistics, such as BatchNorm's, are computed from at
	// the end of each epoch, before the evaluation, so that they belong to the weights
	// that are evaluated, kept as the best, saved and returned. Its zero value leaves
	// them as the steps did: moving averages.
	Statistics StatisticsSource

	Penalties []Penalty     // added to the loss; applied proximally where they say so
	Optimizer OptimizerSpec // required: its LR has no default
	Schedule  ScheduleSpec  // of the learning rate; zero means constant
	Epochs    int           // at least 1
	ClipNorm  float64       // largest norm of all gradients together; 0 means no limit
	Stop      EarlyStopSpec // needs Val; zero means never
	Seed      uint64        // of dropout

	// FreezeZeros keeps weights, scales, shifts and gates that are exactly 0
	// when the Trainer is made at 0. It is meant for fine-tuning.
	FreezeZeros bool

	// Reshaper may take out of the network what has become zero; nil: it stays whole.
	Reshaper Reshaper

	// Remaining counts what a removal would leave of the network, which it does not
	// change, for logs and reports at the end of an epoch; nil: they do not say.
	Remaining func(*nn.Network) (Remaining, error)

	Dir             string      // folder of checkpoints; "" means none are written
	CheckpointEvery int         // steps between checkpoints within an epoch; 0 means one after each epoch only
	Config          string      // hash of the configuration; a resume must have the same
	Log             *MetricsLog // nil: none. It stays open
	LogEvery        int         // steps between its lines within an epoch; 0 means one after each epoch only
	Reporter        Reporter    // nil means Silent
}

func (o *Options) complete() {
	if o.Phase == "" {
		o.Phase = "train"
	}
	if o.EvalBatch == 0 && o.Train != nil {
		o.EvalBatch = o.Train.BatchSize()
	}
	if o.Reporter == nil {
		o.Reporter = Silent{}
	}
}

func (o *Options) validate() error {
	switch {
	case o.Train == nil:
		return errors.New("no training data")
	case o.Train.Batches() < 1:
		return errors.New("the training data has no full batch; use a smaller batch")
	case o.Epochs < 1:
		return fmt.Errorf("epochs is %d, it must be at least 1", o.Epochs)
	case o.EvalBatch < 1:
		return fmt.Errorf("the batch size for evaluation is %d, it must be at least 1", o.EvalBatch)
	case !(o.ClipNorm >= 0):
		return fmt.Errorf("the clipping norm is %g, it must not be negative", o.ClipNorm)
	case o.CheckpointEvery < 0 || o.LogEvery < 0:
		return errors.New("steps between checkpoints and log lines must not be negative")
	case o.Reshaper != nil && o.Reshaper.Every() < 1:
		return errors.New("steps between changes of the network must be at least 1")
	case o.Reshaper != nil && o.Stop.RestoreBest:
		return errors.New("the best weights cannot be put back into a network that has changed since")
	case o.Stop.active() && o.Val == nil:
		return errors.New("early stop needs validation data")
	}
	return o.Stop.Validate()
}

package datasets

import (
	"fmt"
	"math/rand/v2"

	"pare/datasets/augment"
)

// mixing combines the examples of training batches.
type mixing struct {
	mixup, cutmix augment.BatchTransform // nil: not
	h, w, c       int
}

// Mixed is the loader that mixes the examples of training batches, of a task, in pairs:
// mixup and cutmix are the alphas of augment.MixUp and augment.CutMix, 0 for none. Where
// there are both, each batch has one of them at random. The mixture depends on seed, epoch
// and place of the batch alone. It gives an error for tasks that do not mix: tokens,
// several targets an example, and for cutmix all but images.
func (l *Loader) Mixed(task Task, mixup, cutmix float64) (*Loader, error) {
	m := &mixing{h: 1, w: 1, c: task.Size()}
	switch {
	case task.Vocabulary > 0:
		return nil, fmt.Errorf("inputs are tokens, which cannot be mixed")
	case task.Targets != 1:
		return nil, fmt.Errorf("an example has %d targets, and mixing takes one", task.Targets)
	case cutmix > 0 && len(task.Input) != 3:
		return nil, fmt.Errorf("cutmix is for images, and inputs are of shape %v", task.Input)
	case len(task.Input) == 3:
		m.c, m.h, m.w = task.Input[0], task.Input[1], task.Input[2]
	}
	if mixup > 0 {
		m.mixup = augment.MixUp{Alpha: mixup}
	}
	if cutmix > 0 {
		m.cutmix = augment.CutMix{Alpha: cutmix}
	}
	out := *l
	out.mixing = m
	return &out, nil
}

// apply mixes a batch; work is memory of the calling goroutine.
func (m *mixing) apply(b *Batch, work *augment.Batch, draw Draw) error {
	r := rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch, uint64(b.Index)), streamMix))
	by := m.mixup
	if by == nil || m.cutmix != nil && r.Uint64()&1 == 0 {
		by = m.cutmix
	}
	work.N, work.H, work.W, work.C, work.X, work.Y, work.Second = b.N, m.h, m.w, m.c, b.X, b.Y, b.Second
	work.Weights, work.SecondWeights = b.Weights, b.SecondWeights
	var err error
	b.Share, err = by.Apply(work, r)
	return err
}

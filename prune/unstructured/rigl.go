package unstructured

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/nn"
	"pare/train"
)

// Growth are the options of RigL.
type Growth struct {
	Densities string  `yaml:"densities" enum:"erk,uniform" doc:"how dense each layer is; erk: layers of few weights are denser (Erdős–Rényi-Kernel); uniform: the first layer is dense, the others are equally dense"`
	Drop      float64 `yaml:"drop" range:"(0,1)" doc:"share of the weights of a layer that move in the first change; it falls to 0 along a cosine"`
}

// Defaults sets the values of the keys that a section leaves out.
func (g *Growth) Defaults() { *g = DefaultGrowth() }

// DefaultGrowth is that of the paper.
func DefaultGrowth() Growth { return Growth{Densities: ERK, Drop: 0.3} }

// RigL trains a network that is sparse from the start (Evci et al. 2020, "Rigging the lottery:
// making all tickets winners", algorithm 1). At each change of the masks, in the place of an
// update, every layer drops the share
//
//	drop/2·(1 + cos(πt/T))
//
// of its weights, those of least magnitude, and grows as many among all that are 0 by then,
// those with the largest gradients. Weights that were dropped may grow at once, with their
// values; others start at 0. t is the step and T the step of the last change.
type RigL struct {
	*Masks
	drop float64
	times
}

var _ train.Masks = (*RigL)(nil)

// NewRigL sets all but a share of the weights of the chosen layers to 0, at random by the
// seed, and returns the masks of a training of so many steps.
func NewRigL(net *nn.Network, l Layers, share float64, growth Growth, schedule Schedule, steps int, seed uint64) (*RigL, error) {
	if !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("budget weights is %g, it must be above 0 and at most 1", share)
	}
	if err := schedule.Validate(steps); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	if schedule.Every < 2 {
		return nil, fmt.Errorf("schedule: every is %d, but a change of masks takes the place of an update; it must be at least 2", schedule.Every)
	}
	weights, err := l.Weights(net)
	if err != nil {
		return nil, err
	}
	dense, err := densities(weights, share, growth.Densities)
	if err != nil {
		return nil, fmt.Errorf("budget: %w", err)
	}
	r := &RigL{newMasks(weights), growth.Drop, schedule.in(steps)}
	rng := rand.New(rand.NewPCG(seed, 0x7269676c))
	for k, p := range weights {
		mask := r.frozen[p.Param]
		n := int(math.Floor((1 - dense[k]) * float64(len(mask))))
		for i := range n {
			mask[i] = 1
		}
		rng.Shuffle(len(mask), func(i, j int) { mask[i], mask[j] = mask[j], mask[i] })
	}
	r.apply()
	return r, nil
}

// Due implements train.Masks. There is nothing to drop before the first update.
func (r *RigL) Due(step int) bool { return step > 0 && r.due(step) }

// dropped is the share of the weights that move at a step.
func (r *RigL) dropped(step int) float64 {
	return r.drop / 2 * (1 + math.Cos(math.Pi*float64(step)/float64(r.last())))
}

// Update implements train.Masks.
func (r *RigL) Update(_ *nn.Network, at train.Place) (instead bool, err error) {
	share := r.dropped(at.Step)
	var scores []float32
	for _, p := range r.weights {
		mask, values, slopes := r.frozen[p.Param], p.Data(), at.Grad(p.Param)
		if slopes == nil {
			continue // nothing depends on the parameter
		}
		scores = scores[:0]
		active := 0
		for i, v := range values {
			size := float32(math.Inf(1))
			if mask[i] == 0 {
				active++
				size = float32(math.Abs(float64(v)))
			}
			scores = append(scores, size)
		}
		n := int(share * float64(active))
		lowest([][]float32{scores}, n, func(_, i int) { mask[i] = 1 })
		for i, g := range slopes {
			if scores[i] = float32(math.Inf(1)); mask[i] != 0 {
				scores[i] = -float32(math.Abs(float64(g)))
			}
		}
		lowest([][]float32{scores}, n, func(_, i int) { mask[i] = 0 })
	}
	return true, nil
}

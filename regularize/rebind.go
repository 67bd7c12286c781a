package regularize

import "pare/nn"

// Rebind binds the penalty to what pruning has left of the network it was made
// for. Groups and patterns of layers that are gone are no error; without any
// group the term is 0. Groups counts those that are gone as zero.
//
// Scales are those of the groups as they are now: "sqrt" is the root of the
// present size. The price of a multiply-accumulate under "macs" stays that of the
// first network, where the mean was 1. Gates per channel into one sum whose
// operands have lost different channels are no longer penalised by on: paths.
func (t *Term) Rebind(net *nn.Network) (*Term, error) {
	next, err := newTerm(net, t.spec, finder{price: t.price, partial: true})
	if err != nil {
		return nil, err
	}
	next.groups, next.factor, next.off = t.groups, t.factor, t.off
	next.SetEpoch(0)
	return next, nil
}

// SetFactor multiplies λ from the next SetEpoch on; it is 1 at first.
func (t *Term) SetFactor(f float64) { t.factor = f }

// SwitchOff ends the penalty for good: λ is 0 and it governs no parameter, so
// weight decay is free to. A program compiled before still holds it; compile anew.
func (t *Term) SwitchOff() { t.off, t.factor, t.lambda = true, 0, 0 }

// active are the parts that are penalised.
func (t *Term) active() []part {
	if t.off {
		return nil
	}
	return t.parts
}

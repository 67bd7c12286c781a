package unstructured

import (
	"fmt"

	"pare/nn"
	"pare/train"
)

// Masks holds weights of a network at 0 while it trains.
type Masks struct {
	weights []nn.NamedParam
	frozen  map[*nn.Param][]float32 // 1 where the value stays 0
}

var _ train.Masks = (*Masks)(nil)

// newMasks makes masks that hold nothing yet.
func newMasks(weights []nn.NamedParam) *Masks {
	m := &Masks{weights, map[*nn.Param][]float32{}}
	for _, p := range weights {
		m.frozen[p.Param] = make([]float32, p.Size())
	}
	return m
}

// Zeros holds the weights that are 0 now, as fine-tuning of a pruned network does.
func Zeros(net *nn.Network) *Masks {
	weights, _ := Layers{}.Weights(net) // a network without weights has nothing to hold
	m := newMasks(weights)
	for p, mask := range m.frozen {
		for i, v := range p.Data() {
			if v == 0 {
				mask[i] = 1
			}
		}
	}
	return m
}

// Rewind sets the parameters of a network to those of another one of the same architecture,
// except that weights that are 0 stay 0 (Frankle et al. 2019, "Stabilizing the lottery ticket
// hypothesis").
func Rewind(net, to *nn.Network) error {
	params, source := net.Params(), to.Params()
	for k, p := range params {
		if k >= len(source) || source[k].Full != p.Full || source[k].Size() != p.Size() || len(source) != len(params) {
			return fmt.Errorf("%s is no network of the same architecture to rewind %s to: parameter %s differs", to.Name, net.Name, p.Full)
		}
	}
	held := Zeros(net)
	for k, p := range params {
		copy(p.Data(), source[k].Data())
	}
	held.apply()
	return nil
}

// Frozen implements train.Masks.
func (m *Masks) Frozen(p *nn.Param) []float32 { return m.frozen[p] }

// Due implements train.Masks: these masks do not change.
func (m *Masks) Due(int) bool { return false }

// Update implements train.Masks.
func (m *Masks) Update(*nn.Network, train.Place) (instead bool, err error) { return false, nil }

// Unmet implements train.Masks.
func (m *Masks) Unmet(int) bool { return false }

// apply sets the weights that are held to 0.
func (m *Masks) apply() {
	for p, mask := range m.frozen {
		values := p.Data()
		for i, held := range mask {
			if held != 0 {
				values[i] = 0
			}
		}
	}
}

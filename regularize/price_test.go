package regularize

import (
	"math"
	"testing"
)

// TestOnePrice: where terms compete a multiply-accumulate of any group weighs the
// same in all that have scale macs, the mean over all groups is 1, and terms with
// another scale or alone with this one stay as they are.
func TestOnePrice(t *testing.T) {
	net := plain(t)
	// A channel is 2·2 positions × 3·3 weights and is read by 4·5 weights, a neuron reads
	// 12 values and is read by 2: 56 multiply-accumulates against 14.
	const channel, neuron = 2*2*3*3 + 4*5, 12 + 2
	bind := func(on, scale string) *Term {
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: on, Lambda: 1, Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		return term
	}
	channels, neurons, pixels := bind("channels", "macs"), bind("neurons", "macs"), bind("positions", "none")
	out, err := OnePrice(net, []*Term{channels, nil, neurons, pixels})
	if err != nil {
		t.Fatal(err)
	}
	mean := (3.0*channel + 5*neuron) / 8
	for k, want := range map[int]float64{0: channel / mean, 2: neuron / mean, 3: 1} {
		for g, s := range out[k].Scales() {
			if math.Abs(s-want) > 1e-12 {
				t.Errorf("%s: group %d weighs %g, want %g", out[k].Name(), g, s, want)
			}
		}
	}
	if out[1] != nil || out[3] != pixels {
		t.Error("terms that have no price are not those that were given")
	}
	again, err := out[2].Rebind(net)
	if err != nil {
		t.Fatal(err)
	}
	if s := again.Scales()[0]; math.Abs(s-neuron/mean) > 1e-12 {
		t.Errorf("bound anew, a neuron weighs %g, want %g", s, neuron/mean)
	}
	if out, err = OnePrice(net, []*Term{channels, pixels}); err != nil || out[0] != channels {
		t.Errorf("the only term with scale macs has changed (%v)", err)
	}
}

package gradual

import (
	"errors"
	"testing"

	"pare/regularize"
	"pare/train"
)

// TestRefuses: options that make no sense, and targets that no training can meet, are
// errors that name the option.
func TestRefuses(t *testing.T) {
	target := func(change func(*Target)) Options {
		o := Options{Target: &Target{Measure: MACs, Plan: Plan{Share: 0.5, By: 0.6}}, EpochSteps: 100, Steps: 1000}
		change(o.Target)
		return o
	}
	groups := regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1}
	weights := regularize.Spec{Type: "l1", On: "weights", Lambda: 1}
	free := groups
	free.Lambda = 0
	subgradient := groups
	subgradient.Mode = "subgradient"
	short := target(func(*Target) {})
	short.Steps = 50
	for _, c := range []struct {
		spec   regularize.Spec
		o      Options
		option string // "": accepted
	}{
		{groups, target(func(*Target) {}), ""},
		{groups, Options{Every: 5}, ""},
		{groups, Options{}, "Every"},
		{groups, Options{Every: -1}, "Every"},
		{groups, short, "Target"},
		{groups, target(func(t *Target) { t.Share = 1 }), "Target.Share"},
		{groups, target(func(t *Target) { t.From = 0.7 }), "Target.From"},
		{groups, target(func(t *Target) { t.Method = "most" }), "Target.Method"},
		{groups, target(func(t *Target) { t.Measure = "layers" }), "Target.Measure"},
		{free, target(func(t *Target) { t.Method = Lambda }), "Target.Share"},
		{weights, target(func(*Target) {}), "Target.Method"},
		{weights, target(func(t *Target) { t.Method = Lambda }), ""},
		{subgradient, target(func(t *Target) { t.Measure = Groups }), "Target.Share"},
	} {
		net := perceptron(t, 5, 4)
		_, err := New(net, []train.Penalty{term(t, net, c.spec)}, c.o)
		var refused *OptionError
		switch {
		case c.option == "" && err != nil:
			t.Errorf("%+v: %v", c.o, err)
		case c.option != "" && (!errors.As(err, &refused) || refused.Option != c.option):
			t.Errorf("%+v: error %v, want one about %s", c.o, err, c.option)
		}
	}
}

package gradual

import (
	"testing"

	"pare/train"
)

// TestStateOfEarlierVersions: the state in checkpoints of earlier versions is read in
// full, and written unchanged.
func TestStateOfEarlierVersions(t *testing.T) {
	for name, state := range map[string]string{
		"every":  `{"removals_on_the_way":3,"worst_certificate_on_the_way":2.26215529560375e-7,"target":{"factor":0},"factor":0,"zero":0,"alive":[7],"condemned":{},"settled":{"zero":["AA=="]}}`,
		"least":  `{"removals_on_the_way":2,"target_share":0.4,"target":{"factor":0.03},"factor":1,"zero":0,"alive":[5],"condemned":{"squares":[[0.25,0.5]],"batches":4,"groups":[[0,1]],"left":15,"paused":2},"settled":{}}`,
		"lambda": `{"target_share":0.4,"target_reached":0.39,"target_step":161,"target":{"factor":6.5,"norms":[0.5,0.25],"braked":true},"factor":6.5,"zero":2,"alive":null,"condemned":{},"settled":{}}`,
	} {
		net := perceptron(t, 5, 4)
		o := Options{Every: 5}
		if name != "every" {
			o = Options{Target: &Target{Measure: MACs, Plan: Plan{Share: 0.4, By: 0.6}, Method: Method(name)}, EpochSteps: 100, Steps: 1000}
		}
		s, err := New(net, []train.Penalty{neurons(t, net)}, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Restore([]byte(state)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.State(); err != nil || string(got) != state {
			t.Errorf("%s: the state is\n%s (%v), it was\n%s", name, got, err, state)
		}
	}
}

// TestStateOfOtherPenalties: a state of another number of penalties is refused.
func TestStateOfOtherPenalties(t *testing.T) {
	net := perceptron(t, 5, 4)
	s, err := New(net, []train.Penalty{neurons(t, net)}, Options{Every: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{`{"alive":[1,2]}`, `{"condemned":{"squares":[[1],[1]]}}`, `{"condemned":{"groups":[[1,0]]}}`, `[]`} {
		if err := s.Restore([]byte(state)); err == nil {
			t.Errorf("%s is accepted", state)
		}
	}
}

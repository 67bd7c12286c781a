package regularize

import (
	"math"
	"strings"
	"testing"
)

func TestValidateNamesTheKey(t *testing.T) {
	ok := Spec{Type: "l1", On: "weights", Lambda: 1}
	if _, err := ok.checked(); err != nil {
		t.Fatal(err)
	}
	for key, s := range map[string]func(*Spec){
		"type":             func(s *Spec) { s.Type = "l7" },
		"on":               func(s *Spec) { s.On = "pixels" },
		"on: group":        func(s *Spec) { s.Type = "group_lasso" },
		"lambda":           func(s *Spec) { s.Lambda = -1 },
		"lambda must be a": func(s *Spec) { s.Lambda = math.NaN() },
		"lambda must":      func(s *Spec) { s.Lambda = math.Inf(1) },
		"type: it":         func(s *Spec) { s.Penalty = &ElasticNet{Alpha: 0.5} },
		"alpha":            func(s *Spec) { s.Type, s.Penalty = "elastic_net", &ElasticNet{} },
		"alpha ":           func(s *Spec) { s.Type, s.Penalty = "elastic_net", &ElasticNet{Alpha: 2} },
		"scale":            func(s *Spec) { s.Scale = "cube" },
		"members":          func(s *Spec) { s.Members = "all" },
		"members: it":      func(s *Spec) { s.Members = "in" },
		"mode":             func(s *Spec) { s.Mode = "magic" },
		"warmup":           func(s *Spec) { s.Warmup = -1 },
		"ramp":             func(s *Spec) { s.Ramp = math.NaN() },
		"layers":           func(s *Spec) { s.Layers = []string{"a["} },
		"factors: \"":      func(s *Spec) { s.Factors = map[string]float64{"[": 1} },
		"factors.a":        func(s *Spec) { s.Factors = map[string]float64{"a": -1} },
	} {
		bad := ok
		s(&bad)
		if _, err := bad.checked(); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: error %v", key, err)
		}
	}
}

func TestLambdaSchedule(t *testing.T) {
	term, err := NewTerm(plain(t), Spec{Type: "l1", On: "weights", Lambda: 0.2, Warmup: 2, Ramp: 4})
	if err != nil {
		t.Fatal(err)
	}
	for epoch, want := range map[float64]float64{0: 0, 1.9: 0, 2: 0, 3: 0.05, 4: 0.1, 5.5: 0.175, 6: 0.2, 90: 0.2} {
		if term.SetEpoch(epoch); math.Abs(term.Lambda()-want) > 1e-12 {
			t.Errorf("epoch %g: λ is %g, expected %g", epoch, term.Lambda(), want)
		}
	}
	term.spec.Warmup, term.spec.Ramp = 0, 0
	if term.SetEpoch(0); term.Lambda() != 0.2 {
		t.Errorf("without warm-up λ is %g", term.Lambda())
	}
}

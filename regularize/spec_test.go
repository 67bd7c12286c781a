package regularize

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestValidateNamesTheKey(t *testing.T) {
	ok := Spec{Type: "l1", On: "weights", Lambda: 1}
	if err := ok.Validate(); err != nil {
		t.Fatal(err)
	}
	for key, s := range map[string]func(*Spec){
		"type":      func(s *Spec) { s.Type = "l7" },
		"on":        func(s *Spec) { s.On = "pixels" },
		"on: group": func(s *Spec) { s.Type = "group_lasso" },
		"lambda":    func(s *Spec) { s.Lambda = -1 },
		"lambda:":   func(s *Spec) { s.Lambda = math.NaN() },
		"lambda: +": func(s *Spec) { s.Lambda = math.Inf(1) },
		"alpha":     func(s *Spec) { s.Alpha = 0.5 },
		"alpha: 0":  func(s *Spec) { s.Type = "elastic_net" },
		"alpha: 2":  func(s *Spec) { s.Type, s.Alpha = "elastic_net", 2 },
		"scale":     func(s *Spec) { s.Scale = "cube" },
		"members":   func(s *Spec) { s.Members = "all" },
		"members: ": func(s *Spec) { s.Members = "in" },
		"mode":      func(s *Spec) { s.Mode = "magic" },
		"warmup":    func(s *Spec) { s.Warmup = -1 },
		"ramp":      func(s *Spec) { s.Ramp = math.NaN() },
		"layers":    func(s *Spec) { s.Layers = Patterns{"a["} },
		"factors":   func(s *Spec) { s.Factors = map[string]float64{"[": 1} },
		"factors: ": func(s *Spec) { s.Factors = map[string]float64{"a": -1} },
	} {
		bad := ok
		s(&bad)
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: error %v", key, err)
		}
	}
}

func TestPatternsAreStringOrList(t *testing.T) {
	for text, want := range map[string]Patterns{`"conv*"`: {"conv*"}, `["a", "b"]`: {"a", "b"}} {
		var fromJSON, fromYAML Spec
		if err := json.Unmarshal([]byte(`{"layers": `+text+`}`), &fromJSON); err != nil || !slices.Equal(fromJSON.Layers, want) {
			t.Errorf("JSON %s: %v, %v", text, fromJSON.Layers, err)
		}
		err := yaml.UnmarshalWithOptions([]byte("layers: "+text), &fromYAML, yaml.Strict())
		if err != nil || !slices.Equal(fromYAML.Layers, want) {
			t.Errorf("YAML %s: %v, %v", text, fromYAML.Layers, err)
		}
	}
	var s Spec
	if yaml.Unmarshal([]byte("layers: {a: 1}"), &s) == nil {
		t.Error("a map is no error")
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

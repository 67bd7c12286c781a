package regularize

import (
	"maps"
	"math"
	"testing"
)

func TestVariableWeights(t *testing.T) {
	variables := []Variable{{"age", 1}, {"race", 0.25}, {"x1", 0.5}, {"x2", 0.5}, {"constant", 0}}
	for name, c := range map[string]struct {
		w      VariableWeights
		listed map[string]float64
		want   map[string]float64
		err    string
	}{
		"usage":   {w: VariableWeights{Usage: 1}, want: map[string]float64{"age": 1, "race": 0.25, "x1": 0.5, "x2": 0.5}},
		"root":    {w: VariableWeights{Usage: 0.5}, want: map[string]float64{"age": 1, "race": 0.5, "x1": math.Sqrt(0.5), "x2": math.Sqrt(0.5)}},
		"protect": {w: VariableWeights{Protect: &Protect{[]string{"race", "x*"}, 0.5}}, want: map[string]float64{"age": 1, "race": 0.5, "x1": 0.5, "x2": 0.5}},
		"all": {w: VariableWeights{Usage: 1, File: "w.csv", Protect: &Protect{[]string{"race"}, 1}}, listed: map[string]float64{"x1": 4},
			want: map[string]float64{"age": 1, "race": 0, "x1": 2, "x2": 0.5}},
		"nothing":  {err: "it weighs nothing; give file, protect or usage"},
		"unknown":  {w: VariableWeights{Protect: &Protect{[]string{"sex"}, 1}}, err: "protect.columns names sex, which is no variable of the input; the variables are age, constant, race, x1, x2"},
		"file":     {w: VariableWeights{File: "w.csv"}, listed: map[string]float64{"sex": 1}, err: "file weighs sex, which is no variable of the input; the variables are age, constant, race, x1, x2"},
		"misspelt": {w: VariableWeights{Protect: &Protect{[]string{"rac"}, 1}}, err: "protect.columns names rac, which is no variable of the input; did you mean race?"},
		"minus":    {w: VariableWeights{File: "w.csv"}, listed: map[string]float64{"age": -1}, err: "file gives age the weight -1; weights are numbers from 0 on"},
		"nan":      {w: VariableWeights{File: "w.csv"}, listed: map[string]float64{"age": math.NaN()}, err: "file gives age the weight NaN; weights are numbers from 0 on"},
	} {
		got, err := c.w.Factors(variables, c.listed)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: %v, want %s", name, err, c.err)
			}
			continue
		}
		if c.want["constant"] = 1; err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}

// TestWeightedVariables: factors by variable scale the groups of its readers, beside the factors of
// layers, and 0 leaves a variable out.
func TestWeightedVariables(t *testing.T) {
	net := tabular(t)
	s := Spec{Type: "group_lasso", On: "input_features", Lambda: 1, Scale: "none", Factors: map[string]float64{"grades": 4},
		Variables: map[string]float64{"age": 0, "job": 0.5, "grades": 0.25}}
	term, err := NewTerm(net, s)
	if err != nil {
		t.Fatal(err)
	}
	if scales := term.Scales(); len(scales) != 2 || scales[0] != 0.5 || scales[1] != 1 {
		t.Errorf("scales %v, want 0.5 of job and 1 of grades", scales)
	}
	for want, s := range map[string]Spec{
		"penalty: weights: it has no meaning for on: weights; leave it out": {Type: "l1", On: "weights", Weights: &VariableWeights{Usage: 1}},
		"penalty group_lasso(input_features): weights: the data have not been asked for their factors; set Variables": {
			Type: "group_lasso", On: "input_features", Weights: &VariableWeights{Usage: 1}},
	} {
		if _, err := NewTerm(net, s); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

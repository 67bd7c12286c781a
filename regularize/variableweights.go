package regularize

import (
	"errors"
	"math"
	"path"

	"pare/internal/option"
	"pare/internal/suggest"
)

// VariableWeights are factors on λ for the variables of the input: of a table its columns. A
// feature that matters to few examples costs little loss where it is removed, however much it
// costs those examples; a smaller penalty keeps it. The factor of a variable is the product of all
// options that are given.
type VariableWeights struct {
	File    string   `yaml:"file,omitempty" empty:"no" doc:"a table with the columns variable and weight; the weight of variables without a row is 1"`
	Protect *Protect `yaml:"protect,omitempty" doc:"variables that are penalised less; left out: none"`
	Usage   float64  `yaml:"usage,omitempty" range:"[0,)" doc:"power of the share of training examples in which a variable is not at its most frequent value; 1: the penalty of a variable that a tenth of the examples use is a tenth; a constant has the whole penalty; 0: none"`
}

// Protect spares variables a share of the penalty.
type Protect struct {
	Columns  []string `yaml:"columns" required:"true" list:"single" empty:"no" doc:"names of variables, or patterns of them"`
	Strength float64  `yaml:"strength" required:"true" range:"(0,1]" doc:"share of the penalty that they are spared; 1: all of it"`
}

// Validate checks the rules between options.
func (w *VariableWeights) Validate() error {
	if w.Protect != nil {
		for _, p := range w.Protect.Columns {
			if _, err := path.Match(p, ""); err != nil || p == "" {
				return option.Errorf("protect.columns", "%q is not a valid pattern", p)
			}
		}
	}
	return nil
}

// Variable is a variable of the input.
type Variable struct {
	Name  string
	Usage float64 // share of the training examples in which it is not at its most frequent value; 0: it is constant, or the share is not known
}

// Factors are the factors of variables. listed are the factors of the file, by name. Errors begin with
// the key at fault.
func (w *VariableWeights) Factors(variables []Variable, listed map[string]float64) (map[string]float64, error) {
	if w.File == "" && w.Protect == nil && w.Usage == 0 {
		return nil, errors.New("it weighs nothing; give file, protect or usage")
	}
	out := make(map[string]float64, len(variables))
	for _, v := range variables {
		out[v.Name] = 1
		if v.Usage > 0 { // nobody needs a constant, which no weight protects
			out[v.Name] = math.Pow(v.Usage, w.Usage)
		}
	}
	unknown := func(name string) string {
		return ", which is no variable of the input" + suggest.Phrase(name, "variables", sortedKeys(out))
	}
	for _, name := range sortedKeys(listed) {
		weight := listed[name]
		switch _, known := out[name]; {
		case !known:
			return nil, option.Errorf("file", "weighs %s%s", name, unknown(name))
		case !(weight >= 0) || math.IsInf(weight, 0):
			return nil, option.Errorf("file", "gives %s the weight %g; weights are numbers from 0 on", name, weight)
		}
		out[name] *= weight
	}
	if w.Protect == nil {
		return out, nil
	}
	spared := map[string]bool{}
	for _, pattern := range w.Protect.Columns {
		found := false
		for _, v := range variables {
			if match, _ := path.Match(pattern, v.Name); match || pattern == v.Name {
				spared[v.Name], found = true, true
			}
		}
		if !found {
			return nil, option.Errorf("protect.columns", "names %s%s", pattern, unknown(pattern))
		}
	}
	for name := range spared {
		out[name] *= 1 - w.Protect.Strength
	}
	return out, nil
}

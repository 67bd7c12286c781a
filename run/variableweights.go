package run

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pare/config"
	"pare/datasets"
	"pare/internal/option"
	"pare/internal/table"
	"pare/regularize"
	"pare/report"
)

// weighted gives penalties of input variables the factors that their weights make of the data.
func weighted(c *config.Config, d *Data) (*config.Config, error) {
	if !slices.ContainsFunc(c.Penalties, func(s regularize.Spec) bool { return s.Weights != nil }) {
		return c, nil
	}
	out := *c
	out.Penalties = slices.Clone(c.Penalties)
	for i := range out.Penalties {
		s := &out.Penalties[i]
		if s.Weights == nil {
			continue
		}
		err := func() (err error) {
			var variables []regularize.Variable
			if variables, err = d.variables(s.Weights.Usage != 0); err != nil {
				return err
			}
			var listed map[string]float64
			if s.Weights.File != "" {
				if listed, err = readWeights(s.Weights.File); err != nil {
					return err
				}
			}
			s.Variables, err = s.Weights.Factors(variables, listed)
			return err
		}()
		if err != nil {
			return nil, c.Locate(fmt.Sprintf("penalties.%d.weights", i), err)
		}
	}
	return &out, nil
}

// PenaltyWeights are the factors on λ that the weights of a penalty make for the training data.
type PenaltyWeights struct {
	Penalty string             `json:"penalty"` // type and target, as in metrics.jsonl
	Factors map[string]float64 `json:"factors"` // by variable of the input
}

// penaltyWeights are the factors of all penalties with weights; nil: none has any.
func (r *runner) penaltyWeights() ([]PenaltyWeights, error) {
	c, err := weighted(r.c, r.data)
	if err != nil {
		return nil, err
	}
	var out []PenaltyWeights
	for _, s := range c.Penalties {
		if s.Variables != nil {
			out = append(out, PenaltyWeights{fmt.Sprintf("%s(%s)", s.Type, s.On), s.Variables})
		}
	}
	return out, nil
}

// measure lists the factors for reports, by variable.
func (w PenaltyWeights) measure() report.Measure {
	var texts []string
	for k, name := range slices.Sorted(maps.Keys(w.Factors)) {
		if k == mostNames {
			texts = append(texts, fmt.Sprintf("and %d more", len(w.Factors)-k))
			break
		}
		texts = append(texts, fmt.Sprintf("%s %.3g", name, w.Factors[name]))
	}
	return report.Measure{Name: "penalty weights",
		Readings: []report.Reading{{Stage: "of " + w.Penalty, Value: plural(len(w.Factors), "factor")}}, Note: strings.Join(texts, ", ")}
}

// variables are the variables of the input, with the share of the training examples that use each
// where usage is asked for.
func (d *Data) variables(usage bool) ([]regularize.Variable, error) {
	if d.Set.Features == nil {
		return nil, fmt.Errorf("the inputs of %s have no names to weigh; tables have", d.Set.Name)
	}
	var out []regularize.Variable
	for _, f := range d.Set.Features {
		name := f.Of()
		if !slices.ContainsFunc(out, func(v regularize.Variable) bool { return v.Name == name }) {
			out = append(out, regularize.Variable{Name: name})
		}
	}
	if !usage {
		return out, nil
	}
	shares, err := datasets.Usage(d.Set)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Usage = shares[out[i].Name]
	}
	return out, nil
}

// readWeights reads weights by name from a table.
func readWeights(path string) (map[string]float64, error) {
	t, err := table.Read(path, table.Options{})
	if err != nil {
		return nil, option.Errorf("file", "cannot be read: %s", err)
	}
	names, err := t.Column("variable")
	if err != nil {
		return nil, option.Errorf("file", "%s; it needs the columns variable and weight", err)
	}
	weights, err := t.Column("weight")
	if err != nil {
		return nil, option.Errorf("file", "%s; it needs the columns variable and weight", err)
	}
	if !weights.Numeric() {
		return nil, option.Errorf("file", "%s: the column weight is text", path)
	}
	out := map[string]float64{}
	for i, w := range weights.Numbers {
		name := names.Text(i)
		if _, twice := out[name]; twice {
			return nil, option.Errorf("file", "%s weighs %s twice", path, name)
		}
		out[name] = w
	}
	if len(out) == 0 {
		return nil, errors.New("file: it has no rows")
	}
	return out, nil
}

package sweep

import (
	"fmt"
	"slices"
	"strings"
)

func init() {
	Methods.Register("scratch", "the shapes that another method left, trained from new weights (Liu et al. 2019)",
		func() Method { return &scratch{Equal: "epochs"} })
	Methods.Register("narrow", "the network of the config with the same share of the units of every layer, trained from new weights",
		func() Method { return &narrow{} })
}

// scratch trains the shapes of another method from new weights, without penalties.
type scratch struct {
	Common
	Of    string `yaml:"of,omitempty" empty:"no" doc:"the method whose shapes are trained; left out: penalty, or else target, or else the first of the sweep that removes units"`
	Equal string `yaml:"equal,omitempty" enum:"epochs,work" doc:"epochs: as many epochs as led to the shape; work: as many multiply-accumulates as these epochs of the dense network"`
}

func (m *scratch) uses() uses { return uses{} }

// shaping are the methods that remove units, those preferred first.
var shaping = []string{"penalty", "target", "magnitude", "taylor", "random"}

func (m *scratch) plan(p *planner, at *cell) ([]*Run, error) {
	of := p.spec.method(m.Of)
	for _, word := range shaping {
		for i := range p.spec.Methods {
			if m.Of == "" && of == nil && p.spec.Methods[i].Type == word {
				of = &p.spec.Methods[i]
			}
		}
	}
	switch {
	case of == nil && m.Of == "":
		return nil, at.method.Value.Errorf("method scratch needs a method whose shapes it trains: add one of %s", strings.Join(shaping, ", "))
	case of == nil:
		return nil, at.method.Value.Errorf("of is %q, it must be one of the methods of the sweep: %s", m.Of, strings.Join(p.spec.labels(), ", "))
	case !slices.Contains(shaping, of.Type):
		return nil, at.method.Value.Errorf("of is %s, which leaves the shape of the network as it is; name one of %s",
			label(*of), strings.Join(shaping, ", "))
	}
	shapes, err := p.method(*of, at.seed, at.varied)
	if err != nil {
		return nil, err
	}
	var runs []*Run
	for _, shape := range shapes {
		epochs := shape.epochs()
		q := request{point: shape.Point, start: &start{run: shape, weights: "new"},
			set:  append(slices.Clone(whole), override{text: fmt.Sprintf("train.epochs=%d", epochs)}),
			work: work{train: shape.Point.share()}}
		if m.Equal == "work" {
			q.take, q.work.train = []Take{{Key: "train.epochs", run: shape, Value: TakeEpochs}}, 1
		}
		r, err := p.add(at, q)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// narrow trains a network of uniform width. Its shape is that of the untrained network after
// the same share of units was removed from each layer, up to the budget.
type narrow struct{ Common }

func (m *narrow) uses() uses { return uses{budgets: true} }

func (m *narrow) plan(p *planner, at *cell) ([]*Run, error) {
	budgets, err := p.budgets(at)
	if err != nil {
		return nil, err
	}
	var runs []*Run
	for _, b := range budgets {
		in := at
		if b.from == nil { // one shape serves all seeds
			if in, err = p.cell(at.method, p.seeds[0], at.varied); err != nil {
				return nil, err
			}
		}
		shape, err := p.add(in, request{point: &b.Point, auxiliary: true, take: b.take("prune.budget." + b.Measure), needs: b.needs(),
			set: append(slices.Clone(whole), fixed("train.epochs=0", fmt.Sprintf(
				"prune={method: random, scope: layer, budget: {%s: %s}}", b.Measure, number(b.share())))...)})
		if err != nil {
			return nil, err
		}
		r, err := p.add(at, request{point: &b.Point, start: &start{run: shape, weights: "new"}, set: whole, work: work{train: b.share()}})
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

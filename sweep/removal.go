package sweep

import (
	"fmt"
	"strings"
)

func init() {
	for _, m := range []struct{ name, importance, doc string }{
		{"magnitude", "magnitude", "removes the units of the smallest weights from the dense network, then fine-tunes"},
		{"random", "random", "removes random units from the dense network, then fine-tunes"},
		{"taylor", "taylor", "removes the units that the loss of the dense network needs least, then fine-tunes"},
	} {
		Methods.Register(m.name, m.doc, func() Method { return &units{importance: m.importance, Scope: "global"} })
	}
	Methods.Register("rigl", "a sparse network from the start, whose weights move while it trains (Evci et al. 2020)",
		func() Method { return &rigl{} })
	Methods.Register("weights", "keeps the shape of the network and sets single weights to zero",
		func() Method { return &weights{From: "dense"} })
}

// units removes units of the trained dense network: a baseline that papers compare with.
type units struct {
	Common
	Scope string `yaml:"scope,omitempty" enum:"global,layer" doc:"whether units compete over the network or in their layer"`

	importance string
}

func (m *units) uses() uses { return uses{budgets: true, finetune: true} }

func (m *units) plan(p *planner, at *cell) ([]*Run, error) {
	budgets, err := p.budgets(at)
	if err != nil {
		return nil, err
	}
	return p.removals(at, budgets, func(b budget) (string, string) {
		key := "prune.budget." + b.Measure
		return fmt.Sprintf("prune={method: least, importance: %s, scope: %s, budget: {%s: %s}}",
			m.importance, m.Scope, b.Measure, number(b.share())), key
	}, func(b budget) float64 { return b.share() })
}

// weights zeroes single weights, of the trained dense network or while a network trains.
type weights struct {
	Common
	From string `yaml:"from,omitempty" enum:"dense,new" doc:"dense: zeroes weights of the trained dense network, then fine-tunes; new: trains from new weights and prunes on the way, with set: {prune.schedule: …}"`
}

// patternKey is the override of an N:M pattern, which says how many weights to keep itself.
const patternKey = "prune.pattern"

func (m *weights) uses() uses { return uses{budgets: !m.patterned(), finetune: m.From == "dense"} }

func (m *weights) patterned() bool { return !m.Set[patternKey].IsZero() }

func (m *weights) plan(p *planner, at *cell) ([]*Run, error) {
	var budgets []budget
	var err error
	if m.patterned() {
		budgets = []budget{{pattern: m.Set[patternKey].YAML()}}
	} else if budgets, err = p.weightBudgets(at); err != nil {
		return nil, err
	}
	if m.From == "new" {
		return p.sparse(at, budgets, "weights")
	}
	return p.removals(at, budgets, func(b budget) (string, string) {
		return b.weights("weights"), weightsKey
	}, func(budget) float64 { return 1 })
}

// rigl trains a network that is sparse from the start.
type rigl struct{ Common }

func (m *rigl) uses() uses { return uses{budgets: true} }

func (m *rigl) plan(p *planner, at *cell) ([]*Run, error) {
	budgets, err := p.weightBudgets(at)
	if err != nil {
		return nil, err
	}
	return p.sparse(at, budgets, "rigl")
}

const weightsKey = "prune.budget.weights"

// weights is section prune of a method that keeps as many weights as the budget says.
func (b budget) weights(method string) string {
	if b.pattern != "" {
		return fmt.Sprintf("prune={method: %s, pattern: %s}", method, b.pattern)
	}
	return fmt.Sprintf("prune={method: %s, budget: {weights: %s}}", method, number(b.share()))
}

// sparse adds runs that zero weights while the network trains.
func (p *planner) sparse(at *cell, budgets []budget, method string) ([]*Run, error) {
	var runs []*Run
	for _, b := range budgets {
		r, err := p.add(at, request{point: b.point(), take: b.take(weightsKey), needs: b.needs(), work: work{train: 1},
			set: fixed("penalties=null", "target=null", "finetune=null", b.weights(method))})
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// removals adds the runs that prune the trained dense network of a cell and fine-tune it.
// prune gives the override of section prune and the key of the budget in it; left is the
// share of work of a step of fine-tuning.
func (p *planner) removals(at *cell, budgets []budget, prune func(budget) (set, key string), left func(budget) float64) ([]*Run, error) {
	from, err := p.dense(at)
	if err != nil {
		return nil, err
	}
	set := fixed("penalties=null", "target=null", "train.epochs=0")
	if at.config.Train.Distill != nil { // the dense run has learned from it
		set = append(set, fixed("train.distill=null")...)
	}
	switch {
	case !p.spec.Finetune.IsZero():
		set = append(set, override{"finetune=" + p.spec.Finetune.YAML(), p.spec.doc.At("finetune")})
		if p.spec.Finetune.IsSection() && !p.spec.Finetune.Has("epochs") { // it would inherit the 0 of train
			set = append(set, override{text: fmt.Sprintf("finetune.epochs=%d", at.config.Train.Epochs)})
		}
		for _, o := range at.varied {
			if strings.HasPrefix(o.text, "finetune") {
				set = append(set, o)
			}
		}
	case at.config.Finetune != nil:
		set = append(set, override{text: fmt.Sprintf("finetune.epochs=%d", at.config.Finetune.Epochs)})
	default:
		// The learning rate starts over, as in Renda et al. 2020.
		set = append(set, override{text: fmt.Sprintf("finetune={epochs: %d}", at.config.Train.Epochs)})
	}
	var runs []*Run
	for _, b := range budgets {
		text, key := prune(b)
		r, err := p.add(at, request{point: b.point(), start: &start{run: from, stage: "trained", weights: "kept"},
			set: append(set[:len(set):len(set)], override{text: text}), take: b.take(key), needs: b.needs(), work: work{tune: left(b)}})
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// dense is the run of a cell that trains the dense network; it is added where no method of the
// sweep has it.
func (p *planner) dense(at *cell) (*Run, error) {
	for _, m := range p.spec.Methods {
		if m.Type == "dense" {
			runs, err := p.method(m, at.seed, at.varied)
			return only(runs), err
		}
	}
	runs, err := p.method(plainDense, at.seed, at.varied)
	return only(runs), err
}

func only(runs []*Run) *Run {
	if len(runs) == 0 {
		return nil
	}
	return runs[0]
}

package sweep

import (
	"slices"
	"strings"
)

// budget is a point with the share to keep.
type budget struct {
	Point
	from    *Run   // whose share of multiply-accumulates it is; nil: the share of the point
	pattern string // N:M pattern of the weights, in place of a point; "": none
}

// point is the point of a run with the budget; nil: a pattern is none.
func (b budget) point() *Point {
	if b.pattern != "" {
		return nil
	}
	return &b.Point
}

func (b budget) share() float64        { return b.Point.share() }
func (b budget) set(key string) string { return key + "=" + number(b.share()) }

func (b budget) take(key string) []Take {
	if b.from == nil {
		return nil
	}
	return []Take{{Key: key, run: b.from, Value: TakeMACs}}
}

func (b budget) needs() []*Run {
	if b.from == nil {
		return nil
	}
	return []*Run{b.from}
}

// budgets are the points of a method that removes units.
func (p *planner) budgets(at *cell) ([]budget, error) { return p.budgetsOf(at, "macs", "params") }

// weightBudgets are the points of a method that zeroes weights.
func (p *planner) weightBudgets(at *cell) ([]budget, error) {
	if len(p.spec.Budgets.Weights) > 0 {
		return p.budgetsOf(at, "weights")
	}
	all, err := p.budgets(at)
	var out []budget
	for _, b := range all {
		b.Measure = "weights"
		if !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out, err
}

func (p *planner) budgetsOf(at *cell, measures ...string) ([]budget, error) {
	all := p.spec.Budgets
	if all.From != "" {
		runs, err := p.method(*p.spec.method(all.From), at.seed, at.varied)
		var out []budget
		for _, r := range runs {
			of := strings.Trim(label(*p.spec.method(all.From))+"-"+r.Point.String(), "-")
			out = append(out, budget{Point: Point{Measure: "macs", Of: of}, from: r})
		}
		return out, err
	}
	var out []budget
	for _, measure := range measures {
		for _, share := range map[string][]float64{"macs": all.MACs, "params": all.Params, "weights": all.Weights}[measure] {
			out = append(out, budget{Point: Point{Measure: measure, Value: share}})
		}
	}
	if len(out) == 0 {
		return nil, at.method.Value.Errorf("method %s needs budgets in multiply-accumulates or parameters, such as budgets: {macs: [0.5, 0.25]}",
			label(at.method))
	}
	return out, nil
}

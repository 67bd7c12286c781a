package sweep

import "fmt"

func init() {
	Methods.Register("dense", "the network of the config without penalties and pruning", func() Method { return &dense{} })
	Methods.Register("penalty", "the penalties of the config, every lambda times each of the strengths", func() Method { return &penalty{} })
	Methods.Register("target", "the penalties of the config, with a target for each of the budgets", func() Method { return &target{} })
}

// whole are the overrides of a network that trains without penalties and stays whole.
var whole = fixed("penalties=null", "target=null", "thresholds=null", "finetune=null", "prune={method: none}")

type dense struct{ Common }

func (m *dense) uses() uses { return uses{} }

func (m *dense) plan(p *planner, at *cell) ([]*Run, error) {
	r, err := p.add(at, request{point: nil, set: whole, work: work{train: 1}})
	return []*Run{r}, err
}

type penalty struct{ Common }

func (m *penalty) uses() uses { return uses{strengths: true} }

func (m *penalty) plan(p *planner, at *cell) ([]*Run, error) {
	if len(at.config.Penalties) == 0 {
		return nil, p.lacksPenalties(at)
	}
	var runs []*Run
	for _, strength := range p.spec.Strengths {
		set := fixed("target=null")
		if m := at.config.Prune.Method; m != "zeros" {
			set = append(set, override{text: "prune={method: zeros}"})
		}
		for i, spec := range at.config.Penalties {
			set = append(set, override{text: fmt.Sprintf("penalties.%d.lambda=%s", i, number(spec.Lambda*strength))})
		}
		q := request{point: &Point{Measure: "strength", Value: strength}, set: set, work: work{train: 1, tune: 1}}
		if p.spec.WarmStart && len(runs) > 0 {
			q.start = &start{run: runs[len(runs)-1], stage: "trained", weights: "kept"}
		}
		r, err := p.add(at, q)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

type target struct{ Common }

func (m *target) uses() uses { return uses{budgets: true} }

func (m *target) plan(p *planner, at *cell) ([]*Run, error) {
	if len(at.config.Penalties) == 0 {
		return nil, p.lacksPenalties(at)
	}
	budgets, err := p.budgets(at)
	if err != nil {
		return nil, err
	}
	var runs []*Run
	for _, b := range budgets {
		var set []override
		if t := at.config.Target; t != nil { // the other options of a target stay
			for measure, given := range map[string]bool{"macs": t.MACs != 0, "params": t.Params != 0, "groups": t.Groups != 0} {
				if given && measure != b.Measure {
					set = append(set, override{text: "target." + measure + "=null"})
				}
			}
		}
		set = append(set, override{text: b.set("target." + b.Measure)})
		if m := at.config.Prune.Method; m != "zeros" {
			set = append(set, override{text: "prune={method: zeros}"})
		}
		r, err := p.add(at, request{point: &b.Point, set: set, take: b.take("target." + b.Measure), needs: b.needs(),
			work: work{train: gradual(at.config.Target, b.share()), tune: b.share()}})
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

package config

import (
	"fmt"
	"slices"

	"pare/internal/option"
	"pare/prune/unstructured"
)

// selecting are the methods that choose units, single the methods that choose single weights.
var (
	selecting = []string{"least", "magnitude", "random"}
	single    = []string{"weights", "rigl"}
)

// checkPrune reports the first thing that is wrong between the keys of pruning.
func (c *Config) checkPrune() error {
	p := c.Prune
	for _, k := range []struct {
		key     string
		given   bool
		methods []string
	}{
		{"every", p.Every > 0, []string{"zeros"}},
		{"importance", p.Importance != "", []string{"least", "weights"}},
		{"budget", p.Budget != nil, slices.Concat(selecting, single)},
		{"keep", p.Keep != nil, slices.Concat([]string{"zeros"}, selecting)},
		{"round_to", p.RoundTo != 0, slices.Concat([]string{"zeros"}, selecting)},
		{"pattern", p.Pattern != "", single[:1]},
		{"layers", p.Layers != nil, single},
		{"dense", p.Dense != nil, single},
		{"schedule", p.Schedule != nil, single},
		{"rewind", p.Rewind != nil, single[:1]},
		{"iterations", p.Iterations != 0, single[:1]},
		{"repair", p.Repair != nil, slices.Concat(selecting, single[:1])},
		{"rigl", p.RigL != nil, single[1:]},
	} {
		if k.given && !slices.Contains(k.methods, p.Method) {
			return c.root.place("prune."+k.key).errorf("prune.%s has no effect with prune.method %s; remove it or use %s",
				k.key, p.Method, option.OneOf(k.methods))
		}
	}
	if slices.Contains(selecting, p.Method) {
		return c.checkUnitBudget()
	}
	if !slices.Contains(single, p.Method) {
		return nil
	}
	if p.Pattern == "" || p.Budget != nil {
		if err := c.checkBudget("weights", "{weights: 0.1}", budgetKey{"weights", Budget.weights}); err != nil {
			return err
		}
	}
	return c.checkWeights()
}

// budgetKey is a measure of a budget.
type budgetKey struct {
	name string
	of   func(Budget) float64
}

func (b Budget) macs() float64    { return b.MACs }
func (b Budget) params() float64  { return b.Params }
func (b Budget) latency() float64 { return b.Latency }
func (b Budget) weights() float64 { return b.Weights }

// checkUnitBudget demands a budget of units: of the network, of layers, or of both.
func (c *Config) checkUnitBudget() error {
	b := c.Prune.Budget
	if b != nil && b.Batch > 0 && b.Latency == 0 {
		return c.root.place("prune.budget.batch").errorf("prune.budget.batch has no effect without prune.budget.latency; remove it")
	}
	if b != nil && len(b.Layers) > 0 && b.MACs == 0 && b.Params == 0 && b.Latency == 0 && b.Weights == 0 {
		return nil
	}
	return c.checkBudget("macs, params, latency or layers", "{macs: 0.5} or {params: 0.1}",
		budgetKey{"macs", Budget.macs}, budgetKey{"params", Budget.params}, budgetKey{"latency", Budget.latency})
}

// checkBudget demands a budget in one of the measures, the keys in words with an example.
func (c *Config) checkBudget(keys, example string, measures ...budgetKey) error {
	p, place := c.Prune, c.root.place("prune.budget")
	if p.Budget == nil {
		return c.root.place("prune.method").errorf("prune.method %s needs prune.budget, the share to keep: %s", p.Method, example)
	}
	var given []string
	for _, k := range []budgetKey{{"macs", Budget.macs}, {"params", Budget.params}, {"latency", Budget.latency}, {"weights", Budget.weights}} {
		if k.of(*p.Budget) == 0 {
			continue
		}
		if !slices.ContainsFunc(measures, func(m budgetKey) bool { return m.name == k.name }) {
			return c.root.place("prune.budget."+k.name).errorf("prune.budget.%s is not for prune.method %s; use %s", k.name, p.Method, keys)
		}
		given = append(given, k.name)
	}
	if !slices.ContainsFunc(measures, func(m budgetKey) bool { return m.name == "latency" }) {
		switch {
		case p.Budget.Batch > 0:
			return c.root.place("prune.budget.batch").errorf("prune.budget.batch is not for prune.method %s; use %s", p.Method, keys)
		case len(p.Budget.Layers) > 0:
			return c.root.place("prune.budget.layers").errorf("prune.budget.layers is not for prune.method %s; use %s", p.Method, keys)
		}
	}
	switch len(given) {
	case 0:
		return place.errorf("prune.budget must have %s, the share to keep", keys)
	case 1:
		return nil
	}
	return place.errorf("prune.budget has %s and %s; remove one of them", given[0], given[1])
}

// checkWeights reports the first fault between the keys for single weights.
func (c *Config) checkWeights() error {
	p := c.Prune
	fault := func(key, format string, args ...any) error {
		return c.root.place("prune."+key).errorf("prune.%s %s", key, fmt.Sprintf(format, args...))
	}
	if _, err := unstructured.ParsePattern(p.Pattern); err != nil {
		return fault("pattern", "%s", err)
	}
	training := p.Method == "rigl" || p.Schedule != nil
	again := p.Rewind != nil || p.Iterations > 1
	switch {
	case p.Pattern != "" && p.Budget != nil:
		return fault("pattern", "says which share of the weights to keep, and so does prune.budget; remove one of them")
	case p.Pattern != "" && p.Scope == "layer":
		return fault("scope", "has no effect with prune.pattern, which chooses in small groups of weights; remove it")
	case p.Pattern != "" && p.Iterations > 1:
		return fault("iterations", "needs a budget that rounds approach, not prune.pattern; remove one of them")
	case p.Schedule != nil && p.Pattern != "":
		return fault("schedule", "needs a budget to approach, not prune.pattern; remove one of them")
	case p.Repair != nil && (training || again):
		return fault("repair", "is for weights that go at once after training, not for prune.schedule, rewind or iterations; remove it")
	case p.Schedule != nil && p.Schedule.From >= p.Schedule.By:
		return fault("schedule", "has from %g, which must be below by, %g", p.Schedule.From, p.Schedule.By)
	case p.Schedule != nil && again:
		return fault("schedule", "prunes while training, prune.rewind and prune.iterations afterwards; remove one of them")
	case training && c.Train.Epochs == 0:
		return fault("method", "%s works while training, but train.epochs is 0", p.Method)
	case again && (c.Finetune == nil || c.Finetune.Epochs == 0):
		key := "rewind"
		if p.Rewind == nil {
			key = "iterations"
		}
		return fault(key, "needs finetune, the training after each pruning")
	case p.Rewind != nil && c.Train.Epochs > 0 && p.Rewind.Epoch >= c.Train.Epochs:
		return fault("rewind.epoch", "is %d, it must be below train.epochs, which is %d", p.Rewind.Epoch, c.Train.Epochs)
	}
	return nil
}

// checkSnapshot refuses snapshots of epochs that there are not.
func (c *Config) checkSnapshot() error {
	for _, epoch := range c.Train.Snapshot {
		switch {
		case c.Train.Epochs == 0:
			return c.root.place("train.snapshot").errorf("train.snapshot needs training, but train.epochs is 0")
		case epoch > c.Train.Epochs:
			return c.root.place("train.snapshot").errorf("train.snapshot is to keep epoch %d, but train.epochs is %d", epoch, c.Train.Epochs)
		}
	}
	return nil
}

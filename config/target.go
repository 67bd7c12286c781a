package config

import "slices"

// checkTarget reports what is wrong with a target by itself and beside penalties
// and pruning.
func (c *Config) checkTarget() error {
	t := c.Target
	if t == nil {
		return nil
	}
	place := c.root.place("target")
	var measures []string
	for _, m := range []struct {
		key   string
		share float64
	}{{"macs", t.MACs}, {"params", t.Params}, {"groups", t.Groups}} {
		if m.share != 0 {
			measures = append(measures, m.key)
		}
	}
	strong := func(p Penalty) bool { return p.Lambda > 0 && p.Mode == "prox" }
	switch {
	case len(measures) == 0:
		return place.errorf("target must have macs, params or groups, the share to keep: {macs: 0.5}")
	case len(measures) > 1:
		return place.errorf("target has %s and %s; remove one of them", measures[0], measures[1])
	case t.Importance != "" && t.Method != "least":
		return place.errorf("target.importance has no effect with target.method %s; remove it or use least", t.Method)
	case t.From >= t.By:
		return place.errorf("target.from is %g, it must be below target.by, which is %g", t.From, t.By)
	case len(c.Penalties) == 0:
		return place.errorf("target needs penalties, which name the groups to remove; add for example {type: group_lasso, on: channels, lambda: 0.01}")
	case !slices.ContainsFunc(c.Penalties, strong):
		return place.errorf("target needs a penalty with lambda above 0 and mode prox, as others make no exact zeros")
	case t.Groups != 0 && !slices.ContainsFunc(c.Penalties, func(p Penalty) bool { return strong(p) && p.On != "weights" }):
		return place.errorf("target.groups needs a penalty on groups, such as {type: group_lasso, on: branches, lambda: 1e-4}; single weights are none")
	case c.Prune.Method != "zeros":
		return place.errorf("target has no effect with prune.method %s; remove it or use zeros", c.Prune.Method)
	case c.Train.Epochs == 0:
		return place.errorf("target needs training, but train.epochs is 0")
	}
	return nil
}

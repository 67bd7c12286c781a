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
	strong := func(p Penalty) bool { return p.Lambda > 0 && p.Mode == "prox" }
	switch {
	case t.MACs == 0 && t.Params == 0:
		return place.errorf("target must have macs or params, the share to keep: {macs: 0.5}")
	case t.MACs != 0 && t.Params != 0:
		return place.errorf("target has macs and params; remove one of them")
	case t.From >= t.By:
		return place.errorf("target.from is %g, it must be below target.by, which is %g", t.From, t.By)
	case len(c.Penalties) == 0:
		return place.errorf("target needs penalties, whose strength it finds; add for example {type: group_lasso, on: channels, lambda: 0.01}")
	case !slices.ContainsFunc(c.Penalties, strong):
		return place.errorf("target needs a penalty with lambda above 0 and mode prox, as others make no exact zeros")
	case c.Prune.Method != "zeros":
		return place.errorf("target has no effect with prune.method %s; remove it or use zeros", c.Prune.Method)
	case c.Train.Epochs == 0:
		return place.errorf("target needs training, but train.epochs is 0")
	}
	return nil
}

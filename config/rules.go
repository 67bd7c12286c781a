package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pare/regularize"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// check reports the first thing that is wrong between keys.
func (c *Config) check() error {
	if !namePattern.MatchString(c.Name) {
		return c.root.place("name").errorf("name is %q, it must be letters, digits, points, dashes and underscores, as it names a folder", c.Name)
	}
	if t := c.Thresholds; t != nil && (t.Density == 0) == (t.Loss == 0) {
		return c.root.place("thresholds").errorf("thresholds needs either density, the share of activations to keep, " +
			"or loss, the share by which the loss may grow")
	}
	if t := c.Train; t.Keep == "last" && t.EarlyStop.Restore == "best" || t.Keep == "best" && t.EarlyStop.Restore == "last" {
		return c.root.place("train.keep").errorf(
			"train.keep is %s and train.early_stop.restore %s; remove one of them", t.Keep, t.EarlyStop.Restore)
	}
	if err := c.checkSnapshot(); err != nil {
		return err
	}
	if err := c.checkDistill(); err != nil {
		return err
	}
	if err := c.checkAdversarial(); err != nil {
		return err
	}
	if err := c.checkPrune(); err != nil {
		return err
	}
	return c.checkTarget()
}

// runName is the name of a run whose config has none: the name of the file.
func runName(file string) string {
	base := filepath.Base(filepath.ToSlash(file))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && namePattern.MatchString("_"+string(r)) {
			return r
		}
		return '-'
	}, base)
	name = strings.TrimLeft(name, ".-")
	if name == "" {
		return "run"
	}
	return name
}

// checkAdversarial refuses an attack that no example sees, and options that TRADES does not go with.
func (c *Config) checkAdversarial() error {
	a := c.Adversarial
	switch {
	case a == nil:
		return nil
	case c.Train.Epochs == 0 && (c.Finetune == nil || c.Finetune.Epochs == 0):
		return c.root.place("adversarial").errorf("adversarial has no effect, as nothing is trained; remove it")
	case a.Warmup > float64(c.Train.Epochs):
		return c.root.place("adversarial.warmup").errorf("adversarial.warmup is %g epochs, longer than the training of %d", a.Warmup, c.Train.Epochs)
	case a.Trades > 0 && (c.Train.MixUp > 0 || c.Train.CutMix > 0):
		return c.root.place("adversarial.trades").errorf("adversarial.trades compares clean and attacked examples; remove train.mixup and train.cutmix")
	case a.Trades > 0 && c.Train.Groups != nil:
		return c.root.place("adversarial.trades").errorf("adversarial.trades does not go with train.groups; remove one of them")
	case a.Trades > 0 && (c.Train.Distill != nil || c.Finetune != nil && c.Finetune.Distill != nil):
		return c.root.place("adversarial.trades").errorf("adversarial.trades does not go with distill; remove one of them")
	}
	return nil
}

// checkDistill refuses teachers that there is nothing to teach for, and a run as its own teacher
// before there is a trained network.
func (c *Config) checkDistill() error {
	switch {
	case c.Train.Distill != nil && c.Train.Epochs == 0:
		return c.root.place("train.distill").errorf("train.distill has no effect, as train.epochs is 0; remove it")
	case c.Train.Distill != nil && c.Train.Distill.Run == SelfTeacher:
		return c.root.place("train.distill.run").errorf("train.distill.run is self, but a run has no trained network yet; " +
			"name the folder of another run, or move the section to finetune")
	case c.Finetune != nil && c.Finetune.Distill != nil && c.Finetune.Epochs == 0:
		return c.root.place("finetune.distill").errorf("finetune.distill has no effect, as finetune.epochs is 0; remove it")
	}
	return nil
}

// checkTarget reports the first fault of a target, by itself and beside penalties
// and pruning.
func (c *Config) checkTarget() error {
	t := c.Target
	if t == nil {
		return nil
	}
	place := c.root.place("target")
	var measures []string
	for i, share := range []float64{t.MACs, t.Params, t.Groups} {
		if share != 0 {
			measures = append(measures, []string{"macs", "params", "groups"}[i])
		}
	}
	strong := func(p regularize.Spec) bool { return p.Lambda > 0 && p.Mode == "prox" }
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
		return place.errorf("target needs penalties, which name the groups to remove; add for example " +
			"{type: group_lasso, on: channels, lambda: 0.01}")
	case !slices.ContainsFunc(c.Penalties, strong):
		return place.errorf("target needs a penalty with lambda above 0 and mode prox, as others make no exact zeros")
	case t.Groups != 0 && !slices.ContainsFunc(c.Penalties, func(p regularize.Spec) bool { return strong(p) && p.On != "weights" }):
		return place.errorf("target.groups needs a penalty on groups, such as " +
			"{type: group_lasso, on: branches, lambda: 1e-4}; single weights are none")
	case c.Prune.Method != "zeros":
		return place.errorf("target has no effect with prune.method %s; remove it or use zeros", c.Prune.Method)
	case c.Train.Epochs == 0:
		return place.errorf("target needs training, but train.epochs is 0")
	}
	return nil
}

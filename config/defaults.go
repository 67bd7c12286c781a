package config

// defaults is the Config of a file that only has what is required.
func defaults() *Config {
	c := &Config{
		Seed:   1,
		Train:  Train{Epochs: defaultEpochs, Batch: 64, EarlyStop: EarlyStop{Metric: "loss"}},
		Prune:  Prune{Method: "zeros", Scope: "global"},
		Export: Export{Safetensors: true, ONNX: true},
	}
	c.Train.Optimizer.setDefaults(nil)
	c.Train.Schedule.setDefaults(nil)
	return c
}

const (
	defaultEpochs    = 10
	defaultOptimizer = "sgd"
	defaultSchedule  = "constant"
)

// typeOf is the type a section names, or its default.
func typeOf(n *node, byDefault string) string {
	if t := n.get("type"); t != nil && t.kind == text {
		return t.text
	}
	return byDefault
}

func (o *Optimizer) setDefaults(n *node) {
	*o = Optimizer{Type: typeOf(n, defaultOptimizer), LR: 0.001}
	switch o.Type {
	case defaultOptimizer:
		o.LR = 0.1
	case "adam", "adamw": // Kingma and Ba 2015, algorithm 1
		o.Beta1, o.Beta2, o.Eps = 0.9, 0.999, 1e-8
	case "rmda": // Huang and Lee 2022
		o.LR, o.Momentum = 0.1, 0.99
	case "ramda":
		o.Momentum, o.Eps = 0.99, 1e-6
	}
}

func (s *Schedule) setDefaults(n *node) {
	*s = Schedule{Type: typeOf(n, defaultSchedule)}
	if s.Type == "step" {
		s.Gamma = 0.1
	}
}

func (p *Penalty) setDefaults(n *node) {
	if on := n.get("on"); on == nil || on.text != "activations" {
		p.Mode = "prox"
	}
}

func (r *Revive) setDefaults(*node) { *r = Revive{After: 100, Floor: 1e-4, Push: 0.01} }

func (t *Thresholds) setDefaults(*node) { t.Examples = 1000 }

func (t *Target) setDefaults(*node) { t.From, t.By, t.Method = 0.05, 0.4, "least" }

func (f *Finetune) setDefaults(*node) {
	f.Epochs = defaultEpochs
	f.Optimizer.setDefaults(nil)
	f.Schedule.setDefaults(nil)
}

// inherit gives the fine-tuning section the keys of the training section that
// it leaves out. Options of another type of optimizer or schedule do not carry
// over.
func inherit(root *node) {
	train, tune := root.get("train"), root.get("finetune")
	if train == nil || tune == nil || train.kind != section || tune.kind != section {
		return
	}
	// Errors in what is inherited are reported where train is decoded, so that
	// comes first.
	ordered := root.without("finetune")
	for _, e := range root.entries {
		if e.key == "finetune" {
			ordered.entries = append(ordered.entries, e)
		}
	}
	root.entries = ordered.entries

	for _, key := range []string{"epochs", "optimizer", "schedule"} {
		tune.inherit(train, key)
	}
	inheritOptions(tune.get("optimizer"), train.get("optimizer"), defaultOptimizer)
	inheritOptions(tune.get("schedule"), train.get("schedule"), defaultSchedule)
}

func inheritOptions(to, from *node, byDefault string) {
	if to == nil || from == nil || to == from || to.kind != section || from.kind != section {
		return
	}
	if to.get("type") != nil && typeOf(to, byDefault) != typeOf(from, byDefault) {
		return
	}
	for _, e := range from.entries {
		to.inherit(from, e.key)
	}
}

func (n *node) inherit(from *node, key string) {
	if n.get(key) != nil {
		return
	}
	for _, e := range from.entries {
		if e.key == key {
			n.entries = append(n.entries, e)
		}
	}
}

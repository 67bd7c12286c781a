package train

// EarlyStopSpec ends training when validation no longer improves.
type EarlyStopSpec struct {
	Patience int    `yaml:"patience" range:"[0,)" doc:"epochs without improvement on the validation data before the stop, counted once all penalties have their full strength and a target is met; 0: never"`
	Metric   string `yaml:"metric" enum:"loss,accuracy,robust" doc:"value that must improve; robust: the accuracy under attack, with adversarial"` // "" means loss

	// Restore says which weights the phase ends with. The best epoch is chosen by Metric among
	// those that count, and with a Reshaper among those after its last change of the network:
	// weights of an earlier epoch do not fit. It may be less sparse than the last one.
	Restore string `yaml:"restore,omitempty" enum:"best,last" doc:"weights that training ends with; best: of the epoch with the best validation, among those that count for patience and lie after the last removal of units; left out: last"` // "" means last

	MinDelta float64 `yaml:"-"` // smallest improvement that counts; 0 means any
	After    float64 `yaml:"-"` // epochs at the start that count neither as the best nor against patience
}

func (s EarlyStopSpec) active() bool { return s.Patience > 0 || s.restores() }

// restores reports whether the phase ends with the weights of its best epoch.
func (s EarlyStopSpec) restores() bool { return s.Restore == "best" }

// Best is the best validation so far.
type Best struct {
	Epoch   int      `json:"epoch"` // counted from 1
	Metrics Metrics  `json:"metrics"`
	Robust  *Metrics `json:"robust,omitempty"` // under an attack; nil: none was made
}

// improves compares two epochs by the metric of the spec.
func (s EarlyStopSpec) improves(m, best *Best) bool {
	switch {
	case best == nil:
		return true
	case s.Metric == "accuracy":
		return m.Metrics.Accuracy > best.Metrics.Accuracy+s.MinDelta
	case s.Metric == robustMetric:
		return m.Robust.Accuracy > best.Robust.Accuracy+s.MinDelta
	}
	return m.Metrics.Loss < best.Metrics.Loss-s.MinDelta
}

// robustMetric is the Metric that goes by Options.Adversarial.
const robustMetric = "robust"

// judge keeps the best validation and decides whether the phase is over.
func (t *Trainer) judge() {
	t.pos.Done = t.pos.Epoch >= t.o.Epochs
	if t.val == nil {
		return
	}
	unmet := t.o.Reshaper != nil && t.o.Reshaper.Unmet() || t.o.Masks != nil && t.o.Masks.Unmet(t.pos.Step)
	if float64(t.pos.Epoch) < t.o.Stop.After || unmet {
		t.forgetBest()
		return
	}
	now := &Best{Epoch: t.pos.Epoch, Metrics: *t.val, Robust: t.robust}
	if !t.o.Stop.improves(now, t.pos.Best) {
		t.pos.BadEpochs++
		if t.o.Stop.Patience > 0 && t.pos.BadEpochs >= t.o.Stop.Patience {
			t.pos.Done = true
		}
		return
	}
	t.pos.Best, t.pos.BadEpochs = now, 0
	if !t.o.Stop.restores() {
		return
	}
	if t.best == nil {
		t.best = cloneTensors(t.params)
	} else {
		copyTensors(t.best, t.params)
	}
}

// forgetBest begins to look for the best epoch anew.
func (t *Trainer) forgetBest() { t.pos.Best, t.best, t.pos.BadEpochs = nil, nil, 0 }

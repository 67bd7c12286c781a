package run

import (
	"cmp"
	"fmt"
	"math"

	"pare/layers/activity"
	"pare/report"
	"pare/train"
)

// Names of the points at which a network is tested, in their order.
const (
	stageTrained    = "trained"
	stageZeroed     = "zeroed"     // units chosen by magnitude or at random are 0
	stageRemoved    = "removed"    // units that are 0 are gone
	stageThresholds = "thresholds" // ReLUs have thresholds
	stageFinal      = "final"      // fine-tuned
)

// stage is a point at which the network was tested.
type stage struct {
	report.Stage
	loss float64          // NaN: not known
	act  *activity.Report // nil: not known, or no activations that make zeros
}

// Stages are the test results of the run: of the trained network, with the units
// zeroed that a baseline chose, after the removal, with thresholds, and at the end.
func (s *Summary) Stages() []report.Stage { return shown(s.stages()) }

func (s *Summary) stages() []stage {
	point := func(name string, accuracy float64, correct int, loss float64, act *activity.Report) stage {
		return stage{report.Stage{Name: name, Accuracy: accuracy, Correct: correct}, loss, act}
	}
	var out []stage
	before := point(stageTrained, s.AccuracyBeforePrune, s.CorrectBeforePrune, s.LossBeforePrune, s.DensityBeforePrune)
	if (PruneRequest{Method: s.Method}).selects() {
		loss := s.LossTrained
		if loss == 0 { // written before there was such a key
			loss = math.NaN()
		}
		correct := cmp.Or(s.CorrectTrained, int(math.Round(s.AccuracyTrained*float64(s.Targets()))))
		out = append(out, point(stageTrained, s.AccuracyTrained, correct, loss, s.DensityTrained))
		before.Name = stageZeroed
	}
	out = append(out, before)
	if s.Method != "none" {
		out = append(out, point(stageRemoved, s.AccuracyAfterPrune, s.CorrectAfterPrune, s.LossAfterPrune, s.DensityAfterPrune))
	}
	if t := s.Thresholded; t != nil {
		out = append(out, point(stageThresholds, t.Accuracy, t.Correct, t.Loss, s.DensityThresholded))
	}
	return append(out, point(stageFinal, s.AccuracyFinal, s.CorrectFinal, s.LossFinal, s.Density))
}

// Stages are the accuracies of the pruning on the test set; nil where there were no data.
func (p *Pruning) Stages() []report.Stage { return shown(p.stages()) }

// Measures are the further test results, for reports.
func (p *Pruning) Measures() []report.Measure {
	if p.Before == nil {
		return nil
	}
	return append([]report.Measure{lossMeasure("loss", "%.4f", p.stages(), func(v float64) float64 { return v })}, activities(p.stages())...)
}

func (p *Pruning) stages() []stage {
	if p.Trained == nil || p.Before == nil || p.After == nil {
		return nil
	}
	point := func(name string, m *train.Metrics, act *activity.Report) stage {
		return stage{report.Stage{Name: name, Accuracy: m.Accuracy, Correct: m.Correct}, m.Loss, act}
	}
	out := []stage{point(stageTrained, p.Before, p.ActivityBefore)}
	if p.selects() {
		out = []stage{point(stageTrained, p.Trained, p.ActivityTrained), point(stageZeroed, p.Before, p.ActivityBefore)}
	}
	out = append(out, point(stageRemoved, p.After, p.ActivityAfter))
	if p.Thresholded != nil {
		out = append(out, point(stageThresholds, p.Thresholded, p.ActivityThresholded))
	}
	return out
}

func shown(stages []stage) []report.Stage {
	var out []report.Stage
	for _, s := range stages {
		out = append(out, s.Stage)
	}
	return out
}

// lossMeasure is a function of the loss at every stage that knows its loss.
func lossMeasure(name, format string, stages []stage, of func(float64) float64) report.Measure {
	m := report.Measure{Name: name}
	for _, s := range stages {
		if !math.IsNaN(s.loss) {
			m.Readings = append(m.Readings, report.Reading{Stage: s.Name, Value: fmt.Sprintf(format, of(s.loss))})
		}
	}
	return m
}

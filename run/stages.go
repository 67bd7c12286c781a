package run

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"pare/datasets"
	"pare/layers/activity"
	"pare/report"
	"pare/train"
)

// Names of the points at which a network is tested, in their order.
const (
	stageTrained    = "trained"
	stageZeroed     = "zeroed"     // units chosen by magnitude or at random are 0
	stageRepaired   = "repaired"   // weights that read them were fitted
	stageRemoved    = "removed"    // units that are 0 are gone
	stageThresholds = "thresholds" // ReLUs have thresholds
	stageFinal      = "final"      // fine-tuned
)

// stage is a point at which the network was tested.
type stage struct {
	report.Stage
	loss   float64          // NaN: not known
	act    *activity.Report // nil: not known, or no activations that make zeros
	detail *train.Detail    // nil: not known
}

// Stages are the test results of the run: of the trained network, with the units
// zeroed that a baseline chose, after the removal, with thresholds, and at the end.
func (s *Summary) Stages() []report.Stage { return shown(s.stages()) }

func (s *Summary) stages() []stage {
	point := func(name string, accuracy float64, correct int, loss float64, act *activity.Report) stage {
		if s.NoAccuracy {
			accuracy = math.NaN()
		}
		return stage{report.Stage{Name: name, Accuracy: accuracy, Correct: correct}, loss, act, s.Details[name]}
	}
	var out []stage
	before := point(stageTrained, s.AccuracyBeforePrune, s.CorrectBeforePrune, s.LossBeforePrune, s.DensityBeforePrune)
	if (PruneRequest{Method: s.Method}).selects() || s.Method == "weights" && s.Importance != "" {
		loss := s.LossTrained
		if loss == 0 { // written before there was such a key
			loss = math.NaN()
		}
		correct := cmp.Or(s.CorrectTrained, int(math.Round(s.AccuracyTrained*float64(s.Targets()))))
		out = append(out, point(stageTrained, s.AccuracyTrained, correct, loss, s.DensityTrained))
		before.Name = stageZeroed
		if z := s.Zeroed; z != nil {
			out = append(out, point(stageZeroed, z.Accuracy, z.Correct, z.Loss, s.DensityZeroed))
			before.Name = stageRepaired
		}
		before.detail = s.Details[before.Name]
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
	out := demands(p.Measured, p.Report.Limited)
	if p.Before == nil {
		return out
	}
	loss := lossMeasure("loss", "%.4f", p.stages(), func(v float64) float64 { return v })
	out = slices.Concat([]report.Measure{loss}, details(p.stages()), activities(p.stages()), out)
	if w := p.SingleWeights; w != nil {
		out = append(out, singleWeights(*w))
	}
	return out
}

func (p *Pruning) stages() []stage {
	if p.Trained == nil || p.Before == nil || p.After == nil {
		return nil
	}
	point := func(name string, m *train.Metrics, act *activity.Report) stage {
		accuracy := m.Accuracy
		if m.NoAccuracy {
			accuracy = math.NaN()
		}
		return stage{report.Stage{Name: name, Accuracy: accuracy, Correct: m.Correct}, m.Loss, act, p.Details[name]}
	}
	out := []stage{point(stageTrained, p.Before, p.ActivityBefore)}
	if p.selects() {
		out = []stage{point(stageTrained, p.Trained, p.ActivityTrained)}
		last := stageZeroed
		if p.Zeroed != nil {
			out = append(out, point(stageZeroed, p.Zeroed, p.ActivityZeroed))
			last = stageRepaired
		}
		out = append(out, point(last, p.Before, p.ActivityBefore))
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

// Language holds the losses of a summary as measures of a language model, where the task
// is to predict the next character (or other token) of a text. All fields are 0, and left out of
// summary.json, for other tasks.
type Language struct {
	PerplexityTrained     float64 `json:"perplexity_trained,omitempty"`              // exp of the loss, the number of equally likely characters, at the end of training
	PerplexityBeforePrune float64 `json:"perplexity_before_prune,omitempty"`         // right before the removal
	PerplexityAfterPrune  float64 `json:"perplexity_after_prune,omitempty"`          // right after the removal
	PerplexityFinal       float64 `json:"perplexity_final,omitempty"`                // of the final network
	BitsTrained           float64 `json:"bits_per_character_trained,omitempty"`      // loss in bits at the end of training
	BitsBeforePrune       float64 `json:"bits_per_character_before_prune,omitempty"` // right before the removal
	BitsAfterPrune        float64 `json:"bits_per_character_after_prune,omitempty"`  // right after the removal
	BitsFinal             float64 `json:"bits_per_character_final,omitempty"`        // of the final network
	EntropyBits           float64 `json:"entropy_bits_per_character,omitempty"`      // least possible bits per character, for data with a known entropy
	ExcessBits            float64 `json:"excess_bits_per_character,omitempty"`       // bits of the final network above the entropy
}

// Regression holds the losses of a summary where targets are numbers: the mean of the
// squared differences. All fields are 0, and left out of summary.json,
// for other tasks.
type Regression struct {
	NoAccuracy     bool    `json:"no_accuracy,omitempty"`      // accuracies have no meaning: no prediction counts as right
	MSETrained     float64 `json:"mse_trained,omitempty"`      // mean square error at the end of training
	MSEBeforePrune float64 `json:"mse_before_prune,omitempty"` // right before the removal
	MSEAfterPrune  float64 `json:"mse_after_prune,omitempty"`  // right after the removal
	MSEFinal       float64 `json:"mse_final,omitempty"`        // of the final network
}

// measures turns losses of the trained network, before and after removal and at the
// end into the measures of a task.
func measures(set *datasets.Set, trained, before, after, final float64) (l Language, r Regression) {
	switch {
	case targetForm(set.Task).Noun() == "numbers":
		r = Regression{set.Task.Near == 0, trained, before, after, final}
	case set.Task.NextToken:
		l = Language{Perplexity(trained), Perplexity(before), Perplexity(after), Perplexity(final),
			BitsPerCharacter(trained), BitsPerCharacter(before), BitsPerCharacter(after), BitsPerCharacter(final), 0, 0}
		if set.Entropy > 0 {
			l.EntropyBits = BitsPerCharacter(set.Entropy)
			l.ExcessBits = l.BitsFinal - l.EntropyBits
		}
	}
	return l, r
}

// Perplexity is exp of a mean loss in nats, the largest number where that is too
// large.
func Perplexity(loss float64) float64 { return min(math.Exp(loss), math.MaxFloat64) }

// BitsPerCharacter is a mean loss in nats in bits.
func BitsPerCharacter(loss float64) float64 { return loss / math.Ln2 }

// Targets is the number of targets that accuracies are shares of.
func (s *Summary) Targets() int { return cmp.Or(s.TestTargets, s.TestExamples) }

// StageValue is the measure of a run at one of its stages.
type StageValue struct {
	Stage string  `json:"stage"`
	Value float64 `json:"value"`
}

// Headline is the result on the test set that runs of one task are compared by: the error
// where classes are predicted, the perplexity of a text, or the mean square error. Its
// values go from the trained network to the final one; a stage whose loss an older version
// did not keep is left out.
func (s *Summary) Headline() (measure string, values []StageValue) {
	measure, of := "error", func(at stage) float64 { return 1 - at.Accuracy }
	switch {
	case s.PerplexityFinal > 0:
		measure, of = "perplexity", func(at stage) float64 { return Perplexity(at.loss) }
	case s.MSEFinal > 0:
		measure, of = "mean square error", func(at stage) float64 { return at.loss }
	}
	for _, at := range s.stages() {
		if v := of(at); !math.IsNaN(v) {
			values = append(values, StageValue{Stage: at.Name, Value: v})
		}
	}
	return measure, values
}

// Measures are the results on the test set that loss and accuracy do not show, for
// reports.
func (s *Summary) Measures() []report.Measure {
	var out []report.Measure
	stages := s.stages()
	if s.PerplexityFinal > 0 {
		out = append(out, lossMeasure("perplexity", "%.4g", stages, Perplexity))
		bits := lossMeasure("bits per character", "%.4f", stages, BitsPerCharacter)
		if s.EntropyBits > 0 {
			bits.Note = fmt.Sprintf("%.4f above the entropy, %.4f", s.ExcessBits, s.EntropyBits)
		}
		out = append(out, bits)
	}
	if s.MSEFinal > 0 {
		out = append(out, lossMeasure("mean square error", "%.4g", stages, func(v float64) float64 { return v }))
	}
	out = append(out, details(stages)...)
	if w := s.SingleWeights; w != nil {
		out = append(out, singleWeights(*w))
	}
	if v := s.Variables; v != nil {
		out = append(out, v.measure())
	}
	for _, w := range s.PenaltyWeights {
		out = append(out, w.measure())
	}
	if s.TrainGroups != nil {
		out = append(out, groupsMeasure(s.TrainGroups))
	}
	out = append(out, demands(s.Latency, s.Limited)...)
	return append(out, activities(stages)...)
}

// detailMeasure is a value of a train.Detail that summaries show.
type detailMeasure struct {
	name, format string
	value        func(*train.Detail) *float64
	scale        float64
}

var detailMeasures = []detailMeasure{
	{"macro F1", "%.4f", func(d *train.Detail) *float64 { return d.MacroF1 }, 1},
	{"top 5", "%.2f %%", func(d *train.Detail) *float64 { return d.Top5 }, 100},
	{"R²", "%.4f", func(d *train.Detail) *float64 { return d.R2 }, 1},
	{"mean absolute error", "%.4g", func(d *train.Detail) *float64 { return d.MAE }, 1},
}

// text is the value with its unit; "" where a detail, which may be nil, does not have it.
func (m detailMeasure) text(d *train.Detail) string {
	if d == nil || m.value(d) == nil {
		return ""
	}
	return fmt.Sprintf(m.format, m.scale**m.value(d))
}

// MeasureLines are the values of a detail that summaries show, each with its name: "R² 0.8123".
func MeasureLines(d *train.Detail) (out []string) {
	for _, m := range detailMeasures {
		if text := m.text(d); text != "" {
			out = append(out, m.name+" "+text)
		}
	}
	return out
}

// details are the rows of the values that details hold.
func details(stages []stage) []report.Measure {
	var out []report.Measure
	for _, row := range detailMeasures {
		m := report.Measure{Name: row.name}
		for _, s := range stages {
			if text := row.text(s.detail); text != "" {
				m.Readings = append(m.Readings, report.Reading{Stage: s.Name, Value: text})
			}
		}
		if len(m.Readings) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// classes are the results by class at every stage that knows them.
func (s *Summary) classes() report.Classes {
	c := report.Classes{Names: s.ClassNames}
	for _, at := range s.stages() {
		if at.detail != nil && at.detail.Classes != nil {
			c.Stages = append(c.Stages, report.ClassStage{Name: at.Name, Detail: at.detail})
		}
	}
	return c
}

// Activity is how sparse activations are on the test set. All fields are nil, and
// left out of summary.json, for networks without activations that make zeros.
type Activity struct {
	DensityTrained     *activity.Report `json:"activation_density_trained,omitempty"`          // activations on the test set at the end of training, where a baseline zeroes units then
	DensityZeroed      *activity.Report `json:"activation_density_zeroed,omitempty"`           // with the chosen units at 0, before a repair
	DensityBeforePrune *activity.Report `json:"activation_density_before_prune,omitempty"`     // right before the removal
	DensityAfterPrune  *activity.Report `json:"activation_density_after_prune,omitempty"`      // right after the removal
	DensityThresholded *activity.Report `json:"activation_density_after_thresholds,omitempty"` // with thresholds
	Density            *activity.Report `json:"activation_density,omitempty"`                  // of the final network
}

// activities returns the rows for reports; none if no activation makes zeros.
func activities(stages []stage) []report.Measure {
	row := func(name string, value func(*activity.Report) float64) report.Measure {
		m := report.Measure{Name: name}
		for _, s := range stages {
			if s.act != nil {
				m.Readings = append(m.Readings, report.Reading{Stage: s.Name, Value: fmt.Sprintf("%.2f %%", 100*value(s.act))})
			}
		}
		return m
	}
	if len(stages) == 0 {
		return nil
	}
	last := stages[len(stages)-1].act
	if last == nil {
		return nil
	}
	density := row("active", func(r *activity.Report) float64 { return r.Overall })
	density.Note = "share of activations that are not 0" + spread(last)
	return []report.Measure{density,
		row("dead units", func(r *activity.Report) float64 { return r.Dead })}
}

// spread names the layers with the fewest and the most values that are not 0; ""
// for a single layer.
func spread(r *activity.Report) string {
	names := slices.Sorted(maps.Keys(r.Layers))
	if len(names) < 2 {
		return ""
	}
	byDensity := func(a, b string) int { return cmp.Compare(r.Layers[a].Density, r.Layers[b].Density) }
	least, most := slices.MinFunc(names, byDensity), slices.MaxFunc(names, byDensity)
	return fmt.Sprintf("; lowest %.2f %% in %s, highest %.2f %% in %s", 100*r.Layers[least].Density, least, 100*r.Layers[most].Density, most)
}

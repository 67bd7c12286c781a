package run

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/report"
	"pare/train"
)

// Summary is the outcome of a run: summary.json. Accuracies are shares of all targets of
// the test set, losses means over them. "Trained" is the network at the end of training;
// "before" and "after" a prune are right before and right after the physical removal, so
// the units chosen by a baseline are already zero in "before".
type Summary struct {
	Name    string `json:"name"`
	Model   string `json:"model"`
	Dataset string `json:"dataset"`
	Seed    uint64 `json:"seed"`

	ParamsBefore int64 `json:"params_before"`
	ParamsAfter  int64 `json:"params_after"`
	NonZeroAfter int64 `json:"nonzero_after"`
	MACsBefore   int64 `json:"macs_before"`
	MACsAfter    int64 `json:"macs_after"`

	AccuracyTrained     float64 `json:"accuracy_trained"`
	AccuracyBeforePrune float64 `json:"accuracy_before_prune"`
	AccuracyAfterPrune  float64 `json:"accuracy_after_prune"`
	AccuracyFinal       float64 `json:"accuracy_final"`
	CorrectTrained      int     `json:"correct_trained"`
	CorrectBeforePrune  int     `json:"correct_before_prune"`
	CorrectAfterPrune   int     `json:"correct_after_prune"`
	CorrectFinal        int     `json:"correct_final"`
	TestExamples        int     `json:"test_examples"`
	TestTargets         int     `json:"test_targets"` // an example has one, or one for each position
	LossTrained         float64 `json:"loss_trained"`
	LossBeforePrune     float64 `json:"loss_before_prune"`
	LossAfterPrune      float64 `json:"loss_after_prune"`
	LossFinal           float64 `json:"loss_final"`

	Language
	Regression
	Activity
	ClassNames  []string       `json:"class_names,omitempty"` // of classes or labels, in their order; nil: they have none
	Details     Details        `json:"details,omitempty"`     // test set, by stage
	Thresholds  *Thresholds    `json:"thresholds,omitempty"`
	Thresholded *train.Metrics `json:"after_thresholds,omitempty"` // test set, with them; nil: the config asks for none

	Method      string            `json:"method"`
	Importance  string            `json:"importance,omitempty"` // that chose units; "": the method has none
	Certificate prune.Certificate `json:"certificate"`
	Removed     prune.Removed     `json:"removed"`
	Weights     []LayerWeights    `json:"weights"`             // of the layers that have them
	Variables   *Variables        `json:"variables,omitempty"` // of the input; nil: they have no names

	gradual.Shrinking

	BestEpoch         int `json:"best_epoch,omitempty"`          // of training, whose weights were kept; 0: the last one's
	FinetuneBestEpoch int `json:"finetune_best_epoch,omitempty"` // the same

	TrainSeconds    float64 `json:"train_seconds"`
	FinetuneSeconds float64 `json:"finetune_seconds"`
	DataWaitSeconds float64 `json:"data_wait_seconds"` // of both: steps that waited for data
	Finished        string  `json:"finished"`          // RFC 3339, UTC

	Warnings []string `json:"warnings,omitempty"` // of all sessions, in their order
	Command  string   `json:"command,omitempty"`  // that started the run; sessions.json has those that went on with it
}

func (r *runner) summarise(small *nn.Network, p *pruneResult, final train.Metrics, tuned train.Result) *Summary {
	counts := small.Count()
	language, regression := measures(r.data.Set, p.Trained.Loss, p.Before.Loss, p.After.Loss, final.Loss)
	var tuneStop train.EarlyStopSpec
	tuneStop.Restore = r.c.Train.Keep
	return &Summary{Language: language, ClassNames: r.data.Set.ClassNames, BestEpoch: p.BestEpoch,
		FinetuneBestEpoch: bestEpoch(tuneStop, tuned), Regression: regression, Shrinking: p.Shrinking,
		Name: r.c.Name, Model: r.full.Name, Dataset: r.c.Data.Dataset, Seed: r.c.Seed,
		ParamsBefore: p.Report.Before.Params, ParamsAfter: counts.Params, NonZeroAfter: counts.NonZero,
		MACsBefore: p.Report.Before.MACs, MACsAfter: counts.MACs,
		AccuracyTrained: p.Trained.Accuracy, AccuracyBeforePrune: p.Before.Accuracy,
		AccuracyAfterPrune: p.After.Accuracy, AccuracyFinal: final.Accuracy,
		CorrectTrained: p.Trained.Correct, CorrectBeforePrune: p.Before.Correct,
		CorrectAfterPrune: p.After.Correct, CorrectFinal: final.Correct,
		LossTrained: p.Trained.Loss, LossBeforePrune: p.Before.Loss,
		LossAfterPrune: p.After.Loss, LossFinal: final.Loss,
		TestExamples: count(r.data.Set.Test), TestTargets: final.N,
		Method: r.c.Prune.Method, Importance: r.pruneRequest().criterion(), Certificate: p.Report.Certificate,
		Removed: p.Report.Removed, Weights: layerWeights(r.full, p.Weights, small), Variables: variables(small),
		TrainSeconds: p.TrainSeconds, FinetuneSeconds: tuned.Seconds, DataWaitSeconds: p.DataWaitSeconds + tuned.Waited,
		Finished: time.Now().UTC().Format(time.RFC3339), Command: r.sessions[0].Command,
		Thresholds: p.Thresholds, Thresholded: p.Thresholded}
}

// Variables names the variables of the input that the final network reads, and those that it
// does not. The columns of 0 and 1 of a categorical variable are one variable.
type Variables struct {
	Kept    []string `json:"kept"`
	Removed []string `json:"removed"`
}

// mostNames is how many variables a report lists by name.
const mostNames = 20

// measure lists the variables for reports.
func (v *Variables) measure() report.Measure {
	list := func(names []string) string {
		if n := len(names); n > mostNames {
			return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), n-mostNames)
		}
		return cmp.Or(strings.Join(names, ", "), "none")
	}
	return report.Measure{Name: "input variables",
		Readings: []report.Reading{{Stage: stageFinal, Value: fmt.Sprintf("%d of %d", len(v.Kept), len(v.Kept)+len(v.Removed))}},
		Note:     fmt.Sprintf("kept: %s; removed: %s", list(v.Kept), list(v.Removed))}
}

func variables(net *nn.Network) *Variables {
	if net.Features == nil {
		return nil
	}
	read, ignored := prune.Variables(net)
	return &Variables{append([]string{}, read...), append([]string{}, ignored...)}
}

// LayerWeights is how the weights of a layer are distributed at the end of
// training, before anything is removed, and in the final network.
type LayerWeights struct {
	Original int64        `json:"original,omitempty"` // weights at the start; 0: the layer was not there
	Trained  *nn.Sparsity `json:"trained"`            // nil: a layer that pruning put in
	Final    *nn.Sparsity `json:"final"`              // nil: removed
}

// layerWeights pairs the layers by name; layers of the final network alone come last.
func layerWeights(full *nn.Network, trained []nn.Sparsity, final *nn.Network) []LayerWeights {
	original := map[string]int64{}
	for _, s := range full.Sparsity() {
		original[s.Layer] = s.Weights
	}
	left := map[string]*nn.Sparsity{}
	after := final.Sparsity()
	for i := range after {
		left[after[i].Layer] = &after[i]
	}
	var out []LayerWeights
	for i := range trained {
		name := trained[i].Layer
		out = append(out, LayerWeights{original[name], &trained[i], left[name]})
		delete(left, name)
	}
	for i := range after {
		if left[after[i].Layer] != nil {
			out = append(out, LayerWeights{Final: &after[i]})
		}
	}
	return out
}

func reportWeights(layers []LayerWeights) []report.Weights {
	var out []report.Weights
	for _, l := range layers {
		out = append(out, report.Weights{Original: l.Original, Trained: l.Trained, Final: l.Final})
	}
	return out
}

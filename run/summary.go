package run

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/prune/repair"
	"pare/prune/unstructured"
	"pare/report"
	"pare/train"
)

// Summary is the outcome of a run: summary.json. Accuracies are shares of all targets of
// the test set, losses means over them. "Trained" is the network at the end of training;
// "before" and "after" a prune are right before and right after the physical removal, so
// the units chosen by a baseline are already zero in "before".
type Summary struct {
	Name    string `json:"name"`    // name of the run
	Model   string `json:"model"`   // kind of network
	Dataset string `json:"dataset"` // name of the data
	Seed    uint64 `json:"seed"`    // seed of the run

	ParamsBefore int64 `json:"params_before"` // trainable values of the network at the start
	ParamsAfter  int64 `json:"params_after"`  // trainable values of the final network
	NonZeroAfter int64 `json:"nonzero_after"` // trainable values of the final network that are not 0
	MACsBefore   int64 `json:"macs_before"`   // multiply-accumulates of one example, network at the start
	MACsAfter    int64 `json:"macs_after"`    // multiply-accumulates of one example, final network
	// MACsNonZeroAfter counts the multiply-accumulates by weights that are not 0, the
	// theoretical cost in papers on unstructured sparsity.
	MACsNonZeroAfter int64 `json:"macs_nonzero_after"` // multiply-accumulates by weights that are not 0, final network

	AccuracyTrained     float64 `json:"accuracy_trained"`      // share of correct predictions at the end of training
	AccuracyBeforePrune float64 `json:"accuracy_before_prune"` // right before the removal, with the units at 0 that a baseline chose
	AccuracyAfterPrune  float64 `json:"accuracy_after_prune"`  // right after the removal
	AccuracyFinal       float64 `json:"accuracy_final"`        // of the final network
	CorrectTrained      int     `json:"correct_trained"`       // correct predictions at the end of training
	CorrectBeforePrune  int     `json:"correct_before_prune"`  // right before the removal
	CorrectAfterPrune   int     `json:"correct_after_prune"`   // right after the removal
	CorrectFinal        int     `json:"correct_final"`         // of the final network
	TestExamples        int     `json:"test_examples"`         // examples of the test set
	TestTargets         int     `json:"test_targets"`          // targets of the test set: an example has one, or one for each position
	LossTrained         float64 `json:"loss_trained"`          // mean loss in nats, or mean square, at the end of training
	LossBeforePrune     float64 `json:"loss_before_prune"`     // right before the removal
	LossAfterPrune      float64 `json:"loss_after_prune"`      // right after the removal
	LossFinal           float64 `json:"loss_final"`            // of the final network

	Language
	Regression
	Activity
	ClassNames  []string       `json:"class_names,omitempty"`      // names of classes or labels, in their order; nil: they have none
	Details     Details        `json:"details,omitempty"`          // further results on the test set, by stage
	Thresholds  *Thresholds    `json:"thresholds,omitempty"`       // thresholds of ReLUs; nil: the config asks for none
	Thresholded *train.Metrics `json:"after_thresholds,omitempty"` // results on the test set with thresholds; nil: the config asks for none

	Zeroed   *train.Metrics `json:"zeroed,omitempty"`   // results on the test set with the chosen units at 0, before their repair; nil: the config asks for none
	Repaired []repair.Fit   `json:"repaired,omitempty"` // layers whose weights the repair fitted

	Method      string            `json:"method"`                     // prune.method of the config
	Importance  string            `json:"importance,omitempty"`       // criterion that chose units; "": the method has none
	Certificate prune.Certificate `json:"certificate"`                // comparison of the outputs before and after the last removal
	Removed     prune.Removed     `json:"removed"`                    // units that pruning has removed, since the start
	Latency     *prune.Latency    `json:"latency_measured,omitempty"` // time of an inference before and after the removal; nil: prune.budget has no latency
	Limited     []prune.Limited   `json:"limited,omitempty"`          // layers that keep units by prune.keep or prune.round_to that would have gone; nil: none
	Weights     []LayerWeights    `json:"weights"`                    // distribution of the weights of each layer that has them
	Variables   *Variables        `json:"variables,omitempty"`        // variables of the input; nil: they have no names

	TrainGroups    []TrainGroup     `json:"train_groups,omitempty"`    // groups of train.groups with their weights in the loss; nil: the config names none
	PenaltyWeights []PenaltyWeights `json:"penalty_weights,omitempty"` // of penalties with weights; nil: none has any

	SingleWeights *unstructured.Count `json:"single_weights,omitempty"` // of methods weights and rigl, in the shape before removal

	gradual.Shrinking

	BestEpoch         int `json:"best_epoch,omitempty"`          // epoch of training whose weights were kept; 0: the last one
	FinetuneBestEpoch int `json:"finetune_best_epoch,omitempty"` // epoch of fine-tuning whose weights were kept; 0: the last one

	TrainSeconds    float64 `json:"train_seconds"`     // time of training, over all sessions
	FinetuneSeconds float64 `json:"finetune_seconds"`  // time of fine-tuning, over all sessions
	DataWaitSeconds float64 `json:"data_wait_seconds"` // wait of both for data
	Finished        string  `json:"finished"`          // end of the run: RFC 3339, UTC

	Warnings []string `json:"warnings,omitempty"` // warnings of all sessions, in their order
	Command  string   `json:"command,omitempty"`  // command that started the run; sessions.json has the commands that went on with it
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
		MACsBefore: p.Report.Before.MACs, MACsAfter: counts.MACs, MACsNonZeroAfter: small.NonZeroMACs(),
		AccuracyTrained: p.Trained.Accuracy, AccuracyBeforePrune: p.Before.Accuracy,
		AccuracyAfterPrune: p.After.Accuracy, AccuracyFinal: final.Accuracy,
		CorrectTrained: p.Trained.Correct, CorrectBeforePrune: p.Before.Correct,
		CorrectAfterPrune: p.After.Correct, CorrectFinal: final.Correct,
		LossTrained: p.Trained.Loss, LossBeforePrune: p.Before.Loss,
		LossAfterPrune: p.After.Loss, LossFinal: final.Loss,
		TestExamples: count(r.data.Set.Test), TestTargets: final.N,
		Method: r.c.Prune.Method, Importance: r.pruneRequest().criterion(), Certificate: p.Report.Certificate,
		Removed: p.Report.Removed, Latency: p.Measured, Limited: p.Report.Limited, Weights: layerWeights(r.full, p.Weights, small), Variables: variables(small), SingleWeights: p.SingleWeights,
		TrainSeconds: p.TrainSeconds, FinetuneSeconds: tuned.Seconds + p.RoundSeconds, DataWaitSeconds: p.DataWaitSeconds + tuned.Waited,
		Finished: time.Now().UTC().Format(time.RFC3339), Command: r.sessions[0].Command,
		Zeroed: p.Zeroed, Repaired: p.Repaired, Thresholds: p.Thresholds, Thresholded: p.Thresholded}
}

// Variables names the variables of the input that the final network reads, and those that it
// does not. The columns of 0 and 1 of a categorical variable are one variable.
type Variables struct {
	Kept    []string `json:"kept"`    // names of the variables that the final network reads
	Removed []string `json:"removed"` // names of the variables that it does not read
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
	Trained  *nn.Sparsity `json:"trained"`            // at the end of training; nil: a layer that pruning put in
	Final    *nn.Sparsity `json:"final"`              // in the final network; nil: removed
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

package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"pare/datasets"
	"pare/export"
	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/train"
)

// certificateExamples is the number of test examples of a certificate; random
// ones come on top.
const certificateExamples = 256

// pruneResult is the record of the pruning of a run: prune.json.
type pruneResult struct {
	Pruning
	TrainSeconds    float64       `json:"train_seconds"`
	DataWaitSeconds float64       `json:"data_wait_seconds"`
	RoundSeconds    float64       `json:"round_seconds,omitempty"` // of fine-tuning between the rounds of pruning
	BestEpoch       int           `json:"best_epoch,omitempty"`    // whose weights were kept; 0: the last one's
	LogLines        int           `json:"log_lines"`               // of the metrics log, so far
	Weights         []nn.Sparsity `json:"weights"`                 // at the end of training
	Config          string        `json:"config"`                  // hash
	gradual.Shrinking
}

// prune removes units as the config says, measures right before and right after, and keeps
// both networks in the run folder.
func (r *runner) prune(ctx context.Context, net *nn.Network, way *gradual.Shrinker,
	trained train.Result) (*nn.Network, *pruneResult, error) {
	if err := r.saveModel(trainedDir, net); err != nil {
		return nil, nil, err
	}
	weights := net.Sparsity()
	var shrinking gradual.Shrinking
	if way != nil {
		if err := way.Missed(net); err != nil {
			return nil, nil, fmt.Errorf("%w; the network is in %s", err, r.folder.path(trainedDir))
		}
		shrinking = way.Shrinking
	}
	first, rounds, err := r.rounds(ctx, net)
	if err != nil {
		return nil, nil, err
	}
	request := r.pruneRequest()
	if request.Keep != nil && net != r.full { // shares are of the network at the start
		if request.fixed, err = request.Keep.Fixed(r.full); err != nil {
			return nil, nil, r.c.Locate("prune.keep", err)
		}
	}
	small, p, err := pruneWith(ctx, net, request, r.data, r.rewind)
	var in *InputError
	switch {
	case errors.Is(err, prune.ErrHeld):
		return nil, nil, r.c.Locate("prune", err)
	case errors.As(err, &in):
		return nil, nil, r.c.Locate("prune.budget", in.Err)
	case notFinite(err):
		return nil, nil, fmt.Errorf("%w; the network is in %s", train.Diverged(err), r.folder.path(trainedDir))
	case err != nil:
		return nil, nil, fmt.Errorf("%w; the network before pruning is in %s", err, r.folder.path(trainedDir))
	}
	if first != nil {
		p.Trained, p.ActivityTrained = first.Trained, first.ActivityTrained
		if d := first.Details[stageTrained]; d != nil {
			p.Details[stageTrained] = d
		}
	}
	for _, text := range p.Warnings {
		r.warn("%s", text)
	}
	if net != r.full {
		p.Report = overall(r.full, small, p.Report)
	}
	if small, p.Thresholds, err = r.calibrate(ctx, small); err != nil {
		return nil, nil, err
	}
	if p.Thresholds != nil {
		if p.Thresholded, p.ActivityThresholded, err = p.measure(ctx, stageThresholds, small, r.data); err != nil {
			return nil, nil, err
		}
	}
	if err := r.saveModel(prunedDir, small); err != nil {
		return nil, nil, err
	}
	res := &pruneResult{Pruning: *p, TrainSeconds: trained.Seconds, DataWaitSeconds: trained.Waited + rounds.Waited,
		RoundSeconds: rounds.Seconds,
		BestEpoch:    bestEpoch(r.earlyStop(), trained), LogLines: r.log.Lines(), Weights: weights, Config: r.hash, Shrinking: shrinking}
	return small, res, r.folder.writeJSON(filepath.Join(prunedDir, pruneFile), res)
}

// overall is the report of all removals of a run: the network at first and the last one,
// with the certificate of the last removal. Values that are not zero are counted right
// before that.
func overall(full, small *nn.Network, last *prune.Report) *prune.Report {
	whole := prune.Compare(full, small)
	whole.Before.NonZero, whole.Certificate, whole.Limited = last.Before.NonZero, last.Certificate, last.Limited
	return whole
}

func (r *runner) pruneRequest() PruneRequest {
	p := r.c.Prune
	q := PruneRequest{Method: p.Method, Importance: p.Importance, Seed: r.c.Seed, Layers: p.Layers, Dense: p.Dense,
		Keep: p.Keep, RoundTo: p.RoundTo}
	if q.single() && p.Schedule == nil && q.Method != "rigl" {
		if q.Pattern = p.Pattern; p.Budget != nil {
			q.Share = p.Budget.Weights
		}
	}
	if q.selects() {
		q.Repair = p.Repair
		q.Scope = p.Scope
		if p.Budget != nil {
			q.MACs, q.Params = p.Budget.MACs, p.Budget.Params
			q.Latency, q.Batch, q.LayerShares = p.Budget.Latency, p.Budget.Batch, p.Budget.Layers
		}
	}
	return q
}

// pruned returns the result of a pruning done in an earlier session.
func (r *runner) pruned() (*nn.Network, *pruneResult, error) {
	var res pruneResult
	found, err := r.folder.readJSON(filepath.Join(prunedDir, pruneFile), &res)
	if !found || err != nil {
		return nil, nil, err
	}
	if res.Config != r.hash || res.Report == nil || res.Trained == nil || res.Before == nil || res.After == nil {
		return nil, nil, &InputError{fmt.Errorf("%s was made with another config than %s; put that back as it was, or start a new run",
			r.folder.path(prunedDir), r.folder.path(ConfigFile))}
	}
	m, err := export.Load(r.folder.path(prunedDir))
	if err != nil {
		return nil, nil, &InputError{err}
	}
	return m.Net, &res, nil
}

func (r *runner) saveModel(dir string, net *nn.Network) error {
	return export.Save(r.folder.path(dir), r.model(net))
}

// model is the network with the data that its users need.
func (r *runner) model(net *nn.Network) export.Model {
	set := r.data.Set
	m := export.Model{Net: net, Classes: set.ClassNames, Outputs: OutputsOf(set.Task), Recipe: set.Recipe, Preprocess: r.data.preprocess()}
	if m.Outputs == export.OutputNumbers {
		m.Classes = set.TargetNames
	}
	return m
}

// OutputsOf is the meaning of the outputs of a network for a task.
func OutputsOf(t datasets.Task) export.Outputs {
	switch {
	case t.Labels:
		return export.OutputLabels
	case t.Classes > 0:
		return export.OutputClasses
	}
	return export.OutputNumbers
}

package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"pare/export"
	"pare/nn"
	"pare/prune"
	"pare/train"
)

// certificateExamples is the number of test examples of a certificate; random
// ones come on top.
const certificateExamples = 256

// pruneResult is what a run keeps of its pruning: prune.json.
type pruneResult struct {
	Report       *prune.Report `json:"report"`
	Trained      train.Metrics `json:"trained"` // test set, before anything is removed or zeroed
	Before       train.Metrics `json:"before"`  // test set, right before removal
	After        train.Metrics `json:"after"`   // test set, right after removal
	TrainSeconds float64       `json:"train_seconds"`
	LogLines     int           `json:"log_lines"` // of the metrics log, so far
	Config       string        `json:"config"`    // hash
}

// prune removes what the config says, measures right before and right after,
// and keeps both networks in the run folder.
func (r *runner) prune(ctx context.Context, net *nn.Network, seconds float64) (*nn.Network, *pruneResult, error) {
	res := &pruneResult{TrainSeconds: seconds, LogLines: r.log.Lines(), Config: r.hash}
	var err error
	if res.Trained, err = r.test(ctx, net); err != nil {
		return nil, nil, err
	}
	if err := r.saveModel(trainedDir, net); err != nil {
		return nil, nil, err
	}
	res.Before = res.Trained
	if s, ok := r.selection(); ok {
		if err := s.Zero(net); err != nil {
			return nil, nil, r.c.Locate("prune.budget", err)
		}
		if res.Before, err = r.test(ctx, net); err != nil {
			return nil, nil, err
		}
	}
	small := net
	if r.c.Prune.Method == "none" {
		counts := net.Count()
		res.Report = &prune.Report{Before: counts, After: counts}
	} else if small, err = r.remove(net, res); err != nil {
		return nil, nil, err
	}
	if res.After, err = r.test(ctx, small); err != nil {
		return nil, nil, err
	}
	if res.After.Correct != res.Before.Correct {
		return nil, nil, fmt.Errorf("pruning changed the test result: %d correct before, %d after, with a certificate of %.3g",
			res.Before.Correct, res.After.Correct, res.Report.Certificate.MaxRelDiff)
	}
	if err := r.saveModel(prunedDir, small); err != nil {
		return nil, nil, err
	}
	return small, res, r.folder.writeJSON(filepath.Join(prunedDir, pruneFile), res)
}

func (r *runner) remove(net *nn.Network, res *pruneResult) (*nn.Network, error) {
	inputs, err := r.data.Examples(r.data.Set.Test, certificateExamples)
	if err != nil {
		return nil, err
	}
	small, report, err := prune.Prune(net, prune.Options{Inputs: inputs, Seed: r.c.Seed})
	res.Report = report
	if err != nil {
		return nil, fmt.Errorf("%w; the network before pruning is in %s", err, r.folder.path(trainedDir))
	}
	return small, nil
}

// selection is the baseline that the config asks for, if it does.
func (r *runner) selection() (prune.Selection, bool) {
	p := r.c.Prune
	if p.Method != "magnitude" && p.Method != "random" {
		return prune.Selection{}, false
	}
	s := prune.Selection{Method: p.Method, Scope: p.Scope, Seed: r.c.Seed}
	if p.Budget != nil {
		s.MACs, s.Params = p.Budget.MACs, p.Budget.Params
	}
	return s, true
}

// pruned returns the result of a pruning done in an earlier session.
func (r *runner) pruned() (*nn.Network, *pruneResult, error) {
	var res pruneResult
	found, err := r.folder.readJSON(filepath.Join(prunedDir, pruneFile), &res)
	if !found || err != nil {
		return nil, nil, err
	}
	if res.Config != r.hash || res.Report == nil {
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
	path := r.folder.path(dir)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return export.Save(path, r.model(net))
}

// model is the network with what its users must know.
func (r *runner) model(net *nn.Network) export.Model {
	return export.Model{Net: net, Classes: r.data.Set.ClassNames,
		Preprocess: export.Preprocess{Mean: r.data.Norm.Mean, Std: r.data.Norm.Std}}
}

package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"pare/export"
	"pare/internal/atomicfile"
	"pare/layers/activity"
	"pare/nn"
	"pare/prune"
	"pare/train"
)

// Pruning is the outcome of a pruning: prune.json beside the network it made.
type Pruning struct {
	Source string `json:"source,omitempty"` // what was pruned
	PruneRequest

	Report  *prune.Report  `json:"report"`
	Trained *train.Metrics `json:"trained,omitempty"` // test set, before anything is zeroed or removed; nil: no data
	Before  *train.Metrics `json:"before,omitempty"`  // right before removal
	After   *train.Metrics `json:"after,omitempty"`   // right after it

	// How sparse activations are on the test set; nil without activations that
	// make zeros, or without data.
	ActivityTrained *activity.Report `json:"activation_density_trained,omitempty"` // where magnitude or random zero units then
	ActivityBefore  *activity.Report `json:"activation_density_before,omitempty"`  // right before removal
	ActivityAfter   *activity.Report `json:"activation_density_after,omitempty"`   // right after it

	Thresholds  *Thresholds    `json:"thresholds,omitempty"`  // that the network got after all this; nil: none
	Thresholded *train.Metrics `json:"thresholded,omitempty"` // test set, with them; nil: none were asked for

	ActivityThresholded *activity.Report `json:"activation_density_thresholded,omitempty"` // the same

	Warnings []string `json:"warnings,omitempty"`
}

// PruneRequest says what to remove.
type PruneRequest struct {
	Method string  `json:"method,omitempty"` // zeros, magnitude, random, or none
	Scope  string  `json:"scope,omitempty"`  // of magnitude and random: global or layer; "": global
	MACs   float64 `json:"macs,omitempty"`   // of magnitude and random: share to keep
	Params float64 `json:"params,omitempty"` // the other measure; one of them is 0
	Seed   uint64  `json:"seed"`             // of the random method and of the certificate's random inputs
}

// Validate reports what makes no sense, as an InputError.
func (q PruneRequest) Validate() error {
	if q.Method == "zeros" || q.Method == "none" {
		if q.Scope != "" || q.MACs != 0 || q.Params != 0 {
			return &InputError{fmt.Errorf("method %s takes no scope and no budget; they are for magnitude and random", q.Method)}
		}
		return nil
	}
	if !q.selects() {
		return &InputError{fmt.Errorf("there is no method %q; choose zeros, magnitude, random or none", q.Method)}
	}
	if err := q.selection().Validate(); err != nil {
		return &InputError{err}
	}
	return nil
}

// selects reports whether the method chooses units to zero.
func (q PruneRequest) selects() bool { return q.Method == "magnitude" || q.Method == "random" }

// remedy is what keeps a network from closing.
func (q PruneRequest) remedy() string {
	if q.selects() {
		return "keep a larger share"
	}
	return "lower lambda, or let it ramp up later"
}

func (q PruneRequest) selection() prune.Selection {
	return prune.Selection{Method: q.Method, Scope: q.Scope, MACs: q.MACs, Params: q.Params, Seed: q.Seed}
}

// Prune does what is asked with a network, whose parameters magnitude and
// random set to zero in place; running statistics are then those of what is left, as
// far as there are data. data measures right before and right after the
// removal and gives real inputs for the certificate; nil: random ones alone. A
// certificate that does not pass and a test result that changed are errors.
func Prune(ctx context.Context, net *nn.Network, q PruneRequest, data *Data) (*nn.Network, *Pruning, error) {
	if err := q.Validate(); err != nil {
		return nil, nil, err
	}
	res := &Pruning{PruneRequest: q}
	var err error
	if res.Trained, res.ActivityBefore, err = measure(ctx, net, data); err != nil {
		return nil, nil, err
	}
	res.Before = res.Trained
	if q.selects() {
		res.ActivityTrained = res.ActivityBefore
		if err := q.selection().Zero(net); err != nil {
			return nil, nil, &InputError{err}
		}
		if err := data.measureStatistics(ctx, net); err != nil {
			return nil, nil, err
		}
		if res.Before, res.ActivityBefore, err = measure(ctx, net, data); err != nil {
			return nil, nil, err
		}
	}
	small, err := res.remove(net, data)
	if err != nil {
		return nil, nil, err
	}
	if res.Report.After.MACs == 0 && res.Report.Before.MACs > 0 {
		res.Warnings = append(res.Warnings, "the output no longer depends on the input; "+q.remedy())
	}
	if res.After, res.ActivityAfter, err = measure(ctx, small, data); err != nil {
		return nil, nil, err
	}
	if data != nil && res.After.Correct != res.Before.Correct {
		return nil, nil, fmt.Errorf("pruning changed the test result: %d correct before, %d after", res.Before.Correct, res.After.Correct)
	}
	return small, res, ctxError(ctx, "pruning")
}

// remove takes out what is zero, unless the method is none.
func (p *Pruning) remove(net *nn.Network, data *Data) (*nn.Network, error) {
	if p.Method == "none" {
		counts := net.Count()
		p.Report = &prune.Report{Before: counts, After: counts}
		return net, nil
	}
	o := prune.Options{Seed: p.Seed}
	if data != nil {
		var err error
		if o.Inputs, err = data.Examples(data.Set.Test, certificateExamples); err != nil {
			return nil, err
		}
	}
	small, report, err := prune.Prune(net, o)
	p.Report = report
	return small, err
}

// evaluationBatch is how many examples are evaluated at once, at most.
const evaluationBatch = 100

// measure evaluates on the test set; nil without data.
func measure(ctx context.Context, net *nn.Network, data *Data) (*train.Metrics, *activity.Report, error) {
	if data == nil {
		return nil, nil, nil
	}
	m, e, err := evaluate(ctx, net, data)
	if err != nil {
		return nil, nil, err
	}
	return m, e.Activity(), nil
}

// evaluate is measure with data, and gives what else the evaluator knows.
func evaluate(ctx context.Context, net *nn.Network, data *Data) (*train.Metrics, *train.Evaluator, error) {
	batch := net.BatchUpTo(evaluationBatch)
	s, err := data.Eval(data.Set.Test, batch, 0)
	if err != nil {
		return nil, nil, err
	}
	e, err := train.NewEvaluator(net, batch, data.Loss())
	if err != nil {
		return nil, nil, err
	}
	m, err := e.Run(ctx, s)
	if ctx.Err() != nil {
		return nil, nil, ctxError(ctx, "evaluating")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate the test set: %w", err)
	}
	return &m, e, nil
}

// SavePruning writes a pruned model in all formats with prune.json: all or nothing.
// The folder is made; one that holds a model or a run already is an InputError.
func SavePruning(dir string, m export.Model, p *Pruning) error {
	if err := FreeFolder(dir); err != nil {
		return err
	}
	return inFolder(dir, func(dir string) error {
		if err := export.Save(dir, m); err != nil {
			return err
		}
		if err := export.SaveONNX(dir, m); err != nil {
			return err
		}
		return Folder(dir).writeJSON(pruneFile, p)
	})
}

// SaveModel writes a model into a folder, which is made if there is none. What was
// there under the same names is replaced.
func SaveModel(dir string, m export.Model) error {
	return inFolder(dir, func(dir string) error { return export.Save(dir, m) })
}

// inFolder puts files into a folder, all or none; a folder that cannot be made is an
// InputError.
func inFolder(dir string, write func(dir string) error) error {
	err := atomicfile.AddFiles(dir, write)
	var path *fs.PathError
	if errors.As(err, &path) && path.Op == "mkdir" {
		return &InputError{fmt.Errorf("the folder cannot be made: %w", err)}
	}
	return err
}

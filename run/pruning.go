package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"pare/datasets"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/option"
	"pare/layers/activity"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
	"pare/prune/repair"
	"pare/prune/unstructured"
	"pare/train"
)

// Pruning is the outcome of a pruning: prune.json beside the network it made.
type Pruning struct {
	Source string `json:"source,omitempty"` // path of the network that was pruned
	PruneRequest

	Report  *prune.Report  `json:"report"`
	Trained *train.Metrics `json:"trained,omitempty"` // test set, before anything is zeroed or removed; nil: no data
	Zeroed  *train.Metrics `json:"zeroed,omitempty"`  // with the chosen units at 0, before the repair; nil: none
	Before  *train.Metrics `json:"before,omitempty"`  // right before removal
	After   *train.Metrics `json:"after,omitempty"`   // right after it

	// How sparse activations are on the test set; nil without activations that
	// make zeros, or without data.
	ActivityTrained *activity.Report `json:"activation_density_trained,omitempty"` // where units are chosen and zeroed then
	ActivityZeroed  *activity.Report `json:"activation_density_zeroed,omitempty"`  // with the chosen units at 0, before the repair
	ActivityBefore  *activity.Report `json:"activation_density_before,omitempty"`  // right before removal
	ActivityAfter   *activity.Report `json:"activation_density_after,omitempty"`   // right after it

	Thresholds  *Thresholds    `json:"thresholds,omitempty"`  // that the network got after all this; nil: none
	Thresholded *train.Metrics `json:"thresholded,omitempty"` // test set, with them; nil: none were asked for

	ActivityThresholded *activity.Report `json:"activation_density_thresholded,omitempty"` // the same

	Details Details `json:"details,omitempty"`

	Measured *prune.Latency `json:"latency_measured,omitempty"` // time of an inference; nil: the budget is another one
	Repaired []repair.Fit   `json:"repaired,omitempty"`         // layers whose weights were fitted

	Calibration string `json:"calibration,omitempty"` // path of the examples without labels of the repair

	SingleWeights *unstructured.Count `json:"single_weights,omitempty"` // in the shape before removal; nil: the method is about units

	Warnings []string `json:"warnings,omitempty"`
}

// PruneRequest says which units to remove.
type PruneRequest struct {
	Method     string  `json:"method,omitempty"`     // zeros, least, magnitude, random, weights, rigl, or none; "": chosen by the options below
	Importance string  `json:"importance,omitempty"` // of least: a criterion; "": taylor. Of weights; "": magnitude
	Scope      string  `json:"scope,omitempty"`      // where units or weights are chosen: global or layer; "": global
	MACs       float64 `json:"macs,omitempty"`       // where units are chosen: share to keep
	Params     float64 `json:"params,omitempty"`     // another measure; at most one of them is not 0
	Latency    float64 `json:"latency,omitempty"`    // the measured time of an inference as the measure
	Batch      int     `json:"batch,omitempty"`      // examples of such an inference; 0: 1
	Seed       uint64  `json:"seed"`                 // of random scores and of the certificate's random inputs

	LayerShares map[string]float64 `json:"layer_shares,omitempty"` // largest shares of their units that layers keep, by name or pattern; nil: none

	// Of methods that remove units: units that layers keep in any case, and the number whose
	// multiples their units end at; nil and 0: any number.
	Keep    *prune.Keep `json:"keep,omitempty"`
	RoundTo int         `json:"round_to,omitempty"`

	fixed prune.Keep // Keep for a network that is smaller already; no demands: Keep itself counts

	// Of method weights: the share of the single weights to keep, or the pattern. Neither:
	// they were chosen while training, as with rigl.
	Share   float64  `json:"weights_share,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	Layers  []string `json:"layers,omitempty"` // whose weights may go, also with rigl; nil: all
	Dense   []string `json:"dense,omitempty"`  // whose weights all stay

	Repair *repair.Spec `json:"repair,omitempty"` // of the readers of chosen units, right after these are zeroed; nil: none

	// Inputs are examples without targets, in the batched layout: a repair and running statistics
	// take them in place of training examples, and the certificate where there are no test examples.
	// nil: none.
	Inputs []float32 `json:"-"`

	// Progress shows how far the choice of units is; nil: silent.
	Progress func(what string, done, total int64) `json:"-"`
}

// complete is the request with a method: where it names none, the one that its other options
// are for, else zeros.
func (q PruneRequest) complete() PruneRequest {
	switch {
	case q.Method != "":
	case q.Share != 0 || q.Pattern != "":
		q.Method = "weights"
	case q.MACs != 0 || q.Params != 0 || q.Latency != 0 || q.LayerShares != nil || q.Importance != "":
		q.Method = "least"
	default:
		q.Method = "zeros"
	}
	return q
}

// Validate refuses contradictory options, as an InputError.
func (q PruneRequest) Validate() error {
	q = q.complete()
	if _, err := q.selection(nil); err != nil {
		return &InputError{err}
	}
	switch {
	case q.Repair == nil:
		return nil
	case !q.selects():
		return &InputError{fmt.Errorf("a repair is for methods that choose units or weights, such as least; method %s chooses none", q.Method)}
	}
	if err := option.Check(q.Repair); err != nil {
		return &InputError{fmt.Errorf("repair: %w", err)}
	}
	return nil
}

// limited reports whether layers have to keep units.
func (q PruneRequest) limited() bool { return q.Keep != nil || q.RoundTo != 0 }

// kept is the demand on the layers of the network that is pruned.
func (q PruneRequest) kept() prune.Keep {
	if q.fixed.Demands() || q.Keep == nil {
		return q.fixed
	}
	return *q.Keep
}

// selects reports whether the method chooses units to zero.
func (q PruneRequest) selects() bool { return q.criterion() != "" }

// criterion is the importance by which units are chosen; "": the method chooses none.
func (q PruneRequest) criterion() string {
	switch {
	case q.Method == "magnitude" || q.Method == "random":
		return q.Method
	case q.Method == "least":
		return cmp.Or(q.Importance, "taylor")
	case q.Method == "weights" && (q.Share != 0 || q.Pattern != ""):
		return cmp.Or(q.Importance, "magnitude")
	}
	return ""
}

// single reports whether the method is about single weights.
func (q PruneRequest) single() bool { return q.Method == "weights" || q.Method == "rigl" }

// selection is a choice of units or of single weights.
type selection interface {
	Fits(net *nn.Network) error // without data
	Zero(net *nn.Network) error
}

// selection is the choice that is asked for; nil: none.
func (q PruneRequest) selection(data *importance.Data) (selection, error) {
	if q.single() {
		return q.ofWeights(data)
	}
	if q.Share != 0 || q.Pattern != "" || q.Layers != nil || q.Dense != nil {
		return nil, fmt.Errorf("a share of single weights, a pattern and layers are for method weights; method %s takes none", q.Method)
	}
	if q.Importance != "" && q.Method != "least" {
		return nil, fmt.Errorf("importance is for method least; method %s takes none", q.Method)
	}
	name := q.criterion()
	switch {
	case name == "" && q.Method != "zeros" && q.Method != "none":
		return nil, fmt.Errorf("there is no method %q; choose zeros, least, magnitude, random, weights or none", q.Method)
	case q.Method == "none" && q.limited():
		return nil, errors.New("keep and round_to are for methods that remove units; method none removes none")
	case name == "" && (q.Scope != "" || q.MACs != 0 || q.Params != 0 || q.Latency != 0 || q.Batch != 0 || q.LayerShares != nil):
		return nil, fmt.Errorf("method %s takes no scope and no budget; they are for least, magnitude and random", q.Method)
	case name == "":
		if err := q.kept().Validate(); err != nil {
			return nil, fmt.Errorf("keep.%w", err)
		}
		return nil, nil
	}
	by, err := importance.Criteria.New(name)
	if err != nil {
		return nil, err
	}
	s := &prune.Selection{Importance: by, Scope: q.Scope, MACs: q.MACs, Params: q.Params, Latency: q.Latency, Batch: q.Batch,
		Layers: q.LayerShares, Keep: q.kept(), RoundTo: q.RoundTo, Seed: q.Seed, Data: data, Progress: q.Progress}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("method %s: %w", q.Method, err)
	}
	return s, nil
}

// remedy keeps a network from closing.
func (q PruneRequest) remedy() string {
	if q.selects() {
		return "keep a larger share"
	}
	return "lower lambda, or let it ramp up later"
}

// Prune prunes a network as requested. It sets the parameters of chosen units to zero in
// place and, with data, measures the running statistics anew. It uses data to test the
// network right before and right after the removal, and as inputs of the certificate; with
// nil data the certificate has random inputs alone. It returns an error if the certificate
// does not pass or the removal changes the test result.
func Prune(ctx context.Context, net *nn.Network, q PruneRequest, data *Data) (*nn.Network, *Pruning, error) {
	return pruneWith(ctx, net, q, data, func(*nn.Network) error { return nil })
}

// pruneWith is Prune with a change of the network after weights were zeroed.
func pruneWith(ctx context.Context, net *nn.Network, q PruneRequest, data *Data, zeroed func(*nn.Network) error,
) (*nn.Network, *Pruning, error) {
	q = q.complete()
	if size := net.Input.Size(); q.Inputs != nil && (len(q.Inputs) == 0 || len(q.Inputs)%size != 0) {
		return nil, nil, &InputError{fmt.Errorf("the unlabelled inputs are %d values, an example has %d", len(q.Inputs), size)}
	}
	examples, err := data.forImportance(ctx, net)
	if err != nil {
		return nil, nil, err
	}
	selection, err := q.selection(examples)
	if err != nil {
		return nil, nil, &InputError{err}
	}
	if err := q.kept().Fits(net); err != nil {
		return nil, nil, &InputError{err}
	}
	if q.Method == "least" || q.Method == "weights" && selection != nil {
		q.Importance = q.criterion()
	}
	res := &Pruning{PruneRequest: q}
	given := net.Count() // the choice below sets values to 0
	if res.Trained, res.ActivityBefore, err = res.measure(ctx, stageTrained, net, data); err != nil {
		return nil, nil, err
	}
	res.Before = res.Trained
	var choice prune.Choice
	if selection != nil {
		res.ActivityTrained = res.ActivityBefore
		var dense *nn.Network
		if q.Repair != nil {
			if dense, err = net.Clone(); err != nil {
				return nil, nil, err
			}
		}
		if choice, err = choose(ctx, selection, net); ctx.Err() != nil {
			return nil, nil, ctxError(ctx, "choosing units")
		} else if err != nil {
			return nil, nil, &InputError{err}
		}
		if err := zeroed(net); err != nil {
			return nil, nil, err
		}
		stage := stageZeroed
		if q.Repair != nil {
			if err := res.repair(ctx, dense, net, data); err != nil {
				return nil, nil, err
			}
			stage = stageRepaired
		}
		if q.Repair == nil || q.Repair.Statistics {
			if err := q.measureStatistics(ctx, net, data); err != nil {
				return nil, nil, err
			}
		}
		if res.Before, res.ActivityBefore, err = res.measure(ctx, stage, net, data); err != nil {
			return nil, nil, err
		}
	}
	if q.single() {
		count, err := q.layers().Count(net)
		if err != nil {
			return nil, nil, &InputError{err}
		}
		res.SingleWeights = &count
	}
	small, err := res.remove(net, data, choice)
	if errors.Is(err, prune.ErrHeld) {
		return nil, nil, &InputError{err}
	}
	if err != nil {
		return nil, nil, err
	}
	res.Report.Before = given
	if res.Report.After.MACs == 0 && res.Report.Before.MACs > 0 {
		res.Warnings = append(res.Warnings, "the output no longer depends on the input; "+q.remedy())
	}
	if res.After, res.ActivityAfter, err = res.measure(ctx, stageRemoved, small, data); err != nil {
		return nil, nil, err
	}
	if data != nil && res.After.Correct != res.Before.Correct {
		return nil, nil, fmt.Errorf("pruning changed the test result: %d correct before, %d after", res.Before.Correct, res.After.Correct)
	}
	return small, res, ctxError(ctx, "pruning")
}

// choose zeroes units or single weights; the outcome is empty for single weights.
func choose(ctx context.Context, s selection, net *nn.Network) (prune.Choice, error) {
	if units, ok := s.(*prune.Selection); ok {
		choice, err := units.Choose(ctx, net)
		if err != nil {
			return prune.Choice{}, err
		}
		return *choice, nil
	}
	return prune.Choice{}, s.Zero(net)
}

// repair measures the network with the chosen units at 0, and fits the weights that read them.
func (p *Pruning) repair(ctx context.Context, dense, net *nn.Network, data *Data) (err error) {
	if data == nil && p.Inputs == nil {
		return &InputError{errors.New("a repair needs examples, and there is no data; give unlabelled examples with -calibration, " +
			"or name the folder of the run's data")}
	}
	if p.Zeroed, p.ActivityZeroed, err = p.measure(ctx, stageZeroed, net, data); err != nil || !p.Repair.Reconstruct {
		return err
	}
	if p.Inputs != nil {
		inputs := p.Inputs[:min(len(p.Inputs), p.Repair.Examples*net.Input.Size())]
		p.Repaired, err = reconstruct(ctx, dense, net, inputs, p.Repair.Ridge, p.Seed)
	} else {
		p.Repaired, err = data.Reconstruct(ctx, dense, net, p.Repair.Examples, p.Repair.Ridge, p.Seed)
	}
	return err
}

// measureStatistics computes the running statistics of a network whose units were chosen, on
// training examples or on those without targets.
func (q PruneRequest) measureStatistics(ctx context.Context, net *nn.Network, data *Data) error {
	if q.Inputs == nil {
		return data.MeasureStatistics(ctx, net)
	}
	size := net.Input.Size()
	batch := min(statisticsBatch, len(q.Inputs)/size)
	r, err := train.NewRunningStatistics(net, batch)
	if err != nil || r == nil {
		return err
	}
	if err := r.Run(ctx, Examples{X: q.Inputs, Size: size, Batch: batch}); ctx.Err() == nil {
		return err
	}
	return ctxError(ctx, "measuring running statistics")
}

// Reconstruct is repair.Reconstruct on so many training examples, drawn by the seed.
func (d *Data) Reconstruct(ctx context.Context, dense, net *nn.Network, examples int, ridge float64, seed uint64) ([]repair.Fit, error) {
	inputs, err := d.drawn(examples, seed)
	if err != nil {
		return nil, err
	}
	return reconstruct(ctx, dense, net, inputs, ridge, seed)
}

func reconstruct(ctx context.Context, dense, net *nn.Network, inputs []float32, ridge float64, seed uint64) ([]repair.Fit, error) {
	fits, err := repair.Reconstruct(ctx, dense, net, repair.Options{Inputs: inputs, Ridge: ridge, Seed: seed})
	if ctx.Err() != nil {
		return nil, ctxError(ctx, "repairing")
	}
	return fits, err
}

// remove takes out the units that are zero, unless the method is none.
func (p *Pruning) remove(net *nn.Network, data *Data, choice prune.Choice) (*nn.Network, error) {
	if p.Method == "none" {
		counts := net.Count()
		p.Report = &prune.Report{Before: counts, After: counts}
		return net, nil
	}
	p.Measured = choice.Latency
	o := prune.Options{Seed: p.Seed, Held: choice.Held, Keep: p.kept(), RoundTo: p.RoundTo}
	if data != nil {
		var err error
		if o.Inputs, err = data.Examples(data.Set.Test, certificateExamples); err != nil {
			return nil, err
		}
	} else {
		o.Inputs = p.Inputs[:min(len(p.Inputs), certificateExamples*net.Input.Size())]
	}
	small, report, err := prune.Prune(net, o)
	if p.Report = report; report != nil {
		report.Limited = append(choice.Limited, report.Limited...)
	}
	return small, err
}

const (
	importanceExamples = 1024
	importanceBatch    = 32
)

// forImportance returns the examples by which units are scored: validation data or, without
// any, training data; nil without data.
func (d *Data) forImportance(ctx context.Context, net *nn.Network) (*importance.Data, error) {
	if d == nil {
		return nil, nil
	}
	part := d.unseen()
	if count(part) == 0 {
		return nil, nil
	}
	batch := min(net.BatchUpTo(importanceBatch), count(part))
	loader, err := datasets.NewLoader(part, d.Set.Task, batch, d.seed)
	if err != nil {
		return nil, err
	}
	first := loader.First(min(importanceExamples, count(part)))
	return &importance.Data{Batches: first.All(ctx), Batch: batch, Loss: d.Loss(), N: first.Batches(),
		Attack: d.attackFor(batch)}, nil
}

// unseen is the validation data or, without any, the training data.
func (d *Data) unseen() datasets.Part {
	if count(d.Set.Validation) > 0 {
		return d.Set.Validation
	}
	return d.Set.Train
}

// evaluationBatch is how many examples are evaluated at once, at most.
const evaluationBatch = 100

// Details are closer looks at the test results by the names of stages.
type Details map[string]*train.Detail

// add keeps the detail of an evaluation, where there is one.
func (d *Details) add(stage string, e *train.Evaluator) {
	if detail := e.Detail(); detail != nil {
		if *d == nil {
			*d = Details{}
		}
		(*d)[stage] = detail
	}
}

// measure evaluates a stage on the test set; nil without data.
func (p *Pruning) measure(ctx context.Context, stage string, net *nn.Network, data *Data) (*train.Metrics, *activity.Report, error) {
	if data == nil {
		return nil, nil, nil
	}
	m, e, err := evaluate(ctx, net, data)
	if err != nil {
		return nil, nil, err
	}
	p.Details.add(stage, e)
	return m, e.Activity(), nil
}

// Test is the result of a network on the test set.
func (d *Data) Test(ctx context.Context, net *nn.Network) (train.Metrics, error) {
	m, _, err := evaluate(ctx, net, d)
	if err != nil {
		return train.Metrics{}, err
	}
	return *m, nil
}

// evaluate is the test result of a network, with the evaluator that knows more.
func evaluate(ctx context.Context, net *nn.Network, data *Data) (*train.Metrics, *train.Evaluator, error) {
	// The buffers of the last program are garbage by now. The collector would wait until the
	// heap has doubled, and the heap has the images too.
	runtime.GC()
	batch := net.BatchUpTo(evaluationBatch)
	s, err := data.Eval(data.Set.Test, batch, 0)
	if err != nil {
		return nil, nil, err
	}
	e, err := train.NewFinalEvaluator(net, batch, data.Loss())
	if err != nil {
		return nil, nil, err
	}
	if !data.Set.Task.NextToken { // its classes are tokens, which perplexity sums up
		e.InDetail()
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

// SaveModel writes a model into a folder, which is made if there is none. Files of the
// same names are replaced.
func SaveModel(dir string, m export.Model) error {
	return inFolder(dir, func(dir string) error { return export.Save(dir, m) })
}

// inFolder puts files into a folder, all or none; a folder that cannot be made is an
// InputError.
func inFolder(dir string, write func(dir string) error) error {
	err := atomicfile.AddFiles(dir, write)
	var path *fs.PathError
	if errors.As(err, &path) && (path.Op == "mkdir" || path.Op == "stat") {
		return &InputError{fmt.Errorf("the folder cannot be made: %w", err)}
	}
	return err
}

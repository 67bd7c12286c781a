package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"pare/export"
	"pare/nn"
	"pare/prune/importance"
	"pare/prune/unstructured"
	"pare/report"
	"pare/train"
)

// layers chooses the layers whose single weights may go.
func (q PruneRequest) layers() unstructured.Layers {
	return unstructured.Layers{Only: q.Layers, Dense: q.Dense}
}

// ofWeights is the choice of single weights that is asked for; nil: they were chosen while
// training.
func (q PruneRequest) ofWeights(data *importance.Data) (selection, error) {
	switch {
	case q.MACs != 0 || q.Params != 0 || q.Latency != 0:
		return nil, fmt.Errorf("method %s takes a share of single weights as its budget, not of macs, params or latency", q.Method)
	case q.limited() || q.Batch != 0 || q.LayerShares != nil:
		return nil, fmt.Errorf("method %s chooses single weights; keep, round_to, a batch and shares of layers are for methods that remove units", q.Method)
	}
	if !q.selects() {
		return nil, nil
	}
	s, err := q.selectWeights(data)
	if err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("method %s: %w", q.Method, err)
	}
	return s, nil
}

// selectWeights is the choice of single weights without a share of its own check.
func (q PruneRequest) selectWeights(data *importance.Data) (*unstructured.Selection, error) {
	pattern, err := unstructured.ParsePattern(q.Pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %w", err)
	}
	s := &unstructured.Selection{Layers: q.layers(), Share: q.Share, Pattern: pattern, Scope: q.Scope, Seed: q.Seed, Data: data}
	if q.Importance == "" {
		return s, nil
	}
	if s.Importance, err = importance.Criteria.New(q.Importance); err != nil {
		return nil, err
	}
	if _, ok := s.Importance.(importance.OfWeights); !ok {
		return nil, fmt.Errorf("importance %s scores units, not single weights; use magnitude, lamp, random or taylor", q.Importance)
	}
	return s, nil
}

// masksTraining reports whether single weights are held at 0 while training.
func (r *runner) masksTraining() bool {
	p := r.c.Prune
	return p.Method == "rigl" || p.Method == "weights" && p.Schedule != nil
}

// masks returns the masks of training, as the config says; nil if it asks for none. With
// method rigl weights of the network become 0.
func (r *runner) masks(net *nn.Network) (train.Masks, error) {
	p, c := r.c.Prune, r.c
	if !r.masksTraining() {
		return nil, nil
	}
	source, err := r.data.Train(c.Train.Batch, 1)
	if err != nil {
		return nil, c.Locate("train.batch", err)
	}
	steps := source.Batches() * c.Train.Epochs
	schedule, growth := unstructured.DefaultSchedule(), unstructured.DefaultGrowth()
	if p.Schedule != nil {
		schedule = *p.Schedule
	}
	if p.RigL != nil {
		growth = *p.RigL
	}
	q := r.pruneRequest()
	if p.Method == "rigl" {
		m, err := unstructured.NewRigL(net, q.layers(), p.Budget.Weights, growth, schedule, steps, c.Seed)
		if err != nil {
			return nil, c.Locate("prune", err)
		}
		return m, nil
	}
	q.Share, q.Scope = p.Budget.Weights, p.Scope
	s, err := q.selectWeights(nil)
	if err != nil {
		return nil, c.Locate("prune.importance", err)
	}
	m, err := unstructured.NewGradual(net, *s, schedule, steps)
	if err != nil {
		return nil, c.Locate("prune", err)
	}
	return m, nil
}

// checkMasks tries the masks of training on a copy of the network.
func (r *runner) checkMasks(net *nn.Network) error {
	if !r.masksTraining() {
		return nil
	}
	trial, err := net.Clone()
	if err != nil {
		return fmt.Errorf("check the masks: %w", err)
	}
	m, err := r.masks(trial)
	g, ok := m.(*unstructured.Gradual)
	if err != nil || !ok {
		return err
	}
	if _, err := g.Update(trial, train.Place{}); errors.Is(err, importance.ErrNoData) {
		return r.c.Errorf("prune.importance", "%s needs data, which pruning while training does not read; "+
			"use magnitude or random, or remove prune.schedule", r.c.Prune.Importance)
	} else if err != nil {
		return r.c.Locate("prune", err)
	}
	return nil
}

// past is the number of epochs of its schedule that lie before fine-tuning.
func (r *runner) past() int {
	if w := r.c.Prune.Rewind; w != nil {
		return w.Epoch
	}
	return 0
}

// rewinds reports whether fine-tuning begins with the weights of an earlier epoch.
func (r *runner) rewinds() bool { w := r.c.Prune.Rewind; return w != nil && w.Of == "weights" }

// snapshots lists the epochs of training whose weights are kept.
func (r *runner) snapshots() []int {
	out := slices.Clone(r.c.Train.Snapshot)
	if r.rewinds() && r.c.Train.Epochs > 0 {
		out = append(out, r.c.Prune.Rewind.Epoch)
	}
	return out
}

func snapshotDir(epoch int) string {
	return filepath.Join(snapshotsDir, fmt.Sprintf("epoch-%d", epoch))
}

// keepSnapshots writes the networks of the given epochs to the run folder.
func (r *runner) keepSnapshots(epochs []int) func(epoch int, net *nn.Network) error {
	return func(epoch int, net *nn.Network) error {
		if !slices.Contains(epochs, epoch) {
			return nil
		}
		return r.saveModel(snapshotDir(epoch), net)
	}
}

// snapshot is the folder of the weights to rewind to: of this run or, where it does not
// train, of the run whose network it starts from. o is nil where all parameters are new.
func (r *runner) snapshot(o *origin) (string, error) {
	epoch := r.c.Prune.Rewind.Epoch
	if r.c.Train.Epochs > 0 {
		return r.folder.path(snapshotDir(epoch)), nil
	}
	const key = "prune.rewind"
	if o == nil {
		return "", r.c.Errorf(key, "there is no training to rewind to: train.epochs is 0, and the model keeps no weights of an earlier run")
	}
	for _, dir := range []string{o.dir, filepath.Dir(o.dir)} {
		if path := filepath.Join(dir, snapshotDir(epoch)); exists(path) {
			return path, nil
		}
	}
	return "", r.c.Errorf(key, "the run of %s keeps no weights of epoch %d; train it with train.snapshot: [%d]", o.dir, epoch, epoch)
}

// checkRewind makes sure that the weights to rewind to are there, or will be.
func (r *runner) checkRewind(o *origin) error {
	if !r.rewinds() || r.c.Train.Epochs > 0 {
		return nil
	}
	_, err := r.snapshot(o)
	return err
}

// rewind gives the weights of a network that are not 0, and all other parameters, the values
// of the epoch that the config names, if it does.
func (r *runner) rewind(net *nn.Network) error {
	if !r.rewinds() {
		return nil
	}
	o, err := keptFrom(r.c)
	if err != nil {
		return err
	}
	dir, err := r.snapshot(o)
	if err != nil {
		return err
	}
	m, err := export.Load(dir)
	if err != nil {
		return &InputError{err}
	}
	return r.c.Locate("prune.rewind", unstructured.Rewind(net, m.Net))
}

// rounds prunes and fine-tunes a network until one round is left, and returns its test results
// before that and the work of fine-tuning. A config of one round returns nil.
func (r *runner) rounds(ctx context.Context, net *nn.Network) (trained *Pruning, work train.Result, err error) {
	n := r.c.Prune.Iterations
	if n < 2 {
		return nil, work, nil
	}
	trained = &Pruning{}
	if trained.Trained, trained.ActivityTrained, err = trained.measure(ctx, stageTrained, net, r.data); err != nil {
		return nil, work, err
	}
	data, err := r.data.forImportance(ctx, net)
	if err != nil {
		return nil, work, err
	}
	for i := 1; i < n; i++ {
		q := r.pruneRequest()
		q.Share = math.Pow(q.Share, float64(i)/float64(n))
		s, err := q.selection(data)
		if err == nil {
			err = s.Zero(net)
		}
		if err != nil {
			return nil, work, r.c.Locate("prune", err)
		}
		if err := r.rewind(net); err != nil {
			return nil, work, err
		}
		p := r.finetuning(net, r.logged)
		p.name, p.stream = fmt.Sprintf("%s-%d", finetunePhase, i), p.stream+uint64(i)
		r.say("round %d of %d: %.4g of the weights", i, n, q.Share)
		_, res, err := r.fit(ctx, p)
		if err != nil {
			return nil, work, err
		}
		work.Seconds, work.Waited = work.Seconds+res.Seconds, work.Waited+res.Waited
	}
	return trained, work, nil
}

// singleWeights is the number of single weights that are left, for reports.
func singleWeights(c unstructured.Count) report.Measure {
	return report.Measure{Name: "single weights",
		Readings: []report.Reading{{Stage: stageFinal, Value: fmt.Sprintf("%d of %d", c.NonZero, c.Weights)}},
		Note:     fmt.Sprintf("%.4g %% of those that may go are not 0", 100*c.Share())}
}

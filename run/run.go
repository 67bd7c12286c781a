package run

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"pare/config"
	"pare/export"
	"pare/internal/kernel/parallel"
	"pare/internal/limit"
	"pare/nn"
	"pare/prune"
	"pare/report/tensorboard"
	"pare/stat/audit"
	"pare/train"
)

// Options say how to run a config.
type Options struct {
	Config *config.Config
	Folder Folder // made by CreateFolder, or opened to resume
	// Data is the data of Config, if Plan has loaded it; nil: Run loads it.
	Data *Data
	// Command is the command line, for sessions.json and the report; may be empty.
	Command string
	// Messages receives a line on each stage of the run; nil: none.
	Messages io.Writer
	// Warn receives every warning, a line without a line break; nil: they are in
	// summary.json and in the report alone.
	Warn func(text string)
	// Reporter returns the display of the progress of a training phase; nil: silent.
	Reporter func() train.Reporter
	// Progress shows the progress of loading data; may be nil.
	Progress func(what string, done, total int64)
}

// runner is a run under way.
type runner struct {
	Options
	c      *config.Config
	folder Folder
	hash   string
	data   *Data
	log    *train.MetricsLog
	events *events
	groups *audit.Groups // of training examples; nil until asked for, and without any
	full   *nn.Network   // before pruning
	logged int           // lines in the metrics log at the end of the last phase

	weighed []TrainGroup // groups at the end of training

	sessions []Session // with this one
	warnings warnings
}

// Run does the rest of a run in its folder: all of it, or the part behind an
// interruption. It returns the summary that is also in summary.json.
// train.ErrInterrupted means that ctx ended and the state was saved. A folder
// that another process works in is an InputError.
func Run(ctx context.Context, o Options) (*Summary, error) {
	parallel.SetThreads(o.Config.Threads)
	r := &runner{Options: o, c: o.Config, folder: o.Folder}
	r.hash = configHash(*o.Config)
	release, err := r.folder.lock()
	if err != nil {
		return nil, err
	}
	defer release()
	r.folder.sweep()
	if err := r.beginSession(); err != nil {
		return nil, err
	}
	if err := r.recall(); err != nil {
		return nil, err
	}
	if r.data = o.Data; r.data == nil {
		if r.data, err = LoadData(ctx, r.c, o.Progress); err != nil {
			return nil, err
		}
	}
	r.data = r.data.seenBy(r.c)
	if err := r.sameData(); err != nil {
		return nil, err
	}
	s := r.data.Set
	for _, note := range s.Notes {
		r.warn("%s", note)
	}
	r.say("data: %s, %d training, %d validation and %d test examples of %s", s.Name,
		count(s.Train), count(s.Validation), count(s.Test), taskText(s.Task))
	if r.log, err = train.OpenMetricsLog(r.folder.path(MetricsFile)); err != nil {
		return nil, err
	}
	defer r.log.Close()
	if err := r.openEvents(); err != nil {
		return nil, err
	}
	defer r.events.Close()
	summary, err := r.run(ctx)
	if errors.Is(err, train.ErrDiverged) {
		r.events.end(tensorboard.Failure)
	}
	return summary, err
}

// configHash differs between configs with different results; threads do not count.
func configHash(c config.Config) string {
	c.Threads = 0
	return fmt.Sprintf("%x", sha256.Sum256(c.YAML()))[:16]
}

func (r *runner) run(ctx context.Context) (*Summary, error) {
	net, err := BuildNetwork(r.c, r.data.Task())
	if err != nil {
		return nil, err
	}
	for _, note := range net.Notes {
		r.warn("%s", note)
	}
	if mean, _ := fileNormalization(r.c); mean != nil && slices.Equal(mean, r.data.norm.Mean) {
		r.say("images are normalised as the weights of the file expect: mean %v, deviation %v", r.data.norm.Mean, r.data.norm.Std)
	}
	r.full = net
	small, pruned, err := r.pruned()
	if err != nil {
		return nil, err
	}
	if small != nil {
		r.say("pruned already: going on from %s", r.folder.path(prunedDir))
	} else if small, pruned, err = r.trainAndPrune(ctx, net); err != nil {
		return nil, err
	}
	tuned, err := r.finetune(ctx, small, pruned.LogLines)
	if err != nil {
		return nil, err
	}
	final, evaluator, err := evaluate(ctx, small, r.data)
	if notFinite(err) {
		return nil, fmt.Errorf("%s: %w", finetunePhase, train.Diverged(err))
	}
	if err != nil {
		return nil, err
	}
	if evaluator.Constant() && small.Count().MACs > 0 { // Prune has warned of an empty network
		r.warn("the final network gives the same output for every test example; lower the learning rate, or the lambdas of penalties")
	}
	if err := r.export(small); err != nil {
		return nil, err
	}
	groups, err := r.audit(ctx, small)
	if err != nil {
		return nil, err
	}
	summary := r.summarise(small, pruned, *final, tuned)
	summary.Activity = Activity{pruned.ActivityTrained, pruned.ActivityZeroed,
		pruned.ActivityBefore, pruned.ActivityAfter, pruned.ActivityThresholded, evaluator.Activity()}
	summary.Details = pruned.Details
	summary.TrainGroups = r.weighed
	if summary.PenaltyWeights, err = r.penaltyWeights(); err != nil {
		return nil, err
	}
	summary.Details.add(stageFinal, evaluator)
	r.events.finish(summary)
	summary.Warnings = r.warnings.list
	if err := r.report(summary, pruned, small, groups); err != nil {
		return nil, err
	}
	// Last of all: a run folder with a summary is finished.
	if err := r.folder.writeJSON(SummaryFile, summary); err != nil {
		return nil, err
	}
	return summary, nil
}

func (r *runner) trainAndPrune(ctx context.Context, net *nn.Network) (*nn.Network, *pruneResult, error) {
	counts := net.Count()
	r.say("network: %s, %d parameters, %d multiply-accumulates", net.Name, counts.Params, counts.MACs)
	terms, err := terms(r.c, r.data, net)
	if err != nil {
		return nil, nil, err
	}
	shrinker, err := r.shrinker(ctx, net, terms)
	if err != nil {
		return nil, nil, err
	}
	masks, err := r.masks(net)
	if err != nil {
		return nil, nil, err
	}
	trained, res, err := r.fit(ctx, r.training(net, terms, shrinker, masks))
	if err != nil {
		return nil, nil, err
	}
	small, pruned, err := r.prune(ctx, trained, shrinker, res)
	if err != nil {
		return nil, nil, err
	}
	after := pruned.Report.After
	tested := "examples"
	if r.data.Set.Task.Targets > 1 {
		tested = "targets"
	}
	right := func(m *train.Metrics) string {
		if m.NoAccuracy {
			return fmt.Sprintf("mean square error %.4g", m.Loss)
		}
		return fmt.Sprintf("%d of %d test %s correct", m.Correct, m.N, tested)
	}
	lost := ""
	if pruned.selects() {
		lost = fmt.Sprintf(" removal; the trained network: %s", right(pruned.Trained))
	}
	r.say("pruned: %d parameters, %d multiply-accumulates; %s before and after%s", after.Params, after.MACs, right(pruned.After), lost)
	return small, pruned, nil
}

// earlyStop is the early stopping of training: it waits until all penalties have their full
// strength and until a target is met (Unmet).
func (r *runner) earlyStop() train.EarlyStopSpec {
	spec := r.c.Train.EarlyStop
	if r.c.Train.Keep != "" {
		spec.Restore = r.c.Train.Keep
	}
	for _, p := range r.c.Penalties {
		spec.After = max(spec.After, p.Warmup+p.Ramp)
	}
	return spec
}

// finetune trains the pruned network on, without penalties; zeros stay zeros. logged is the number of lines in the metrics log before it.
func (r *runner) finetune(ctx context.Context, net *nn.Network, logged int) (train.Result, error) {
	if r.c.Finetune == nil {
		return train.Result{}, nil
	}
	_, res, err := r.fit(ctx, r.finetuning(net, logged))
	return res, err
}

// say writes a line of messages.
func (r *runner) say(format string, args ...any) {
	if r.Messages != nil {
		fmt.Fprintf(r.Messages, format+"\n", args...)
	}
}

func (r *runner) reporter() train.Reporter {
	if r.Reporter == nil {
		return train.Silent{}
	}
	return r.Options.Reporter()
}

// export writes the final network in the formats that the config asks for.
func (r *runner) export(net *nn.Network) error {
	m := r.model(net)
	if r.c.Export.Safetensors {
		if err := export.Save(string(r.folder), m); err != nil {
			return err
		}
	}
	if r.c.Export.ONNX {
		return export.SaveONNX(string(r.folder), m)
	}
	return nil
}

// warnings reach the user even where all else is silenced: at once, and at the end of the
// run in summary.json and the report. The run folder keeps the warnings of earlier
// sessions.
type warnings struct{ list []string }

// recall reads the warnings of earlier sessions.
func (r *runner) recall() error {
	_, err := r.folder.readJSON(WarningsFile, &r.warnings.list)
	return err
}

// warn gives a warning, once in a run: a session that repeats steps repeats none.
func (r *runner) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if slices.Contains(r.warnings.list, text) {
		return
	}
	r.warnings.list = append(r.warnings.list, text)
	r.tell(text)
	if err := r.folder.writeJSON(WarningsFile, r.warnings.list); err != nil {
		r.tell(fmt.Sprintf("a later session will not know of this warning: %v", err))
	}
}

func (r *runner) tell(text string) {
	if r.Warn != nil {
		r.Warn(text)
	}
}

// InputError is a fault in the input of the user, other than in the config:
// commands exit with status 2.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// notFinite reports whether a network gave outputs that are not finite.
func notFinite(err error) bool {
	return errors.Is(err, train.ErrNotFinite) || errors.Is(err, prune.ErrNotFinite)
}

// IsInput reports whether an error is the fault of the input of the user, or of a task
// that does not fit into the memory.
func IsInput(err error) bool {
	var in *InputError
	var large *limit.Error
	return errors.As(err, &in) || errors.As(err, &large) || errors.Is(err, config.ErrConfig)
}

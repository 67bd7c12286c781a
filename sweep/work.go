package sweep

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pare/config"
	"pare/run"
	"pare/train"
)

// gradual is the mean share of work over a training that removes units to a target along its
// cubic plan.
func gradual(t *config.Target, share float64) float64 {
	if t == nil {
		t = &config.Target{}
		t.Defaults()
	}
	// The plan ends at 0.9 of the way from From to By; the mean of (1-x)³ is 1/4.
	end := t.From + 0.9*(t.By-t.From)
	return t.From + (end-t.From)*(share+(1-share)/4) + (1-end)*share
}

// Check loads the data, estimates the work of every run, and checks all that can be checked
// before training for the first seed: mistakes show before there is a sweep folder. progress
// may be nil.
func (p *Plan) Check(ctx context.Context, progress func(what string, done, total int64)) error {
	c := &checker{data: map[string]*run.Data{}, networks: map[string]float64{}, progress: progress}
	for _, r := range p.Runs {
		if r.Auxiliary {
			continue
		}
		if err := c.check(ctx, r, r.Seed == p.Runs[0].Seed); err != nil {
			return r.blame(err)
		}
	}
	return nil
}

// checker keeps the data and the counts that runs of a plan share.
type checker struct {
	data     map[string]*run.Data // by section data and seed
	networks map[string]float64   // work of an epoch, by sections data and model
	progress func(what string, done, total int64)
}

func (c *checker) check(ctx context.Context, r *Run, deep bool) error {
	data, err := json.Marshal(r.alone)
	if err != nil {
		return err
	}
	var sections struct{ Data, Model json.RawMessage }
	if err := json.Unmarshal(data, &sections); err != nil {
		return err
	}
	network := string(sections.Data) + string(sections.Model)
	work, known := c.networks[network]
	if !known || deep {
		key := fmt.Sprint(string(sections.Data), r.Seed)
		d := c.data[key]
		if d == nil {
			if d, err = run.LoadData(ctx, r.alone, c.progress); err != nil {
				return err
			}
			c.data = map[string]*run.Data{key: d} // no more than one set in memory
		}
		net, err := run.BuildNetwork(r.alone, d.Task())
		if err != nil {
			return err
		}
		work = float64(net.Count().MACs) * float64(d.Set.Train.Len())
		c.networks[network] = work
		if deep {
			if _, err := run.Check(ctx, r.alone, d); err != nil {
				return err
			}
		}
	}
	train, tune := r.config.Train.Epochs, 0
	if f := r.config.Finetune; f != nil {
		tune = f.Epochs
	}
	r.Work = work * (float64(train)*r.shares.train + float64(tune)*r.shares.tune)
	return nil
}

// work is the estimated work of all runs; 0: it is not estimated.
func (p *Plan) work() float64 {
	sum := 0.0
	for _, r := range p.Runs {
		sum += r.Work
	}
	return sum
}

// Estimate is the expected time of each run of a table on the given threads, 0 for finished
// ones. Runs of the same method that are finished tell the speed, then any finished ones, and
// before these a few steps of the dense network, of which calibrate returns the seconds per
// unit of work; nil: without them the estimate is 0.
func (f Folder) Estimate(t *Table, calibrate func() float64) []time.Duration {
	type speed struct{ work, seconds float64 }
	all, methods := speed{}, map[string]speed{}
	states := f.States(t.Runs)
	for i, r := range t.Runs {
		if states[i] != Finished || r.Work == 0 {
			continue
		}
		a, err := run.OpenArtifact(f.path(r.Dir))
		if err != nil {
			continue
		}
		if s, err := a.Summary(); err == nil && s != nil {
			took := s.TrainSeconds + s.FinetuneSeconds
			m := methods[r.Method]
			methods[r.Method] = speed{m.work + r.Work, m.seconds + took}
			all = speed{all.work + r.Work, all.seconds + took}
		}
	}
	var measured float64
	if all.work > 0 {
		measured = all.seconds / all.work
	} else if calibrate != nil {
		measured = calibrate()
	}
	out := make([]time.Duration, len(t.Runs))
	for i, r := range t.Runs {
		rate := measured
		if m := methods[r.Method]; m.work > 0 {
			rate = m.seconds / m.work
		}
		if states[i] != Finished {
			out[i] = time.Duration(rate * r.Work * float64(time.Second))
		}
	}
	return out
}

// calibration is how long Calibrate trains.
const calibration = time.Second

// Calibrate trains the network of the first run for a second and returns the seconds that a
// unit of work takes with the given number of threads.
func (p *Plan) Calibrate(ctx context.Context, threads int) (float64, error) {
	i := 0
	for i < len(p.Runs)-1 && (p.Runs[i].start != nil || p.Runs[i].Auxiliary || p.Runs[i].Work == 0) {
		i++
	}
	r := p.Runs[i]
	if r.config == nil || r.Work == 0 || r.Epochs == 0 {
		return 0, nil
	}
	dir, err := os.MkdirTemp("", "pare-sweep-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	c := *r.alone
	c.Threads = threads
	folder, err := run.CreateFolder(filepath.Join(dir, "run"), c.Name, c.YAML())
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := &stopwatch{stop: stop}
	_, err = run.Run(ctx, run.Options{Config: &c, Folder: folder, Reporter: func() train.Reporter { return w }})
	if err != nil && !errors.Is(err, train.ErrInterrupted) {
		return 0, err
	}
	epoch := r.Work / float64(r.Epochs)
	return w.perEpoch / cmp.Or(epoch, 1), nil
}

// stopwatch measures steps of training until it has seen enough.
type stopwatch struct {
	stop     func()
	first    time.Time
	warm     int // step at which the measurement begins
	perEpoch float64
}

// Step implements train.Reporter.
func (w *stopwatch) Step(s train.Status) {
	switch {
	case s.Step < 3: // the first steps allocate
	case w.first.IsZero():
		w.first, w.warm = time.Now(), s.Step
	default:
		w.measure(s)
		if time.Since(w.first) >= calibration {
			w.stop()
		}
	}
}

func (w *stopwatch) measure(s train.Status) {
	w.perEpoch = time.Since(w.first).Seconds() / float64(s.Step-w.warm) * float64(s.Batches)
}

// Epoch implements train.Reporter.
func (w *stopwatch) Epoch(train.Status, train.Record) { w.stop() }

// Close implements train.Reporter.
func (w *stopwatch) Close() {}

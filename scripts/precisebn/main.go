// Command precisebn trains a config and checks the validation accuracy of every epoch
// against the accuracy with running statistics computed another way: by a program that
// trains nothing but averages, over the first 5,120 training images without augmentation,
// the statistics of each batch at the weights of the epoch's checkpoint. It also prints
// the share of the epoch's user CPU time that the run's own statistics took.
//
//	go run ./scripts/precisebn [-limit 2] [-share 5] [-out DIR] CONFIG [KEY=VALUE ...]
//	go run ./scripts/precisebn -resume DIR
//
// It ends with status 1 where a difference is above the limit or the cost above 5 %.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"

	"pare/config"
	"pare/export"
	"pare/layers"
	"pare/nn"
	"pare/run"
	"pare/train"
)

func main() {
	limit := flag.Float64("limit", 2, "largest difference in points")
	share := flag.Float64("share", 5, "largest share of an epoch in %")
	out := flag.String("out", "", "run folder; default runs/NAME")
	resume := flag.String("resume", "", "run folder to go on with; epochs that are done are not checked again")
	flag.Parse()
	name, sets := *resume+"/"+run.ConfigFile, []string(nil)
	if *resume == "" {
		if flag.NArg() == 0 {
			flag.Usage()
			os.Exit(2)
		}
		name, sets = flag.Arg(0), flag.Args()[1:]
	}
	c := &checker{limit: *limit, share: *share, images: 5120, folder: run.Folder(*resume)}
	if err := c.run(name, sets, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// checker is the reporter of a run that checks its epochs.
type checker struct {
	train.Silent
	limit, share float64
	images       int // of the independent way

	ctx       context.Context
	config    *config.Config
	data      *run.Data
	folder    run.Folder
	pending   *train.Record // an epoch whose checkpoint is about to be written
	since     float64       // CPU seconds when training went on after the last check
	used      float64       // CPU seconds of the pending epoch
	at        float64       // CPU seconds when the pending epoch ended
	worst     float64
	most, all float64 // cost: the largest share, and CPU seconds of all
	trained   float64
	err       error
}

func (c *checker) run(name string, sets []string, out string) error {
	var err error
	if c.config, err = config.Load(name, sets); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c.ctx = ctx
	if _, c.data, err = run.Plan(ctx, c.config, nil); err != nil {
		return err
	}
	if c.folder == "" {
		c.folder, err = run.CreateFolder(out, c.config.Name, c.config.YAML())
	} else {
		c.folder, err = run.OpenFolder(string(c.folder))
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s, seed %d, %s, %s/%s, run folder %s\n",
		c.config.Name, c.config.Seed, runtime.Version(), runtime.GOOS, runtime.GOARCH, c.folder)
	fmt.Println("phase     epoch  reported  independent  difference  epoch CPU s  statistics CPU s   share")
	if c.since = c.cpu(); c.err != nil {
		return c.err
	}
	s, err := run.Run(ctx, run.Options{Config: c.config, Folder: c.folder, Data: c.data,
		Reporter: func() train.Reporter { return c }})
	if err = errors.Join(err, c.err); err != nil {
		return err
	}
	fmt.Printf("largest difference %.2f points; statistics %.2f %% of the CPU time of all epochs, at most %.2f %% of one; "+
		"final test accuracy %.2f %%\n",
		c.worst, 100*c.all/c.trained, c.most, 100*s.AccuracyFinal)
	if c.worst > c.limit {
		return fmt.Errorf("a difference of %.2f points is above %g", c.worst, c.limit)
	}
	if c.all > c.share/100*c.trained {
		return fmt.Errorf("the statistics cost more than %g %% of the epochs", c.share)
	}
	return nil
}

// Step implements train.Reporter: the checkpoint of the epoch before is on disk.
func (c *checker) Step(train.Status) { c.check() }

// cpu is cpuSeconds; an error ends the checks.
func (c *checker) cpu() float64 {
	seconds, err := cpuSeconds()
	c.err = errors.Join(c.err, err)
	return seconds
}

// Epoch implements train.Reporter.
func (c *checker) Epoch(_ train.Status, r train.Record) {
	c.at = c.cpu()
	c.used = c.at - c.since
	c.pending = &r
}

// Close implements train.Reporter.
func (c *checker) Close() {
	c.check()
	c.since = c.cpu()
}

func (c *checker) check() {
	r := c.pending
	if r == nil || r.Val == nil || c.err != nil {
		return
	}
	c.pending = nil
	before := c.cpu()
	c.err = errors.Join(c.err, c.compare(r))
	c.since = c.cpu() - (before - c.at)
}

func (c *checker) compare(r *train.Record) error {
	net, err := c.network(r.Phase)
	if err != nil {
		return err
	}
	s, err := c.data.Statistics(c.config.Train.Batch)
	if err != nil {
		return err
	}
	own, err := train.NewRunningStatistics(net, s.Batch)
	if err != nil {
		return err
	}
	if own == nil {
		return fmt.Errorf("%s has no running statistics", net.Name)
	}
	begin := c.cpu()
	if err := own.Run(c.ctx, s); err != nil {
		return err
	}
	cost := c.cpu() - begin
	if err := c.independent(net); err != nil {
		return err
	}
	val, err := c.data.Eval(c.data.Set.Validation, 100, 0)
	if err != nil {
		return err
	}
	m, err := train.Evaluate(c.ctx, net, val, 100, c.data.Loss())
	if err != nil {
		return err
	}
	d := 100 * (r.Val.Accuracy - m.Accuracy)
	c.worst = math.Max(c.worst, math.Abs(d))
	c.most = math.Max(c.most, 100*cost/c.used)
	c.all, c.trained = c.all+cost, c.trained+c.used
	fmt.Printf("%-9s %5.0f  %7.2f%%  %10.2f%%  %+10.2f  %11.1f  %16.2f  %5.2f%%\n", r.Phase, r.Epoch,
		100*r.Val.Accuracy, 100*m.Accuracy, d, c.used, cost, 100*cost/c.used)
	return nil
}

// network is the network of the last checkpoint of a phase.
func (c *checker) network(phase string) (*nn.Network, error) {
	p, _, err := train.LatestCheckpoint(filepath.Join(string(c.folder), "checkpoints", phase))
	if err != nil {
		return nil, err
	}
	var net *nn.Network
	switch {
	case p.Network != nil:
		net, err = p.Network.Network(nil)
	case phase == "finetune":
		var m export.Model
		m, err = export.Load(filepath.Join(string(c.folder), "pruned"))
		net = m.Net
	default:
		net, err = run.BuildNetwork(c.config, c.data.Task())
	}
	if err != nil {
		return nil, err
	}
	return net, p.LoadParams(net)
}

// batch is the number of images in a batch of the independent way.
const batch = 256

// independent averages the statistics of batches with equal weights, which a moving
// average does whose momentum is 1/k at batch k (Izmailov et al. 2018, appendix A).
func (c *checker) independent(net *nn.Network) error {
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: c.data.Loss()})
	if err != nil {
		return err
	}
	source, err := c.data.Eval(c.data.Set.Train, batch, c.images)
	if err != nil {
		return err
	}
	k := 0
	for b, err := range source.All(c.ctx) {
		if err != nil {
			return err
		}
		if b.N != batch {
			break
		}
		k++
		for _, node := range net.Nodes {
			if l, ok := node.Layer.(*layers.BatchNorm); ok {
				l.Momentum = 1 / float64(k)
			}
		}
		copy(p.X, b.X)
		copy(p.Target, b.Y)
		p.Run()
	}
	if k != c.images/batch {
		return fmt.Errorf("the independent way saw %d batches of %d images, it needs %d", k, batch, c.images/batch)
	}
	return c.ctx.Err()
}

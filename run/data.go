package run

import (
	"context"
	"fmt"
	"iter"

	"pare/config"
	"pare/datasets"
	"pare/models"
	"pare/nn"
	"pare/train"
)

// Data is the data of a run, ready to train and evaluate on.
type Data struct {
	Set  *datasets.Set
	Norm datasets.Normalization
	seed uint64
	aug  datasets.Augment
}

// LoadData loads the dataset of a config. progress may be nil.
func LoadData(ctx context.Context, c *config.Config, progress func(what string, done, total int64)) (*Data, error) {
	ds, err := datasets.Lookup(c.Data.Dataset)
	if err != nil {
		return nil, c.Locate("data.dataset", err)
	}
	d := c.Data
	set, err := ds.Load(ctx, datasets.Options{Dir: d.Dir, Download: d.Download, Train: d.Train,
		Validation: d.Validation, Test: d.Test, Color: d.Color, Classes: d.Classes, Seed: c.Seed, Progress: progress})
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("loading data: %w", train.ErrInterrupted)
		}
		return nil, c.Locate("data", err)
	}
	if set.Test == nil || set.Test.N == 0 {
		return nil, c.Errorf("data.test", "%s has no test examples", c.Data.Dataset)
	}
	if tr := set.Train; d.Augment.Crop >= min(tr.H, tr.W) {
		return nil, c.Errorf("data.augment.crop", "a shift of up to %d pixels moves images of %d×%d out of sight", d.Augment.Crop, tr.H, tr.W)
	}
	norm := set.Train.Stats()
	if d.Normalize == "unit" {
		norm = unit(set.Train.C)
	}
	return &Data{Set: set, Norm: norm, seed: c.Seed,
		aug: datasets.Augment{Crop: d.Augment.Crop, Flip: d.Augment.Flip}}, nil
}

// unit leaves values in 0..1 as they are.
func unit(channels int) datasets.Normalization {
	n := datasets.Normalization{Mean: make([]float32, channels), Std: make([]float32, channels)}
	for c := range n.Std {
		n.Std[c] = 1
	}
	return n
}

// Task is what the data asks of a network.
func (d *Data) Task() models.Task {
	s := d.Set.Train
	return models.Task{Input: nn.Shape{s.C, s.H, s.W}, Classes: s.Classes}
}

// Train is the source of training batches; stream tells the phases apart.
func (d *Data) Train(batch int, stream uint64) (train.Source, error) {
	l, err := datasets.NewLoader(d.Set.Train, batch, d.Norm, &d.aug, d.seed^stream<<32)
	if err != nil {
		return nil, err
	}
	return source{l, batch}, nil
}

// Eval gives the examples of a split in order; nil for a split without any.
func (d *Data) Eval(s *datasets.Split, batch int) (train.EvalSource, error) {
	if s == nil || s.N == 0 {
		return nil, nil
	}
	l, err := datasets.NewLoader(s, min(batch, s.N), d.Norm, nil, d.seed)
	if err != nil {
		return nil, err
	}
	return source{l, batch}, nil
}

// Examples returns the first n examples of a split in the batched layout.
func (d *Data) Examples(s *datasets.Split, n int) ([]float32, error) {
	n = min(n, s.N)
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	x, y := make([]float32, n*s.Size()), make([]float32, n)
	return x, s.Batch(x, y, idx, d.Norm, nil, 0, 0)
}

// source adapts a loader to what training reads.
type source struct {
	loader *datasets.Loader
	batch  int
}

func (s source) BatchSize() int { return s.batch }
func (s source) Batches() int   { return s.loader.Batches() }

func (s source) Epoch(ctx context.Context, epoch uint64, first int) iter.Seq2[train.Batch, error] {
	return adapt(s.loader.Epoch(ctx, epoch, first))
}

func (s source) All(ctx context.Context) iter.Seq2[train.Batch, error] {
	return adapt(s.loader.All(ctx))
}

func adapt(batches iter.Seq[datasets.Batch]) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for b := range batches {
			if !yield(train.Batch{X: b.X, Y: b.Y, N: b.N}, nil) {
				return
			}
		}
	}
}

// size is the number of examples of a split that may be missing.
func size(s *datasets.Split) int {
	if s == nil {
		return 0
	}
	return s.N
}

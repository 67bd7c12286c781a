package run

import (
	"context"
	"fmt"
	"slices"

	"pare/config"
	"pare/datasets"
	"pare/export"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/train"
)

// Data is the data of a run, ready to train and evaluate on.
type Data struct {
	Set  *datasets.Set
	norm datasets.Normalization // of images; zero for other data
	aug  datasets.Augment
	seed uint64
}

// LoadData loads the dataset of a config. Parameters that its model keeps from an
// earlier run decide about what the config leaves open. progress may be nil.
func LoadData(ctx context.Context, c *config.Config, progress func(what string, done, total int64)) (*Data, error) {
	o, err := keptFrom(c)
	if err != nil {
		return nil, err
	}
	d, err := loadData(ctx, o.complete(c), progress)
	if err != nil {
		return nil, err
	}
	return d, c.Locate("data", o.normalize(c, d))
}

func loadData(ctx context.Context, c *config.Config, progress func(what string, done, total int64)) (*Data, error) {
	o := c.Data.Options
	o.Seed, o.Progress = c.Seed, progress
	set, err := datasets.Load(ctx, c.Data.Dataset, c.Data.Kind, o)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w while loading data", train.ErrInterrupted)
	}
	if err != nil {
		return nil, c.Locate("data", err)
	}
	if count(set.Test) == 0 {
		return nil, c.Errorf("data.test", "%s has no test examples", c.Data.Dataset)
	}
	data := &Data{Set: set, seed: c.Seed, aug: o.Augment}
	return data, data.prepare(c)
}

// prepare normalises images, and refuses for other data what is for images.
func (d *Data) prepare(c *config.Config) error {
	images := d.Set.Images()
	switch {
	case images == nil && c.Data.Normalize == "unit":
		return c.Errorf("data.normalize", "unit is for images, %s has none; remove it", c.Data.Dataset)
	case images == nil && d.aug != datasets.Augment{}:
		return c.Errorf("data.augment", "it changes images, %s has none; remove it", c.Data.Dataset)
	case images == nil:
		return nil
	case d.aug.Crop >= min(images.H, images.W):
		return c.Errorf("data.augment.crop", "a shift of up to %d pixels moves images of %d×%d out of sight", d.aug.Crop, images.H, images.W)
	}
	norm := images.Stats()
	if c.Data.Normalize == "unit" {
		norm = datasets.Unit(images.C)
	}
	return c.Locate("data", d.normalize(norm))
}

// normalize gives images other means and deviations.
func (d *Data) normalize(norm datasets.Normalization) error {
	set, err := d.Set.Normalized(norm, d.aug)
	if err != nil {
		return err
	}
	d.Set, d.norm = set, norm
	return nil
}

// preprocess is the normalisation for each unit of the input: the channels of an
// image, or the values of a sequence that come from one channel in turn.
func (d *Data) preprocess() export.Preprocess {
	channels := len(d.norm.Mean)
	if channels == 0 {
		return export.Preprocess{}
	}
	times := nn.Shape(d.Set.Task.Input).Units() / channels
	return export.Preprocess{Mean: slices.Repeat(d.norm.Mean, times), Std: slices.Repeat(d.norm.Std, times)}
}

// Task is what the data asks of a network.
func (d *Data) Task() models.Task {
	t := d.Set.Task
	return models.Task{Data: d.Set.Name, Input: t.Input, Classes: t.Classes, Targets: t.Targets, Vocabulary: t.Vocabulary}
}

// Loss is what outputs are measured by: cross-entropy, or where targets are
// numbers the mean square.
func (d *Data) Loss() nn.Loss {
	if d.Set.Task.Classes == 0 {
		return layers.MeanSquare{}
	}
	return layers.CrossEntropy{}
}

// Train is the source of training batches; stream tells the phases apart.
func (d *Data) Train(batch int, stream uint64) (train.Source, error) {
	return datasets.NewLoader(d.Set.Train, d.Set.Task, batch, d.seed^stream<<32)
}

// Eval gives the examples of a part, the first limit ones or with limit 0 all of
// them; nil for a part without any. Those of texts that are read in streams come
// in the order of train.Batch.Examples.
func (d *Data) Eval(p datasets.Part, batch, limit int) (train.EvalSource, error) {
	n := count(p)
	if n == 0 {
		return nil, nil
	}
	l, err := datasets.NewLoader(p, d.Set.Task, min(batch, n), d.seed)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		l = l.First(limit)
	}
	return l, nil
}

// Examples returns the inputs of the first n examples of a part in the batched
// layout.
func (d *Data) Examples(p datasets.Part, n int) ([]float32, error) {
	idx := make([]int, min(n, p.Len()))
	for i := range idx {
		idx[i] = i
	}
	x, y := make([]float32, len(idx)*d.Set.Task.Size()), make([]float32, len(idx)*d.Set.Task.Targets)
	return x, p.Fill(x, y, idx, datasets.Draw{})
}

// count is the number of examples of a part that may be missing.
func count(p datasets.Part) int {
	if p == nil {
		return 0
	}
	return p.Len()
}

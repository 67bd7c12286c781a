package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
	"pare/internal/limit"
	"pare/run"
	"pare/train"
)

// calibrationFlags name examples without labels that a repair fits weights to.
type calibrationFlags struct {
	path   string
	images imageFlags
}

func (c *calibrationFlags) define(f *flags) {
	f.StringVar(&c.path, "calibration", "", "with -repair: `FILE|DIR` of unlabelled examples in place of the run's training examples: "+
		"images, or other files as predict reads them, or an npy file of the network's inputs")
	c.images.define(f)
}

// check refuses options of a calibration that there is none of.
func (c *calibrationFlags) check(f *flags, repair bool) error {
	f.refuse(!repair, "it is an option of -repair; add it, or leave this out", "calibration")
	f.refuse(c.path == "", "it is for the images of -calibration", c.images.names()...)
	return f.refused
}

// read gives at most so many examples as the network reads them, drawn by the seed; nil without a
// path.
func (c *calibrationFlags) read(ctx context.Context, f *flags, m export.Model, ofRun bool, examples int, seed uint64) ([]float32, error) {
	if c.path == "" {
		return nil, nil
	}
	if _, err := os.Stat(c.path); errors.Is(err, fs.ErrNotExist) {
		return nil, cli.InputError("-calibration: %s: there is no such file", c.path)
	}
	size := m.Net.Input.Size()
	if cli.Extension(c.path) == ".npy" {
		x, n, err := readInputs(c.path, m.Net)
		if err == nil {
			err = checkTokens(x, m.Net)
		}
		if err != nil {
			return nil, cli.InputError("-calibration: %s: %w", c.path, err)
		}
		x = run.ChannelsLast(x, m.Net.Input)
		var out []float32
		for _, i := range drawn(n, examples, seed) {
			out = append(out, x[i*size:][:size]...)
		}
		return out, nil
	}
	if err := c.images.complete(&m, ofRun, f); err != nil { // of this copy: the pruned network is saved without
		return nil, err
	}
	if err := hasRecipe(m, "-calibration"); err != nil {
		return nil, err
	}
	o := recipeOptions(m, f, false)
	in, err := m.Recipe.Open(ctx, []string{c.path}, o)
	if err != nil {
		return nil, calibrationError(ctx, err)
	}
	chosen := drawn(in.Len(), examples, seed)
	noun := fmt.Sprintf("-calibration: the inputs of %d examples", len(chosen))
	if err := limit.Check(noun, int64(len(chosen)), 4*int64(size)); err != nil {
		in.Close()
		return nil, err
	}
	if len(chosen) < in.Len() && !slices.ContainsFunc(chosen, func(i int) bool { return in.Place(i).Row > 0 }) {
		// Files of an example each: only the chosen ones are decoded.
		var paths []string
		for _, i := range chosen {
			paths = append(paths, in.Place(i).File)
		}
		in.Close()
		if in, err = m.Recipe.Open(ctx, paths, o); err != nil {
			return nil, calibrationError(ctx, err)
		}
		chosen = drawn(in.Len(), in.Len(), seed)
	}
	defer in.Close()
	for _, line := range in.Notes() {
		f.note("%s", line)
	}
	var out []float32
	i := 0
	err = in.Read(ctx, in.Len(), func(x []float32, err error) error {
		if _, is := slices.BinarySearch(chosen, i); is && err == nil {
			out = append(out, x...)
		}
		i++
		return err
	})
	if err != nil {
		return nil, calibrationError(ctx, err)
	}
	if len(out) == 0 {
		return nil, cli.InputError("-calibration: %s: there are no examples", c.path)
	}
	return out, nil
}

func calibrationError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w while reading the examples of -calibration", train.ErrInterrupted)
	}
	return cli.InputError("-calibration: %w", err)
}

// drawn are the indices of at most k of n examples, in ascending order.
func drawn(n, k int, seed uint64) []int {
	out := rand.New(rand.NewPCG(seed, 0x63616c)).Perm(n)[:min(n, k)]
	slices.Sort(out)
	return out
}

// recipeOptions say how the recipe of a model reads files.
func recipeOptions(m export.Model, f *flags, resize bool) datasets.RecipeOptions {
	o := datasets.RecipeOptions{Resize: resize, Progress: f.progress()}
	if p := m.Preprocess; len(p.Mean) > 0 {
		o.Normalization = datasets.Normalization{Mean: p.Mean, Std: p.Std}
	}
	return o
}

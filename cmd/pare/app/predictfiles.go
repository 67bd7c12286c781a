package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
	"pare/train"
)

// newFiles opens files and folders by the recipe of the model.
func newFiles(ctx context.Context, m export.Model, paths []string, f *predictFlags) (*inputs, error) {
	if m.Recipe == nil && m.Net.Vocabulary > 0 {
		return nil, cli.InputError("the network reads tokens; give their numbers as -inputs FILE.npy of shape (N, 1, %d)",
			m.Net.Input.Positions())
	}
	if m.Recipe == nil {
		return nil, cli.InputError("the model does not say how files become its inputs (generated data have no files, and models "+
			"of earlier versions do not); give -inputs FILE.npy of shape (N, %s", tuple(m.Net.Input)[1:])
	}
	o := datasets.RecipeOptions{Resize: f.resize, Progress: f.progress()}
	if p := m.Preprocess; len(p.Mean) > 0 {
		o.Normalization = datasets.Normalization{Mean: p.Mean, Std: p.Std}
	}
	in, err := m.Recipe.Open(ctx, paths, o)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w while opening files", train.ErrInterrupted)
	}
	if err != nil {
		return nil, cli.InputError("%w", err)
	}
	for _, line := range in.Notes() {
		f.note("%s", line)
	}
	n := in.Len()
	if f.limit > 0 {
		n = min(n, f.limit)
	}
	if n == 0 {
		in.Close()
		return nil, cli.InputError("%s: there are no examples", paths[0])
	}
	source := &fileSource{Inputs: in, n: n, batch: m.Net.BatchUpTo(min(f.batch, n)), size: m.Net.Input.Size()}
	if f.skipBad {
		source.skip = f.note
	}
	return &inputs{source, n, source.batch, nil, source}, nil
}

// fileSource gives the examples of files as batches, which say by Batch.Examples which ones
// they have.
type fileSource struct {
	datasets.Inputs
	n, batch, size int
	skip           func(format string, args ...any) // notes examples that cannot be read; nil: they are errors
	skipped        int
}

// notedSkips are so many examples that cannot be read and have a note of their own.
const notedSkips = 5

var errEnough = errors.New("no more batches are wanted")

// All implements train.EvalSource.
func (s *fileSource) All(ctx context.Context) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		x, examples := make([]float32, s.batch*s.size), make([]int, 0, s.batch)
		flush := func() error {
			if len(examples) > 0 && !yield(train.Batch{X: x[:len(examples)*s.size], N: len(examples), Examples: examples}, nil) {
				return errEnough
			}
			examples = examples[:0]
			return nil
		}
		i := -1
		err := s.Read(ctx, s.n, func(values []float32, err error) error {
			i++
			switch {
			case err != nil && s.skip == nil:
				return cli.InputError("%w", err)
			case err != nil:
				if s.skipped++; s.skipped <= notedSkips {
					s.skip("skipped: %s", err)
				}
				return nil
			}
			copy(x[len(examples)*s.size:], values)
			if examples = append(examples, i); len(examples) < s.batch {
				return nil
			}
			return flush()
		})
		if err == nil {
			err = flush()
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(train.Batch{}, err)
		}
	}
}

// classOf is the class that the nearest folder of a file names; -1: none does.
func classOf(path string, names []string) int {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if c := slices.Index(names, filepath.Base(dir)); c >= 0 || dir == filepath.Dir(dir) {
			return c
		}
	}
}

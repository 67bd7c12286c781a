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
	if err := hasRecipe(m, "-inputs"); err != nil {
		return nil, err
	}
	in, err := m.Recipe.Open(ctx, paths, recipeOptions(m, f.flags, f.resize))
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

// hasRecipe refuses a model that does not say how files become its inputs; option takes an array.
func hasRecipe(m export.Model, option string) error {
	switch {
	case m.Recipe != nil:
		return nil
	case m.Net.Vocabulary > 0:
		return cli.InputError("the network reads tokens; give their numbers as %s FILE.npy of shape (N, 1, %d)",
			option, m.Net.Input.Positions())
	}
	return cli.InputError("the model does not say how files become its inputs (generated data have no files, and models "+
		"of earlier versions do not); give %s FILE.npy of shape (N, %s", option, tuple(m.Net.Input)[1:])
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

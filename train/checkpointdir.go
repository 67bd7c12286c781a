package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pare/internal/atomicfile"
)

// Names of the files in a checkpoint folder.
const (
	LastCheckpoint     = "last.ckpt"
	PreviousCheckpoint = "previous.ckpt"
	nextCheckpoint     = "next.ckpt" // while it is being written
)

// SaveCheckpoint writes last.ckpt in the folder and keeps the one before as
// previous.ckpt. Whenever the process stops, one of them is whole. The folder
// is made if there is none.
func SaveCheckpoint(dir string, c *Checkpoint) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	next, last := filepath.Join(dir, nextCheckpoint), filepath.Join(dir, LastCheckpoint)
	if err := atomicfile.Write(next, c.Encode); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	err := os.Rename(last, filepath.Join(dir, PreviousCheckpoint))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if err := os.Rename(next, last); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// LatestCheckpoint reads the newest whole checkpoint of the folder. warning
// says what is wrong with a newer one, where there is one that is damaged. The
// error is fs.ErrNotExist where the folder has no checkpoint.
func LatestCheckpoint(dir string) (c *Checkpoint, warning, err error) {
	// A finished file that was not yet renamed is newer than last.ckpt.
	for _, name := range []string{nextCheckpoint, LastCheckpoint, PreviousCheckpoint} {
		c, problem := ReadCheckpoint(filepath.Join(dir, name))
		switch {
		case problem == nil && warning != nil:
			return c, fmt.Errorf("%w; going on from %s", warning, name), nil
		case problem == nil:
			return c, nil, nil
		case err == nil || errors.Is(err, fs.ErrNotExist):
			err = problem
		}
		if !errors.Is(problem, fs.ErrNotExist) {
			warning = problem
		}
	}
	return nil, nil, err
}

package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Writer appends events to one file. It is not safe for concurrent use, and the
// zero value is not usable: Create.
type Writer struct {
	file   *os.File
	buf    *bufio.Writer
	event  []byte // scratch
	record []byte // scratch
}

// attempts bounds the search for a free file name within one second.
const attempts = 1000

// Create starts a new event file in dir, which is made if it does not exist. Files that are
// there already are left alone: TensorBoard reads all files of a folder as one run, in the
// order of their names, so a resumed run continues in a file of its own. The caller skips
// the steps that were written before.
func Create(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tensorboard folder: %w", err)
	}
	now := time.Now()
	file, err := createFile(dir, now)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, buf: bufio.NewWriter(file)}
	w.event = appendHeader(w.event, now)
	if err := errors.Join(w.write(), w.Flush()); err != nil {
		file.Close()
		return nil, err
	}
	return w, nil
}

// createFile makes events.out.tfevents.<unix seconds>.pare, numbered from the
// second file of the same second on. Host names stay out of run folders.
func createFile(dir string, now time.Time) (*os.File, error) {
	base := filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%010d.pare", now.Unix()))
	for n := range attempts {
		name := base
		if n > 0 {
			name = fmt.Sprintf("%s.%03d", base, n)
		}
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("tensorboard events: %w", err)
		}
		return file, nil
	}
	return nil, fmt.Errorf("tensorboard events: %s exists %d times", base, attempts)
}

// Name is the path of the file.
func (w *Writer) Name() string { return w.file.Name() }

// Scalar appends one value of the curve named tag. TensorBoard keeps values as
// float32 and groups tags by the text before the first slash. The value is
// on disk after the next Flush.
func (w *Writer) Scalar(tag string, step int64, value float64, wall time.Time) error {
	w.event = appendScalar(w.event[:0], tag, step, value, wall)
	return w.write()
}

func (w *Writer) write() error {
	w.record = appendRecord(w.record[:0], w.event)
	if _, err := w.buf.Write(w.record); err != nil {
		return fmt.Errorf("tensorboard events: %w", err)
	}
	return nil
}

// Flush hands buffered events to the operating system, where TensorBoard sees them.
func (w *Writer) Flush() error {
	if err := w.buf.Flush(); err != nil {
		return fmt.Errorf("tensorboard events: %w", err)
	}
	return nil
}

// Close flushes and closes the file. The writer cannot be used afterwards.
func (w *Writer) Close() error {
	err := w.Flush()
	if closed := w.file.Close(); closed != nil {
		err = errors.Join(err, fmt.Errorf("tensorboard events: %w", closed))
	}
	return err
}

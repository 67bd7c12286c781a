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
	file    *os.File
	buf     *bufio.Writer
	last    map[string]int64 // last step of every tag, of earlier files too
	summary []byte           // scratch
	event   []byte           // scratch
	record  []byte           // scratch
}

// Scalar is a value of the curve named Tag. TensorBoard keeps values as float32 and groups
// curves by the text before the first slash.
type Scalar struct {
	Tag   string
	Value float64
}

// filePrefix is the start of the names by which TensorBoard knows event files.
const filePrefix = "events.out.tfevents."

// attempts bounds the search for a free file name within one second.
const attempts = 1000

// Create starts a new event file in dir, which is made if it does not exist. Files that are
// there already are left alone: TensorBoard reads all files of a folder as one run, in the
// order of their names, so a resumed run continues in a file of its own. Steps that they hold
// are not written again: a run that is killed and resumed repeats the steps behind its last
// checkpoint.
func Create(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tensorboard folder: %w", err)
	}
	last, err := lastSteps(dir)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	file, err := createFile(dir, now)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, buf: bufio.NewWriter(file), last: last}
	w.event = appendHeader(w.event, now)
	if err := errors.Join(w.write(), w.Flush()); err != nil {
		file.Close()
		return nil, err
	}
	return w, nil
}

// Replace is Create after it has removed the event files in dir.
func Replace(dir string) (*Writer, error) {
	files, err := eventFiles(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Create(dir)
	}
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("tensorboard events: %w", err)
		}
	}
	return Create(dir)
}

// createFile makes events.out.tfevents.<unix seconds>.pare, numbered from the
// second file of the same second on. Host names stay out of run folders.
func createFile(dir string, now time.Time) (*os.File, error) {
	base := filepath.Join(dir, fmt.Sprintf("%s%010d.pare", filePrefix, now.Unix()))
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

// Scalars appends values of one step, as one event. A value whose curve has reached the step
// already, in this file or an earlier one of the folder, is left out. The event is on disk
// after the next Flush.
func (w *Writer) Scalars(step int64, values []Scalar, wall time.Time) error {
	w.summary = w.summary[:0]
	for _, v := range values {
		if last, written := w.last[v.Tag]; written && step <= last {
			continue
		}
		w.last[v.Tag] = step
		w.summary = appendScalar(w.summary, v)
	}
	if len(w.summary) == 0 {
		return nil
	}
	w.event = appendEvent(w.event[:0], step, w.summary, wall)
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

package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"pare/internal/atomicfile"
	"pare/layers/activity"
)

// Record is one line of the metrics log. All but Seconds and Waited is a function of
// configuration and seed.
type Record struct {
	Kind      string               `json:"kind"` // step, epoch, shrink or target
	Phase     string               `json:"phase"`
	Epoch     float64              `json:"epoch"`     // epochs done, with fraction
	Step      int                  `json:"step"`      // updates made in the phase
	LR        float64              `json:"lr"`        // of the last update
	Loss      float64              `json:"loss"`      // of the last batch; at the end of an epoch the mean of its batches; without terms
	GradNorm  float64              `json:"grad_norm"` // of the last batch, before clipping
	Zeros     float64              `json:"zeros"`     // share of the trainable values that are exactly 0
	Terms     []TermRecord         `json:"terms,omitempty"`
	Gates     map[string][]float32 `json:"gates,omitempty"`     // at the end of an epoch: values of every gate, by the name of its parameter
	Val       *Metrics             `json:"val,omitempty"`       // at the end of an epoch
	Remaining *Remaining           `json:"remaining,omitempty"` // at the end of an epoch: the network without what is of no use any more
	Shrink    *ShrinkRecord        `json:"shrink,omitempty"`    // of kind shrink: what was removed
	Target    *ControlRecord       `json:"target,omitempty"`    // of kind target: where the way to a budget stands
	// Activity is how sparse activations are on the validation data, at the end of
	// an epoch; nil without activations that make zeros.
	Activity *activity.Report `json:"activation_density,omitempty"`
	Seconds  float64          `json:"seconds"`   // since the start of the phase, over all sessions
	Waited   float64          `json:"data_wait"` // seconds of them waiting for training data
}

// Remaining is the network that a removal would leave now.
type Remaining struct {
	Params     int64   `json:"params"` // trainable values
	MACs       int64   `json:"macs"`
	ParamShare float64 `json:"params_share"` // of the network that the run began with
	MACShare   float64 `json:"macs_share"`   // the same
}

// TermRecord is what a penalty did in the last step.
type TermRecord struct {
	Name   string     `json:"name"`
	Value  float64    `json:"value"` // what it added to the loss
	Lambda float64    `json:"lambda"`
	Groups int        `json:"groups"`
	Zero   int        `json:"zero_groups"`
	Norms  *Quantiles `json:"norms,omitempty"` // of the groups that are not 0, at the end of an epoch; nil when all are
}

// ShrinkRecord is a network right after a removal on the way.
type ShrinkRecord struct {
	Params     int64   `json:"params"` // trainable values
	MACs       int64   `json:"macs"`
	MaxRelDiff float64 `json:"max_rel_diff"` // of the certificate
}

// ControlRecord is where the way to a budget stands.
type ControlRecord struct {
	Share   float64 `json:"share"`   // of the network that is left
	Planned float64 `json:"planned"` // share that was to be left by now
	Factor  float64 `json:"factor"`  // on the strength of all penalties, from now on
}

// MetricsLog appends records to a file, one JSON object a line.
type MetricsLog struct {
	path  string
	file  *os.File
	lines int
}

// OpenMetricsLog opens or makes the file. A last line without an end, as a
// crash may leave it, is dropped.
func OpenMetricsLog(path string) (*MetricsLog, error) {
	l := &MetricsLog{path: path}
	if err := l.keep(-1); err != nil {
		return nil, fmt.Errorf("metrics log: %w", err)
	}
	return l, nil
}

// keep cuts the file to its first n lines, all complete ones if n is negative,
// and opens it for appending.
func (l *MetricsLog) keep(n int) error {
	data, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	end := 0
	for l.lines = 0; l.lines != n; l.lines++ {
		i := bytes.IndexByte(data[end:], '\n')
		if i < 0 {
			break
		}
		end += i + 1
	}
	if err := l.Close(); err != nil {
		return err
	}
	if end < len(data) {
		if err := atomicfile.WriteBytes(l.path, data[:end]); err != nil {
			return err
		}
	}
	l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return err
}

// Lines is the number of lines in the file.
func (l *MetricsLog) Lines() int { return l.lines }

// Cut drops all but the first n lines: those a resumed run writes again.
func (l *MetricsLog) Cut(n int) error {
	if n >= l.lines {
		return nil
	}
	if err := l.keep(n); err != nil {
		return fmt.Errorf("metrics log: %w", err)
	}
	return nil
}

// Append writes one record.
func (l *MetricsLog) Append(r Record) error {
	line, err := json.Marshal(r)
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("metrics log %s: %w", l.path, err)
	}
	l.lines++
	return nil
}

// Sync makes what was appended last through a power cut.
func (l *MetricsLog) Sync() error {
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("metrics log: %w", err)
	}
	return nil
}

// Close closes the file. The log can not be used after it.
func (l *MetricsLog) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// ReadMetrics reads all records of a log.
func ReadMetrics(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("metrics log: %w", err)
	}
	defer f.Close()
	var out []Record
	for d := json.NewDecoder(f); ; {
		var r Record
		switch err := d.Decode(&r); {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, fmt.Errorf("metrics log %s, line %d: %w", path, len(out)+1, err)
		}
		out = append(out, r)
	}
}

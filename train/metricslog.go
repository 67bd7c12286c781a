package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"pare/internal/atomicfile"
	"pare/layers/activity"
	"pare/nn"
)

// Record is one line of the metrics log. All but Seconds and Waited is a function of
// configuration and seed.
type Record struct {
	Kind      string               `json:"kind"`                // step, epoch, shrink (a removal on the way) or target (progress to a budget)
	Phase     string               `json:"phase"`               // train or finetune
	Epoch     float64              `json:"epoch"`               // epochs done, with fraction
	Step      int                  `json:"step"`                // updates made in the phase
	LR        float64              `json:"lr"`                  // learning rate of the last update
	Loss      float64              `json:"loss"`                // loss of the last batch; at the end of an epoch the mean of its batches; without penalties
	GradNorm  float64              `json:"grad_norm"`           // norm of the gradient of the last batch, before clipping
	Zeros     float64              `json:"zeros"`               // share of the trainable values that are exactly 0
	Terms     []TermRecord         `json:"terms,omitempty"`     // effect of every penalty
	Gates     map[string][]float32 `json:"gates,omitempty"`     // at the end of an epoch: values of every gate, by the name of its parameter
	Val       *Metrics             `json:"val,omitempty"`       // results on the validation data, at the end of an epoch
	Robust    *Metrics             `json:"robust,omitempty"`    // the same for some of it under an attack; nil: none was made
	Remaining *Remaining           `json:"remaining,omitempty"` // at the end of an epoch: the network that a removal would leave now
	Shrink    *ShrinkRecord        `json:"shrink,omitempty"`    // of kind shrink: the network after the removal
	Target    *ControlRecord       `json:"target,omitempty"`    // of kind target: progress to the budget
	// Activity is how sparse activations are on the validation data, at the end of
	// an epoch; nil without activations that make zeros.
	Activity *activity.Report `json:"activation_density,omitempty"`
	Seconds  float64          `json:"seconds"`   // since the start of the phase, over all sessions
	Waited   float64          `json:"data_wait"` // seconds of these that training waited for data
}

// Remaining is the network that a removal would leave now.
type Remaining struct {
	Params     int64   `json:"params"`       // trainable values
	MACs       int64   `json:"macs"`         // multiply-accumulates of one example
	ParamShare float64 `json:"params_share"` // share of the trainable values of the network at the start
	MACShare   float64 `json:"macs_share"`   // share of its multiply-accumulates
}

// TermRecord is the effect of a penalty in the last step.
type TermRecord struct {
	Name   string     `json:"name"`            // name of the penalty
	Value  float64    `json:"value"`           // its value, added to the loss
	Lambda float64    `json:"lambda"`          // its strength at the step
	Groups int        `json:"groups"`          // groups that the penalty acts on
	Zero   int        `json:"zero_groups"`     // groups that are 0
	Norms  *Quantiles `json:"norms,omitempty"` // norms of the groups that are not 0, at the end of an epoch; nil when all are
}

// ShrinkRecord is a network right after a removal on the way.
type ShrinkRecord struct {
	Params     int64   `json:"params"`       // trainable values
	MACs       int64   `json:"macs"`         // multiply-accumulates of one example
	MaxRelDiff float64 `json:"max_rel_diff"` // largest relative difference of the certificate
}

// ControlRecord is where the way to a budget stands.
type ControlRecord struct {
	Share   float64 `json:"share"`   // share of the network that is left
	Planned float64 `json:"planned"` // share that the plan asks for by now
	Factor  float64 `json:"factor"`  // factor on the strength of all penalties, from now on
}

// MetricsLog appends records to a file, one JSON object a line.
type MetricsLog struct {
	Watch func(Record) // called with every record that was appended; nil: nothing

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

// Cut keeps the first n lines; a resumed run writes the others again.
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
	if l.Watch != nil {
		l.Watch(r)
	}
	return nil
}

// Sync writes appended records to the disk, so that they outlast a power cut.
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

// Normed is implemented by penalties that know the Euclidean norms of their
// groups.
type Normed interface {
	Penalty
	// Norms lists the norm of every group, in a fixed order.
	Norms() []float64
}

// Quantiles sum up the norms of the groups that are not 0.
type Quantiles struct {
	Min    float64 `json:"min"` // smallest
	Tenth  float64 `json:"p10"` // 10 % are smaller
	Median float64 `json:"p50"` // 50 % are smaller
	Ninety float64 `json:"p90"` // 90 % are smaller
	Max    float64 `json:"max"` // largest
}

// quantiles of the values above 0, whose order is lost: q is the value of rank
// ⌊q·(n−1)⌋. It is nil when there are none.
func quantiles(values []float64) *Quantiles {
	values = slices.DeleteFunc(values, func(v float64) bool { return !(v > 0) })
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[int(q*float64(len(values)-1))] }
	return &Quantiles{at(0), at(0.1), at(0.5), at(0.9), at(1)}
}

// trajectories adds gates and norms of groups to the record of an epoch, for pictures
// over time.
func (t *Trainer) trajectories(r *Record) {
	r.Gates = gates(t.net)
	for i, p := range t.o.Penalties {
		if n, ok := p.(Normed); ok {
			r.Terms[i].Norms = quantiles(n.Norms())
		}
	}
}

// gates copies the values of all gates, by the full name of their parameter; nil if there
// are none.
func gates(net *nn.Network) map[string][]float32 {
	var out map[string][]float32
	for _, p := range net.Params() {
		if p.Role != nn.RoleGate {
			continue
		}
		if out == nil {
			out = map[string][]float32{}
		}
		out[p.Full] = slices.Clone(p.Data())
	}
	return out
}

// Status is where training stands after a step.
type Status struct {
	Phase          string
	Epoch, Epochs  int // the epoch under way, counted from 1
	Batch, Batches int // batches done in it
	Step, Steps    int // updates made and to be made in the phase
	Loss           float64
	Val            *Metrics      // of the last evaluation; nil before the first
	Robust         *Metrics      // the same under an attack; nil: none was made
	ByLoss         bool          // the loss says more than the accuracy: targets are numbers, or several an example
	Remaining      *Remaining    // at the end of the last epoch; nil before the first
	Left           time.Duration // estimate; 0 while there is none
}

// Reporter shows the user the progress of training. Its methods are called from the
// goroutine that trains.
type Reporter interface {
	// Step is called after every update.
	Step(Status)
	// Epoch is called after every epoch and its evaluation.
	Epoch(Status, Record)
	// Close ends the report of a phase, finished or not.
	Close()
}

// Silent reports nothing.
type Silent struct{}

func (Silent) Step(Status)          {}
func (Silent) Epoch(Status, Record) {}
func (Silent) Close()               {}

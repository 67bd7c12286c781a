package results

import (
	"fmt"
	"math"
	"strings"

	"pare/prune"
	"pare/report"
	"pare/run"
)

// Source is a run folder to read. A sweep knows the labels of its runs; for any other run
// they are inferred from its config and the runs that it starts from.
type Source struct {
	Path   string
	Method string         // such as "magnitude"; "": Method, Point and Keys are inferred
	Point  string         // how much the method was asked to remove, such as "macs 0.25"; "": nothing
	Keys   map[string]any // the keys that vary among the runs, by their paths, without the seed
	// Attack is the robustness of its final network; nil: the one in attack.json of the run folder,
	// where there is one.
	Attack *report.Robustness
}

// Change is a count in the first network of a chain of runs and in the last.
type Change struct{ From, To int64 }

// Share is the share that remains; 1 where there was nothing.
func (c Change) Share() float64 {
	if c.From == 0 {
		return 1
	}
	return float64(c.To) / float64(c.From)
}

// Row is the result of a run. A number that is not known is NaN.
type Row struct {
	Path     string
	Name     string
	Method   string
	Point    string
	Seed     uint64
	Keys     map[string]any // that vary among the rows, by their paths
	Ancestor string         // path of the run that it starts from, as its config names it; "": none
	Data     string         // name of the dataset
	Model    string

	// Params and MACs compare with the network that the chain of runs began with, so a
	// pruned shape that is trained from new weights has its share of the original network.
	Params, MACs Change
	NonZero      int64 // parameters of the final network that are not 0
	// WorkNonZero is the multiply-accumulates by weights that are not 0, the theoretical cost
	// in papers on masks of single weights; NaN in runs of earlier versions.
	WorkNonZero float64

	// ActiveBefore and ActiveAfter are the shares of the activations that are not 0, in the
	// trained and in the final network; ActiveLeft is the number of the final network as a
	// share of all activations of the original network. NaN: the network has no ReLU.
	ActiveBefore, ActiveAfter, ActiveLeft float64

	Measure string           // of Stages: error, perplexity or mean square error
	Stages  []run.StageValue // the measure from the trained network to the final one
	Value   float64          // at the last stage

	StepMs    float64 // a training step of the final network; NaN: not measured
	LatencyMs float64 // its forward pass

	TrainSeconds    float64
	FinetuneSeconds float64
	Finished        string // RFC 3339, UTC
	Command         string // of the session that started the run
	Started         string // of that session, RFC 3339, UTC
	Host            string
	Version         string // of the program, with its commit

	// Robust is how the final network withstands attacks; nil: it was not attacked.
	Robust *Robust

	Removed     prune.Removed
	Certificate float64 // largest relative difference; NaN: nothing was removed
	Layers      []Width

	audit    map[auditKey]float64 // measures of groups of test examples; nil: the run has no audit
	settings any                  // of the config and its ancestors, without the seed and names
	seeds    []uint64             // of the run and of its ancestors
	labelled bool                 // the source had the labels
	own      bool                 // shares are of the network that the run started with
}

// Width is the number of units of a layer in the first network of a chain and in the last.
type Width struct {
	Layer string `json:"layer"`
	From  int    `json:"from"`
	To    int    `json:"to"`
}

// Seconds is the time of training and fine-tuning.
func (r *Row) Seconds() float64 { return r.TrainSeconds + r.FinetuneSeconds }

// at is the measure at the first of some stages that the run has; NaN without one.
func (r *Row) at(names ...string) float64 {
	for _, name := range names {
		for _, s := range r.Stages {
			if s.Stage == name {
				return s.Value
			}
		}
	}
	return math.NaN()
}

// trained, before and after are the measure of the trained network, right before the
// removal (with the units zeroed that a method chose), and right after it.
func (r *Row) trained() float64 { return r.at("trained") }
func (r *Row) before() float64  { return r.at("zeroed", "trained") }
func (r *Row) after() float64   { return r.at("removed", "zeroed", "trained") }

// isError reports whether the measure is a share of wrong predictions.
func (r *Row) isError() bool { return r.Measure == "error" }

// shown is a value of the measure as tables and figures print it: a score in percent for
// classes, the measure itself otherwise.
func (r *Row) shown(v float64) float64 {
	if r.isError() {
		return 100 * v
	}
	return v
}

// format writes a value of the measure.
func (r *Row) format(v float64) string {
	if r.isError() {
		return report.Percent(v)
	}
	return fmt.Sprintf("%.4g", v)
}

// Over is a measure of the size of a network.
type Over string

// The measures of size.
const (
	OverMACs    Over = "macs"         // multiply-accumulates
	OverParams  Over = "params"       // parameters of the remaining layers, zeros included
	OverNonZero Over = "nonzero"      // parameters that are not 0
	OverWork    Over = "nonzero-macs" // multiply-accumulates by weights that are not 0
	OverActive  Over = "activations"  // activations that are not 0
	OverLatency Over = "latency"      // time of a forward pass
)

// sizes are all measures of size, in the order of menus, with the titles of their axes and
// the things that they count.
var sizes = []struct {
	over       Over
	axis, noun string
}{
	{OverMACs, "multiply-accumulates left, %", "multiply-accumulates"},
	{OverParams, "parameters left, %", "parameters"},
	{OverNonZero, "parameters that are not 0, %", "nonzero parameters"},
	{OverWork, "multiply-accumulates by nonzero weights, %", "multiply-accumulates by nonzero weights"},
	{OverActive, "activations that are not 0, %", "activations"},
	{OverLatency, "latency of a forward pass, ms", "milliseconds"},
}

// of is the size of a network: the share of the original one in percent, and milliseconds
// for latency. NaN: not known.
func (o Over) of(r *Row) float64 {
	switch o {
	case OverParams:
		return 100 * r.Params.Share()
	case OverNonZero:
		return 100 * Change{r.Params.From, r.NonZero}.Share()
	case OverWork:
		return 100 * r.WorkNonZero / max(1, float64(r.MACs.From))
	case OverActive:
		return 100 * r.ActiveLeft
	case OverLatency:
		return r.LatencyMs
	}
	return 100 * r.MACs.Share()
}

// noun names the things that the measure counts.
func (o Over) noun() string {
	for _, size := range sizes {
		if size.over == o {
			return size.noun
		}
	}
	return string(o)
}

// axis is the title of an axis of the measure.
func (o Over) axis() string {
	for _, size := range sizes {
		if size.over == o {
			return size.axis
		}
	}
	return string(o)
}

// Set is the rows of a comparison.
type Set struct {
	Rows    []*Row
	Skipped []Skipped // sources that are no row, in their order
	Notes   []string  // on rows whose shares are not of the first network of their chain

	curves []Curve
}

// Skipped is a source without a row of its own.
type Skipped struct{ Path, Reason string }

func (s Skipped) String() string { return fmt.Sprintf("%s %s", s.Path, s.Reason) }

// Comparable is nil if the rows can stand in one figure: they have one measure and one
// dataset. The error names two rows that do not.
func (s *Set) Comparable() error {
	for _, r := range s.Rows[1:] {
		first := s.Rows[0]
		switch {
		case r.Measure != first.Measure:
			return fmt.Errorf("%s has a result of another kind (%s) than %s (%s): draw them apart", r.Path, r.Measure, first.Path, first.Measure)
		case r.Data != first.Data:
			return fmt.Errorf("%s has other data (%s) than %s (%s): draw them apart", r.Path, r.Data, first.Path, first.Data)
		}
	}
	return nil
}

// measured is nil if all rows know the size; the error names a row that does not.
func (s *Set) measured(over Over) error {
	for _, r := range s.Rows {
		if !math.IsNaN(over.of(r)) {
			continue
		}
		switch over {
		case OverLatency:
			return fmt.Errorf("the latency of %s was not measured: measure it with -latency", r.Path)
		case OverWork:
			return fmt.Errorf("an earlier version made %s, which did not count %s", r.Path, over.noun())
		}
		return fmt.Errorf("%s has no activations that can be 0: its network has no ReLU", r.Path)
	}
	return nil
}

// sentence is a text with a capital at its beginning.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"pare/nn"
	"pare/prune"
)

// Data is the content of a report. Every field may be zero: unknown values are left
// out or shown as a dash. NaN stands for an unknown number.
type Data struct {
	Title   string
	Model   string
	Dataset string
	Seed    uint64
	Date    time.Time

	Phases []Phase // in the order they ran

	Before, After nn.Counts
	Removed       prune.Removed
	Layers        []prune.LayerDiff // of the original network, in its order
	Weights       []Weights
	Certificate   prune.Certificate // of the last removal; Inputs 0: nothing was compared
	OnTheWay      int               // removals while training was under way
	WorstOnTheWay float64           // largest relative difference of their certificates

	Stages       []Stage   // at which the network was tested, in their order
	TestExamples int       // or the targets that they have; 0: it was not tested
	Measures     []Measure // further results
	Classes      Classes   // results by class, or by label
	Audit        *Audit    // of groups of test examples; nil: none was asked for

	Warnings []string

	BestEpoch int // of training, whose weights were kept; 0: the last one's

	TrainSeconds, FinetuneSeconds float64

	Network *nn.Network // before removal, for the data-flow diagram; nil: no diagram
	Pruned  *nn.Network // nil: nothing was removed

	Config  string // YAML as used
	Command string // or several, a line each, with lines of comments
}

// Stage is a point of a run at which the network was tested.
type Stage struct {
	Name     string  // "trained", "zeroed", "removed", "final"
	Accuracy float64 // share of the test examples, or of the targets that they have, that are right; NaN: there is none
	Correct  int     // number of them
}

// Measure is a further result on the test set, in words.
type Measure struct {
	Name     string    // "perplexity"
	Readings []Reading // at least one
	Note     string    // may be empty
}

// Reading is a measure at a stage.
type Reading struct{ Stage, Value string }

// chain is "98.25 % trained → 10.50 % zeroed".
func chain(readings []Reading) string {
	parts := make([]string, len(readings))
	for i, r := range readings {
		parts[i] = r.Value + " " + r.Stage
	}
	return strings.Join(parts, " → ")
}

// accuracies are the readings of the accuracy.
func (d Data) accuracies() []Reading {
	var out []Reading
	for _, s := range d.Stages {
		out = append(out, Reading{s.Name, Percent(s.Accuracy)})
	}
	return out
}

// Phase is a part of a run: "train", "finetune".
type Phase struct {
	Name   string
	Epochs []Point
}

// Point is the state of a run after an epoch.
type Point struct {
	Epoch       float64
	TrainLoss   float64 // without the penalty
	Penalty     float64
	ValLoss     float64
	ValAccuracy float64 // in [0, 1]
	Zeros       float64 // share of parameters that are exactly 0
	GroupsZero  float64 // groups that are 0 as a whole
	GroupsTotal float64
	ParamsLeft  float64 // share of the network that a removal would leave; NaN: not measured
	MACsLeft    float64 // the same of the multiply-accumulates
	LR          float64
	Gates       map[string][]float32 // values of every gate, by its name
	Norms       []Norms              // by penalty; one all of whose groups are 0 is left out
}

// Norms are the norms of a penalty's groups that are not 0.
type Norms struct {
	Term      string
	Quantiles [5]float64 // least, 10 %, median, 90 %, largest
}

// Weights is how the weights of one layer are distributed, at the end of training
// and in the final network; nil where it is not there.
type Weights struct {
	Original       int64 // number at the start; 0: the layer was not there, or the number is not known
	Trained, Final *nn.Sparsity
}

// tested reports whether accuracies are known.
func (d Data) tested() bool {
	return d.TestExamples > 0 && len(d.Stages) > 0 && !math.IsNaN(d.Stages[0].Accuracy)
}

// allowed is the difference that a certificate allows, and why where it is not its tolerance.
func allowed(c prune.Certificate) string {
	if c.Rounding > c.Tolerance {
		return Small(c.Rounding) + " (the rounding of the network itself)"
	}
	return Small(c.Tolerance)
}

// RemovedText lists the removed parts, "nothing" for a dense run.
func RemovedText(r prune.Removed) string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{r.Channels, "channel", "channels"}, {r.Units, "unit", "units"}, {r.Branches, "branch", "branches"},
		{r.Gates, "gate", "gates"}, {r.Blocks, "block", "blocks"}, {r.Inputs, "input feature", "input features"},
		{r.Pixels, "pixel", "pixels"},
	} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.one)
		case p.n != 0:
			parts = append(parts, Count(int64(p.n))+" "+p.many)
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// onTheWay describes the removals during training; "" if there were none.
func (d Data) onTheWay() string {
	switch d.OnTheWay {
	case 0:
		return ""
	case 1:
		return "1 removal while training, largest difference " + Small(d.WorstOnTheWay)
	}
	return fmt.Sprintf("%d removals while training, largest difference %s", d.OnTheWay, Small(d.WorstOnTheWay))
}

// changed reports whether a layer lost anything.
func changed(l prune.LayerDiff) bool {
	return l.ParamsFrom != l.ParamsTo || l.MACsFrom != l.MACsTo || l.UnitsFrom != l.UnitsTo ||
		l.After == "" || l.Replacement != "" || l.InputsLost != 0
}

// fate describes the change of a layer in a few words; "" for an unchanged one.
func fate(l prune.LayerDiff) string {
	switch {
	case l.Replacement != "":
		return "replaced by " + l.Replacement
	case l.After == "":
		return "removed"
	case l.InputsLost == 1:
		return "1 input fewer"
	case l.InputsLost > 1:
		return Count(int64(l.InputsLost)) + " inputs fewer"
	}
	return ""
}

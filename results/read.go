package results

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"pare/layers/activity"
	"pare/prune"
	"pare/run"
)

// Options say how to read runs.
type Options struct {
	// Of is a run whose first network counts as 100 %, for networks that were narrow from the
	// start; "": the first network of the chain of each run.
	Of string
	// Latency measures the final network of a run: a training step and a forward pass in
	// milliseconds. nil: rows have neither.
	Latency func(*run.Artifact) (step, forward float64, err error)
}

// Read reads the results of finished runs, one row for each run. It skips networks without
// a run, unfinished runs, damaged runs, and runs that are given twice, and lists these in
// Skipped. A Source without a method whose path holds neither a run nor a network is a
// run.InputError, as is a list without any finished run.
func Read(sources []Source, o Options) (*Set, error) {
	s := &Set{}
	whole, err := o.whole()
	if err != nil {
		return nil, err
	}
	seen := map[string]string{} // path by seeds and settings
	for _, source := range sources {
		var r *Row
		var reason string
		a, err := run.OpenArtifact(source.Path)
		switch {
		case err == nil:
			r, reason, err = read(a, source, whole)
		case source.Method == "": // a path that a user has typed
			return nil, err
		}
		if err != nil {
			if len(sources) == 1 || !run.IsInput(err) {
				return nil, err
			}
			reason = "cannot be read: " + err.Error()
		}
		if reason != "" {
			s.Skipped = append(s.Skipped, Skipped{source.Path, reason})
			continue
		}
		key := fmt.Sprint(r.seeds, source.Method, source.Point, jsonText(r.settings))
		if first, ok := seen[key]; ok {
			s.Skipped = append(s.Skipped, Skipped{source.Path, "is the same run as " + first + ", with the same seed and config"})
			continue
		}
		seen[key] = source.Path
		if o.Latency != nil {
			if r.StepMs, r.LatencyMs, err = o.Latency(a); err != nil {
				return nil, fmt.Errorf("%s: %w", source.Path, err)
			}
		}
		s.Rows = append(s.Rows, r)
		if r.own {
			s.Notes = append(s.Notes, fmt.Sprintf("the shares of %s are of the network that it started with: %s cannot be read", r.Path, r.Ancestor))
		}
	}
	switch {
	case len(s.Rows) > 0:
	case len(sources) == 0:
		return nil, &run.InputError{Err: fmt.Errorf("there are no runs to compare")}
	case len(sources) == 1:
		return nil, &run.InputError{Err: fmt.Errorf("%s", s.Skipped[0])}
	default:
		return nil, &run.InputError{Err: fmt.Errorf("none of the %d is a finished run", len(sources))}
	}
	s.label()
	s.curves = curvesOf(s.Rows)
	return s, nil
}

// whole is the experiment of Of; nil without one.
func (o Options) whole() (*run.Experiment, error) {
	if o.Of == "" {
		return nil, nil
	}
	a, err := run.OpenArtifact(o.Of)
	if err != nil {
		return nil, err
	}
	e, err := a.Experiment()
	if err == nil && e.Original == nil {
		err = &run.InputError{Err: fmt.Errorf("nothing in %s says how large its first network was", o.Of)}
	}
	return &e, err
}

// read makes the row of a run; reason says why there is none.
func read(a *run.Artifact, source Source, whole *run.Experiment) (r *Row, reason string, err error) {
	sum, err := a.Summary()
	if err != nil {
		return nil, "", err
	}
	if sum == nil {
		if a.Kind != run.KindRun {
			return nil, "is a network without the results of a run", nil
		}
		return nil, "is not a finished run; go on with train -resume " + a.Path, nil
	}
	e, err := a.Experiment()
	if err != nil {
		return nil, "", err
	}
	if whole != nil {
		e.Original, e.Layers = whole.Original, whole.Layers
	}
	r = &Row{Path: a.Path, Name: sum.Name, Method: source.Method, Point: source.Point, Keys: source.Keys, labelled: source.Method != "",
		Seed: sum.Seed, Ancestor: e.Ancestor, Data: sum.Dataset, Model: sum.Model,
		Params: Change{sum.ParamsBefore, sum.ParamsAfter}, MACs: Change{sum.MACsBefore, sum.MACsAfter}, NonZero: sum.NonZeroAfter,
		WorkNonZero: math.NaN(),
		StepMs:      math.NaN(), LatencyMs: math.NaN(), TrainSeconds: sum.TrainSeconds, FinetuneSeconds: sum.FinetuneSeconds,
		Finished: sum.Finished, Command: sum.Command, Removed: sum.Removed, Certificate: math.NaN(),
		settings: e.Settings, seeds: e.Seeds}
	if sum.MACsNonZeroAfter > 0 {
		r.WorkNonZero = float64(sum.MACsNonZeroAfter)
	}
	if sum.Method != "none" {
		r.Certificate = max(sum.Certificate.MaxRelDiff, sum.WorstCertificate)
	}
	if r.own = e.Original == nil; !r.own {
		r.Params.From, r.MACs.From = e.Original.Params, e.Original.MACs
	}
	r.Measure, r.Stages = sum.Headline()
	r.Value = r.Stages[len(r.Stages)-1].Value
	if sessions, err := a.Sessions(); err != nil {
		return nil, "", err
	} else if len(sessions) > 0 {
		first := sessions[0]
		r.Started, r.Host, r.Version = first.Started, first.Host, first.Build.String()
	}
	groups, err := a.StoredAudit()
	if err != nil {
		return nil, "", err
	}
	if groups != nil {
		r.readAudit(groups.Tables)
	}
	r.Layers = widths(e.Layers, sum.Weights)
	r.activations(sum, e.Layers)
	return r, "", nil
}

// widths pairs the layers that have weights by their names; the first network is that of
// the run where the chain does not say how wide it was.
func widths(original []prune.LayerDiff, own []run.LayerWeights) []Width {
	from, final := map[string]int{}, map[string]int{}
	var names []string
	for _, l := range original {
		if l.MACsFrom > 0 {
			names = append(names, l.Name)
			from[l.Name] = l.UnitsFrom
		}
	}
	for _, l := range own {
		if l.Trained != nil && len(original) == 0 {
			names = append(names, l.Trained.Layer)
			from[l.Trained.Layer] = l.Trained.Units
		}
		if l.Final != nil {
			final[l.Final.Layer] = l.Final.Units
		}
	}
	var out []Width
	for _, name := range names {
		out = append(out, Width{name, from[name], final[name]})
	}
	return out
}

// activations fills in the densities. The number of activations of a layer is its units
// times its positions, and removing units leaves the positions.
func (r *Row) activations(sum *run.Summary, original []prune.LayerDiff) {
	r.ActiveBefore, r.ActiveAfter, r.ActiveLeft = math.NaN(), math.NaN(), math.NaN()
	before := sum.DensityTrained
	if before == nil {
		before = sum.DensityBeforePrune
	}
	if before == nil || sum.Density == nil {
		return
	}
	r.ActiveBefore, r.ActiveAfter = before.Overall, sum.Density.Overall
	var whole, left float64
	kinds := map[string]bool{} // of the layers that make zeros
	for _, l := range original {
		if _, ok := before.Layers[l.Name]; ok {
			kinds[l.Kind] = true
		}
	}
	for _, l := range original {
		if !kinds[l.Kind] || l.UnitsFrom == 0 {
			continue
		}
		positions := values(l.Before) / float64(l.UnitsFrom)
		whole += values(l.Before)
		left += active(sum.Density, l.Name) * positions
	}
	r.ActiveLeft = r.ActiveAfter // of itself, where the original network is not known
	if whole > 0 {
		r.ActiveLeft = left / whole
	}
}

// active is the mean number of units of a layer that are not 0 at a position.
func active(d *activity.Report, layer string) float64 {
	l := d.Layers[layer]
	return l.Density * float64(l.Units)
}

var wholeNumber = regexp.MustCompile(`[0-9]+`)

// values is the number of values of a shape in words, such as "8×14×14".
func values(shape string) float64 {
	n := 1.0
	for _, d := range wholeNumber.FindAllString(shape, -1) {
		v, _ := strconv.ParseFloat(d, 64) // it is a number
		n *= v
	}
	return n
}

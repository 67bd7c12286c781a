package run

import (
	"context"
	"fmt"

	"pare/export"
	"pare/nn"
)

// Names of the versions of a network, in the order of Versions.
const (
	VersionOriginal = "original" // dense, before anything was zeroed or removed
	VersionMasked   = "masked"   // in the shape of the original, with the removed units at 0
	VersionPruned   = "pruned"   // the network at the end of the run
	VersionOnly     = "network"  // of an artifact that is no run folder
)

// Version is a network in one of the forms that pruning leaves it in.
type Version struct {
	Name string
	Net  *nn.Network
}

// Versions returns the original, masked and pruned forms of the network of a finished run, and
// a line for each form that there is not, and for each whose parameters were not trained. final
// is the network that Final returned. data serves a criterion that chose the units of the run;
// nil: the masked form of such a run is missing. Other artifacts have one version.
func (a *Artifact) Versions(ctx context.Context, final export.Model, data *Data) (out []Version, notes []string, err error) {
	if a.Kind != KindRun {
		return []Version{{VersionOnly, final.Net}}, []string{a.Path + " has no original: it is no run folder; the network is measured alone"}, nil
	}
	trained, err := a.Trained()
	if err != nil {
		return nil, nil, err
	}
	s, err := a.Summary()
	if err != nil {
		return nil, nil, err
	}
	removal, err := a.Removal()
	if err != nil {
		return nil, nil, err
	}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	add := func(name string, net *nn.Network) { out = append(out, Version{name, net}) }
	shrunk := s != nil && trained.Net.Count().Params < s.ParamsBefore
	chosen := removal != nil && removal.selects()
	if chosen && !shrunk {
		add(VersionOriginal, trained.Net)
	} else if start, err := a.start(ctx, final, data); err == nil {
		add(VersionOriginal, start)
		note("original: the parameters are those at the start of training")
	} else {
		note("no original: %v", err)
	}
	switch {
	case shrunk:
		note("no masked form: units were removed while training")
	case removal != nil && removal.Method == "none":
		note("no masked form: the run prunes nothing")
	case chosen && data == nil:
		note("no masked form: the units were chosen with the data of the run, which cannot be read")
	case chosen:
		masked, err := trained.Net.Clone()
		if err != nil {
			return nil, nil, err
		}
		if err := removal.zero(ctx, masked, data); err != nil {
			return nil, nil, err
		}
		add(VersionMasked, masked)
	default:
		add(VersionMasked, trained.Net)
	}
	add(VersionPruned, final.Net)
	return out, notes, nil
}

// start is the network of the run's config with the parameters that training began with.
func (a *Artifact) start(ctx context.Context, final export.Model, data *Data) (*nn.Network, error) {
	if data == nil {
		var err error
		if data, err = a.Data(ctx, final, "", nil); err != nil {
			return nil, err
		}
	}
	return BuildNetwork(a.Config, data.Task())
}

// zero sets the values that the request chooses to 0.
func (q PruneRequest) zero(ctx context.Context, net *nn.Network, data *Data) error {
	q = q.complete()
	examples, err := data.forImportance(ctx, net)
	if err != nil {
		return err
	}
	s, err := q.selection(examples)
	if err != nil {
		return err
	}
	_, err = choose(ctx, s, net)
	return err
}

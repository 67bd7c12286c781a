package run

import (
	"fmt"
	"maps"
	"slices"

	"pare/layers/activity"
	"pare/report"
)

// Activity is how sparse activations are on the test set. All fields are nil, and
// left out of summary.json, for networks without activations that make zeros.
type Activity struct {
	DensityBeforePrune *activity.Report `json:"activation_density_before_prune,omitempty"`
	DensityAfterPrune  *activity.Report `json:"activation_density_after_prune,omitempty"`
	Density            *activity.Report `json:"activation_density,omitempty"` // at the end
}

func (s *Summary) activity(p *pruneResult, final *activity.Report) {
	s.Activity = Activity{p.ActivityBefore, p.ActivityAfter, final}
	s.Thresholds = p.Thresholds
}

// measures are the rows for reports; none where a report is missing.
func (a Activity) measures() []report.Measure {
	if a.DensityBeforePrune == nil || a.DensityAfterPrune == nil || a.Density == nil {
		return nil
	}
	row := func(name string, value func(*activity.Report) float64) report.Measure {
		text := func(r *activity.Report) string { return fmt.Sprintf("%.2f %%", 100*value(r)) }
		return report.Measure{Name: name, Before: text(a.DensityBeforePrune), After: text(a.DensityAfterPrune), Final: text(a.Density)}
	}
	density := row("active", func(r *activity.Report) float64 { return r.Overall })
	density.Note = "activations not 0" + spread(a.Density)
	return []report.Measure{density,
		row("dead units", func(r *activity.Report) float64 { return r.Dead })}
}

// spread names the layers with the fewest and the most values that are not 0; ""
// for a single layer.
func spread(r *activity.Report) string {
	names := slices.Sorted(maps.Keys(r.Layers))
	if len(names) < 2 {
		return ""
	}
	least, most := names[0], names[0]
	for _, n := range names {
		if r.Layers[n].Density < r.Layers[least].Density {
			least = n
		}
		if r.Layers[n].Density > r.Layers[most].Density {
			most = n
		}
	}
	return fmt.Sprintf(", from %.2f %% in %s to %.2f %% in %s", 100*r.Layers[least].Density, least, 100*r.Layers[most].Density, most)
}

package run

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"pare/layers/activity"
	"pare/report"
)

// Activity is how sparse activations are on the test set. All fields are nil, and
// left out of summary.json, for networks without activations that make zeros.
type Activity struct {
	DensityTrained     *activity.Report `json:"activation_density_trained,omitempty"` // where a baseline zeroes units then
	DensityBeforePrune *activity.Report `json:"activation_density_before_prune,omitempty"`
	DensityAfterPrune  *activity.Report `json:"activation_density_after_prune,omitempty"`
	DensityThresholded *activity.Report `json:"activation_density_after_thresholds,omitempty"`
	Density            *activity.Report `json:"activation_density,omitempty"` // at the end
}

// activities are the rows for reports; none where activations make no zeros.
func activities(stages []stage) []report.Measure {
	row := func(name string, value func(*activity.Report) float64) report.Measure {
		m := report.Measure{Name: name}
		for _, s := range stages {
			if s.act != nil {
				m.Readings = append(m.Readings, report.Reading{Stage: s.Name, Value: fmt.Sprintf("%.2f %%", 100*value(s.act))})
			}
		}
		return m
	}
	if len(stages) == 0 {
		return nil
	}
	last := stages[len(stages)-1].act
	if last == nil {
		return nil
	}
	density := row("active", func(r *activity.Report) float64 { return r.Overall })
	density.Note = "share of activations that are not 0" + spread(last)
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
	byDensity := func(a, b string) int { return cmp.Compare(r.Layers[a].Density, r.Layers[b].Density) }
	least, most := slices.MinFunc(names, byDensity), slices.MaxFunc(names, byDensity)
	return fmt.Sprintf("; lowest %.2f %% in %s, highest %.2f %% in %s", 100*r.Layers[least].Density, least, 100*r.Layers[most].Density, most)
}

package run

import (
	"fmt"
	"strings"

	"pare/prune"
	"pare/report"
)

// demands are the measured time of an inference and the layers that keep units on demand, for
// reports; either may be nil.
func demands(l *prune.Latency, limited []prune.Limited) []report.Measure {
	var out []report.Measure
	if l != nil {
		ms := func(seconds float64) string { return fmt.Sprintf("%.4g ms", 1000*seconds) }
		out = append(out, report.Measure{Name: "inference",
			Readings: []report.Reading{{Stage: stageTrained, Value: ms(l.Before)}, {Stage: stageRemoved, Value: ms(l.After)}},
			Note:     fmt.Sprintf("%.1f %% of the time at batch %d, medians of this machine", 100*l.Share, l.Batch)})
	}
	if len(limited) == 0 {
		return out
	}
	units := 0
	var of []string
	for _, l := range limited {
		units += l.Units
		of = append(of, fmt.Sprintf("%s %d by %s", l.Layer, l.Units, l.By))
	}
	if n := len(of); n > mostNames {
		of = append(of[:mostNames], fmt.Sprintf("and %d more layers", n-mostNames))
	}
	return append(out, report.Measure{Name: "kept on demand",
		Readings: []report.Reading{{Stage: fmt.Sprintf("in %d layers", len(limited)), Value: fmt.Sprintf("%d units", units)}},
		Note:     strings.Join(of, ", ")})
}

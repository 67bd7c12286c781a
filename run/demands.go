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
	if n := len(of); n > mostLimited {
		of = append(of[:mostLimited], "and "+plural(n-mostLimited, "more layer")+", all in prune.json")
	}
	return append(out, report.Measure{Name: "kept on demand",
		Readings: []report.Reading{{Stage: "in " + plural(len(limited), "layer"), Value: plural(units, "unit")}},
		Note:     strings.Join(of, ", ")})
}

// mostLimited is how many layers that keep units a report lists by name.
const mostLimited = 3

// plural is "1 unit", "2 units".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

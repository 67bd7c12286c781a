package sweep

import (
	"strings"

	"pare/results"
)

// ResultsDir is the folder of results.csv, figures, tables and the page, in a sweep folder.
const ResultsDir = "report"

// Sources are the finished runs of a sweep with their methods and points, and the names of the
// runs that are not finished. Runs that only make a shape for another one are in neither.
func (f Folder) Sources(t *Table) (finished []results.Source, unfinished []string) {
	states := f.States(t.Runs)
	for i, r := range t.Runs {
		switch {
		case r.Auxiliary:
		case states[i] == Finished:
			finished = append(finished, results.Source{Path: f.path(r.Dir), Method: r.Method, Point: r.Point.words(), Keys: r.Keys,
				Attack: f.attackOn(r)})
		default:
			unfinished = append(unfinished, r.Name)
		}
	}
	return finished, unfinished
}

// words is the point as results show it: "macs 0.5".
func (p *Point) words() string {
	text := p.String()
	if p != nil && p.Of != "" {
		return p.Measure + " of " + p.Of
	}
	return strings.Replace(text, "-", " ", 1)
}

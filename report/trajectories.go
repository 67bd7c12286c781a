package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// trajectories are the charts of gates and of the norms of groups over the epochs.
func trajectories(phases []Phase, shifts []float64) []lineChart {
	names := map[string]int{} // gate to its number of values
	var terms []string
	for _, phase := range phases {
		for _, p := range phase.Epochs {
			for name, values := range p.Gates {
				names[name] = max(names[name], len(values))
			}
			for _, n := range p.Norms {
				if !slices.Contains(terms, n.Term) {
					terms = append(terms, n.Term)
				}
			}
		}
	}
	gates := lineChart{title: "Gates", zero: true, bare: true}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for i := range names[name] {
			label := name
			if names[name] > 1 {
				label = fmt.Sprintf("%s %d", name, i+1)
			}
			gates.lines = append(gates.lines, series{name: label, class: "thin", pieces: pieces(phases, shifts, func(p Point) float64 {
				if values := p.Gates[name]; i < len(values) {
					return float64(values[i])
				}
				return math.NaN()
			})})
		}
	}
	charts := []lineChart{gates}
	for _, term := range terms {
		c := lineChart{title: "Norms of the groups that are not 0: " + term, zero: true}
		for k, name := range []string{"min", "10 %", "median", "90 %", "max"} {
			class := "thin"
			if k == 2 {
				class = "line1"
			}
			c.lines = append(c.lines, series{name: name, class: class, pieces: pieces(phases, shifts, func(p Point) float64 {
				for _, n := range p.Norms {
					if n.Term == term {
						return n.Quantiles[k]
					}
				}
				return math.NaN()
			})})
		}
		charts = append(charts, c)
	}
	return charts
}

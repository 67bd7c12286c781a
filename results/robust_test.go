package results

import (
	"testing"

	"pare/report"
)

// The column of accuracy under attack is a mean over the runs that were attacked in the same norm.
func TestRobustColumn(t *testing.T) {
	row := func(norm string, robust float64) *Row {
		return &Row{Robust: &Robust{Norm: norm, Points: []report.RobustPoint{{Eps: 0.5, Robust: robust}}}}
	}
	for want, rows := range map[string][]*Row{
		"":                  {{}},
		"25.00 % at 0.5":    {row("linf", 0.25)},
		"50.00 % at l2 0.5": {row("l2", 0.5)},
		"37.50 % at 0.5":    {row("linf", 0.25), row("linf", 0.5)},
	} {
		if got := (line{rows: rows}).robust(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

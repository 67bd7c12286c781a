package report

import (
	"slices"
	"strings"
	"testing"
)

// settings are those of an experiment with a method.
func settings(method string) map[string]any {
	return map[string]any{"prune": map[string]any{"method": method}}
}

// TestCompareTable: columns that say nothing of any run are left out, and the means
// over seeds stand behind them.
func TestCompareTable(t *testing.T) {
	share := 0.036
	dense := Outcome{Name: "net", Seed: 1, Settings: settings("dense"), Method: "none", Measure: "perplexity", Value: 4.2,
		Params: [2]int64{1000, 1000}, NonZero: 1000, MACs: [2]int64{500, 500}}
	weights, first := dense, dense
	weights.Settings, weights.NonZero = settings("weights"), 70
	first.Settings, first.Active = settings("active"), &share
	second := first
	second.Seed, second.Value = 2, 4.4
	baseline := dense
	baseline.Method, baseline.Measure, baseline.Value = "magnitude", "error", 0.05
	baseline.Stages = []StageValue{{"trained", 0.0175}, {"zeroed", 0.895}, {"removed", 0.895}, {"final", 0.05}}
	for _, x := range []struct {
		runs []Outcome
		want [][]string
	}{
		{[]Outcome{dense}, [][]string{
			{"run", "seed", "result", "params left", "MACs left", "removed", "certificate", "time"},
			{"net", "1", "perplexity 4.2", "1,000", "500", "nothing", "–", "0.0 s"},
		}},
		{[]Outcome{baseline}, [][]string{
			{"run", "seed", "result", "before removal", "params left", "MACs left", "removed", "certificate", "time"},
			{"net", "1", "error 5.00 %", "1.75 % trained → 89.50 % zeroed", "1,000", "500", "nothing", "0", "0.0 s"},
		}},
		{[]Outcome{weights, first}, [][]string{
			{"run", "seed", "result", "params left", "not 0", "MACs left", "activations", "removed", "certificate", "time"},
			{"net, weights", "1", "perplexity 4.2", "1,000", "70 of 1,000 (7.0 %)", "500", "–", "nothing", "–", "0.0 s"},
			{"net, active", "1", "perplexity 4.2", "1,000", "1,000", "500", "3.60 %", "nothing", "–", "0.0 s"},
		}},
		{[]Outcome{first, second}, [][]string{
			{"run", "seed", "result", "params left", "MACs left", "activations", "removed", "certificate", "time"},
			{"net", "1", "perplexity 4.2", "1,000", "500", "3.60 %", "nothing", "–", "0.0 s"},
			{"net", "2", "perplexity 4.4", "1,000", "500", "3.60 %", "nothing", "–", "0.0 s"},
			{"net", "mean of 2", "perplexity 4.3 ± 0.1414", "1,000", "500", "3.60 %", "", "–", "0.0 s"},
		}},
	} {
		var b strings.Builder
		if err := CompareTable(&b, Compare(x.runs), true); err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for i, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
			if i != 1 { // the rule
				got = append(got, strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | "))
			}
		}
		if !slices.EqualFunc(got, x.want, slices.Equal[[]string]) {
			t.Errorf("got %q\nwant %q", got, x.want)
		}
	}
}

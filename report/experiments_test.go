package report

import (
	"fmt"
	"slices"
	"testing"
)

func budgeted(name string, seed uint64, share float64) Outcome {
	return Outcome{Run: fmt.Sprintf("%s-%d-%g", name, seed, share), Name: name, Method: "magnitude", Seed: seed, Measure: "error", Value: share,
		Settings: map[string]any{"prune": map[string]any{"method": "magnitude", "budget": map[string]any{"params": share}}}}
}

// TestBudgetsOfSeeds: budgets that differ a little from seed to seed are one
// experiment, those of a sweep are not.
func TestBudgetsOfSeeds(t *testing.T) {
	for _, c := range []struct {
		what string
		runs []Outcome
		want []int // runs of each experiment
	}{
		{"a budget for each seed", []Outcome{budgeted("a", 1, 0.052), budgeted("a", 2, 0.05), budgeted("a", 3, 0.054)}, []int{3}},
		{"a sweep of one seed", []Outcome{budgeted("a", 1, 0.052), budgeted("a", 1, 0.05)}, []int{1, 1}},
		{"a sweep of two seeds", []Outcome{budgeted("a", 1, 0.3), budgeted("a", 2, 0.3), budgeted("a", 1, 0.31), budgeted("a", 2, 0.31)}, []int{2, 2}},
		{"budgets far apart", []Outcome{budgeted("a", 1, 0.1), budgeted("a", 2, 0.2)}, []int{1, 1}},
		{"the largest first", []Outcome{budgeted("a", 2, 0.9), budgeted("a", 3, 0.5), budgeted("a", 1, 0.52), budgeted("a", 1, 0.91)}, []int{2, 2}},
	} {
		var got []int
		total := 0
		for _, e := range experiments(c.runs) {
			got = append(got, len(e.runs))
			total += len(e.places)
		}
		if !slices.Equal(got, c.want) || total != len(c.runs) {
			t.Errorf("%s: experiments of %v runs, want %v", c.what, got, c.want)
		}
	}
	rows := Compare([]Outcome{budgeted("a", 1, 0.052), budgeted("a", 2, 0.05), budgeted("a", 1, 0.3)})
	var names []string
	for _, r := range rows {
		names = append(names, fmt.Sprintf("%s %d", r.Label, r.Seeds))
	}
	want := []string{"a, params 0.05–0.052 1", "a, params 0.05–0.052 1", "a, params 0.05–0.052 2", "a, params 0.3 1"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestLabels: names of experiments are distinct, and state only the settings needed to tell them apart.
func TestLabels(t *testing.T) {
	run := func(name string) []Outcome { return []Outcome{{Name: name}} }
	prune := func(method string) map[string]any { return map[string]any{"method": method} }
	optimizer := func(typ string, more map[string]any) map[string]any {
		out := map[string]any{"type": typ}
		for k, v := range more {
			out[k] = v
		}
		return map[string]any{"optimizer": out}
	}
	for _, c := range []struct {
		lists    [][]Outcome
		settings []any
		want     []string
	}{
		{[][]Outcome{run("a"), run("b")}, []any{prune("zeros"), prune("random")}, []string{"a", "b"}},
		{[][]Outcome{{{Name: "a-s1"}, {Name: "a-s2"}}, {{Name: "b.1"}, {Name: "b.2"}}}, []any{nil, nil}, []string{"a", "b"}},
		{[][]Outcome{run("m"), run("m")}, []any{map[string]any{"prune": prune("magnitude"), "seed": 1.0}, map[string]any{"prune": prune("random"), "seed": 1.0}}, []string{"m, magnitude", "m, random"}},
		{[][]Outcome{run("m"), run("m"), run("m")}, []any{
			map[string]any{"train": optimizer("adam", map[string]any{"beta": 0.9}), "penalties": []any{map[string]any{"type": "l1", "on": "gates", "lambda": 0.5}}},
			map[string]any{"train": optimizer("sgd", nil)}, map[string]any{"train": optimizer("sgd", map[string]any{"momentum": 0.5})},
		}, []string{"m, l1 on gates", "m, no penalties, no momentum", "m, no penalties, momentum 0.5"}},
		{[][]Outcome{run("m"), run("m")}, []any{map[string]any{"x": 1.0}, map[string]any{"x": 1.0}}, []string{"m", "m (2)"}},
	} {
		if got := labels(c.lists, c.settings); len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("%q are not distinct", got)
		} else if !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

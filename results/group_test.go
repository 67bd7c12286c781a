package results

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// described is "label n n": the curves with the runs of each of their groups.
func described(curves []Curve) []string {
	var out []string
	for _, c := range curves {
		text := c.Label
		for _, g := range c.Groups {
			text += fmt.Sprint(" ", len(g.Rows))
		}
		out = append(out, text)
	}
	return out
}

func methods(curves []Curve) []string {
	var out []string
	for _, c := range curves {
		out = append(out, c.Label)
	}
	return out
}

// 42 runs of 7 methods at 2 points with 3 seeds are 7 curves of 2 points, though budgets,
// widths, ancestors, names and threads follow the seed.
func TestSweepGroups(t *testing.T) {
	dense, runs := sweepRuns(t)
	all := slices.Concat(dense, runs, runs[:3], []string{dense[0] + "/"})
	s, err := Read(sources(all), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"dense 3", "penalty 3 3", "target 3 3", "magnitude 3 3", "random 3 3", "taylor 3 3", "scratch 3 3", "narrow 3 3"}
	if got := described(s.Curves()); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if len(s.Skipped) != 4 || len(s.Rows) != 45 {
		t.Errorf("%d rows, skipped %v; a run given twice counts once", len(s.Rows), s.Skipped)
	}
	for _, c := range s.Curves() {
		for _, g := range c.Groups {
			for i, r := range g.Rows {
				if r.Seed != uint64(i+1) {
					t.Errorf("%s: seeds are not in order", c.Label)
				}
				if r.MACs.From != 64*24+24*16+16*10 {
					t.Errorf("%s: shares are of %d multiply-accumulates", r.Path, r.MACs.From)
				}
				if len(r.Layers) != 3 || r.Layers[0].From != 24 || r.Layers[2].To != 10 {
					t.Errorf("%s: widths %v", r.Path, r.Layers)
				}
			}
		}
	}
	// Without the dense runs' results the groups stay.
	if s, err = Read(sources(runs), Options{}); err != nil {
		t.Fatal(err)
	}
	if got := described(s.Curves()); !slices.Equal(got, want[1:]) {
		t.Errorf("without dense: got %q\nwant %q", got, want[1:])
	}
}

// row is a made-up row: real runs of all cases would take too long.
func row(seed uint64, settings map[string]any, macs int64) *Row {
	r := &Row{Seed: seed, seeds: []uint64{seed}, settings: settings, Measure: "error", Data: "d",
		MACs: Change{1000, macs}, Params: Change{1000, macs}, NonZero: macs, Path: fmt.Sprintf("%d-%d", seed, macs)}
	r.Method, r.Point = methodOf(settings), pointOf(settings)
	return r
}

func pruned(method string, budget float64) map[string]any {
	return map[string]any{"prune": map[string]any{"method": method, "budget": map[string]any{"macs": budget}}}
}

// Budgets that differ a little from seed to seed are one group, those of a sweep are not.
func TestBudgetsOfSeeds(t *testing.T) {
	at := func(seed uint64, budget float64) *Row {
		return row(seed, pruned("magnitude", budget), int64(1000*budget))
	}
	for _, c := range []struct {
		what string
		rows []*Row
		want string
	}{
		{"a budget for each seed", []*Row{at(1, 0.052), at(2, 0.05), at(3, 0.054)}, "3"},
		{"a sweep of one seed", []*Row{at(1, 0.052), at(1, 0.05)}, "1 1"},
		{"a sweep of two seeds", []*Row{at(1, 0.3), at(2, 0.3), at(1, 0.31), at(2, 0.31)}, "2 2"},
		{"budgets far apart", []*Row{at(1, 0.1), at(2, 0.2)}, "1 1"},
		{"the largest first", []*Row{at(2, 0.9), at(3, 0.5), at(1, 0.52), at(1, 0.91)}, "2 2"},
	} {
		if got := described(curvesOf(c.rows)); len(got) != 1 || got[0] != "magnitude "+c.want {
			t.Errorf("%s: got %q, want %s", c.what, got, c.want)
		}
	}
	if got := commonPoint([]*Row{at(1, 0.052), at(2, 0.05)}); got != "macs 0.05–0.052" {
		t.Errorf("the point of two budgets is %q", got)
	}
}

// A budget that follows a sibling of the same seed is one point, however far the seeds are
// apart; the amounts of the sibling are equal.
func TestBudgetsFollowSiblings(t *testing.T) {
	penalty := func(seed uint64, macs int64) *Row {
		return row(seed, map[string]any{"penalties": []any{map[string]any{"type": "l1", "lambda": 0.1}}}, macs)
	}
	rows := []*Row{penalty(1, 200), penalty(2, 400), row(1, pruned("random", 0.2), 190), row(2, pruned("random", 0.4), 390)}
	if got := described(curvesOf(rows)); !slices.Equal(got, []string{"penalty 2", "random 2"}) {
		t.Errorf("got %q", got)
	}
}

// A damaged run of a sweep is left out by name, and the others are compared.
func TestDamagedRun(t *testing.T) {
	dense, _ := sweepRuns(t)
	empty := t.TempDir()
	s, err := Read([]Source{{Path: dense[0], Method: "dense"}, {Path: empty, Method: "dense"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := empty + " cannot be read: " + empty + " is neither a run folder"
	if len(s.Rows) != 1 || len(s.Skipped) != 1 || !strings.HasPrefix(fmt.Sprint(s.Skipped[0]), want) {
		t.Errorf("%d rows, skipped %v", len(s.Rows), s.Skipped)
	}
}

// Runs from ancestors that cannot be read are grouped by their size.
func TestUnreadableAncestors(t *testing.T) {
	scratch := func(seed uint64, macs int64) *Row {
		model := map[string]any{"type": "saved", "weights": "new", "run": fmt.Sprintf("gone-%d-%d", seed, macs)}
		return row(seed, map[string]any{"model": model}, macs)
	}
	got := curvesOf([]*Row{scratch(1, 500), scratch(1, 100), scratch(2, 110), scratch(2, 480), scratch(3, 90)})
	if d := described(got); !slices.Equal(d, []string{"scratch 2 3"}) {
		t.Errorf("got %q", d)
	}
}

// A run whose ancestor cannot be read stands at its share of the network that it started
// with, and a note says so.
func TestNoteOfShares(t *testing.T) {
	_, runs := sweepRuns(t)
	i := slices.IndexFunc(runs, func(path string) bool { return strings.Contains(path, "scratch") })
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(moved, os.DirFS(runs[i])); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(moved, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lost := strings.Replace(string(config), "penalty-a", "gone", 1)
	if err := os.WriteFile(filepath.Join(moved, "config.yaml"), []byte(lost), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Read([]Source{{Path: moved}, {Path: runs[i]}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Notes) != 1 || !strings.HasPrefix(s.Notes[0], "the shares of "+moved+" are of the network that it started with: ") {
		t.Errorf("notes %q", s.Notes)
	}
	if r := s.Rows[0]; r.Method != methodScratch || r.MACs.Share() != 1 {
		t.Errorf("%s at %v", r.Method, r.MACs)
	}
	if share := s.Rows[1].MACs.Share(); share >= 1 {
		t.Errorf("a known ancestor gives a share of %g", share)
	}
}

func TestMethods(t *testing.T) {
	dense := map[string]any{"model": map[string]any{"type": "mlp"}, "train": map[string]any{"epochs": 3.0},
		"prune": map[string]any{"method": "zeros"}}
	from := func(before any, weights string, more map[string]any) map[string]any {
		model := map[string]any{"type": "saved", "weights": weights, "run": before}
		out := map[string]any{"model": model, "prune": map[string]any{"method": "none"}}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	penalties := []any{map[string]any{"type": "l1", "lambda": 0.125}, map[string]any{"type": "l1", "lambda": 0.25}}
	cut := from(dense, "kept", pruned("least", 0.25))
	untrained := map[string]any{"model": map[string]any{"type": "mlp"}, "train": map[string]any{"epochs": 0.0},
		"prune": map[string]any{"method": "least", "importance": "random", "budget": map[string]any{"macs": 0.5}}}
	for _, c := range []struct {
		settings map[string]any
		want     string
	}{
		{dense, "dense|"},
		{map[string]any{"penalties": penalties}, "penalty|λ 0.125, 0.25"},
		{map[string]any{"penalties": penalties, "target": map[string]any{"macs": 0.5, "from": 0.1, "by": 0.4, "method": "least"}},
			"target|macs 0.5"},
		{map[string]any{"thresholds": map[string]any{"density": 0.1, "examples": 100.0}}, "thresholds|density 0.1"},
		{cut, "taylor|macs 0.25"},
		{map[string]any{"prune": map[string]any{"method": "weights", "pattern": "2:4"}}, "weights|pattern 2:4"},
		{from(cut, "new", nil), "scratch|macs 0.25"},
		{from(cut, "kept", nil), "taylor|macs 0.25"}, // fine-tuned
		{from(untrained, "new", nil), "narrow|macs 0.5"},
		{from("gone/trained", "kept", nil), "fine-tuned|"},
		{map[string]any{"prune": map[string]any{"method": "magnitude", "budget": map[string]any{"params": 0.5}}, "run": dense},
			"magnitude|params 0.5"},
	} {
		if got := methodOf(c.settings) + "|" + pointOf(c.settings); got != c.want {
			t.Errorf("%s: got %s, want %s", jsonText(c.settings), got, c.want)
		}
	}
}

// Labels are distinct, and have only the settings that tell curves apart.
func TestLabels(t *testing.T) {
	of := func(name, scope string, rate float64) *Row {
		s := pruned("magnitude", 0.5)
		s["prune"].(map[string]any)["scope"] = scope
		s["train"] = map[string]any{"optimizer": map[string]any{"lr": rate}, "epochs": rate}
		r := row(1, s, 500)
		r.Name = name
		return r
	}
	for _, c := range []struct {
		rows []*Row
		want []string
	}{
		{[]*Row{of("a", "layer", 1), of("b", "global", 2)}, []string{"magnitude, a", "magnitude, b"}},
		{[]*Row{of("a", "layer", 1), of("a", "global", 1)}, []string{"magnitude, scope layer", "magnitude, scope global"}},
		{[]*Row{of("a", "layer", 1), of("a", "layer", 2), of("a", "global", 2)},
			[]string{"magnitude, scope layer, epochs 1", "magnitude, scope layer, epochs 2", "magnitude, scope global, epochs 2"}},
		{[]*Row{of("a", "layer", 1), row(1, pruned("random", 0.5), 500)}, []string{"magnitude", "random"}},
	} {
		if got := methods(curvesOf(c.rows)); !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// The labels of a sweep group runs by themselves.
func TestLabelledSources(t *testing.T) {
	_, runs := sweepRuns(t)
	var given []Source
	for i, path := range runs {
		given = append(given, Source{Path: path, Method: "m", Point: strings.Repeat("×", 1+i/7%2),
			Keys: map[string]any{"train.lr": float64(i % 7)}})
	}
	s, err := Read(given, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := described(s.Curves())
	if len(got) != 7 || !slices.Contains(got, "m, lr 3 3 3") {
		t.Errorf("got %q", got)
	}
}

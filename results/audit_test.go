package results

import (
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/run"
	"pare/stat/audit"
)

// audited are runs of a penalty of three strengths and of a removal, by two seeds, with groups.
func auditedSet() *Set {
	frame := func(a, b float64) []audit.Frame {
		v := func(x float64) audit.Value { return audit.Value{Value: x} }
		return []audit.Frame{{Overall: v((a + b) / 2), Groups: []audit.Value{v(a), v(b)}, Difference: v(a - b), Ratio: v(b / a), Min: v(b), Max: v(a)}}
	}
	s := &Set{}
	for k, point := range []string{"λ 0.001", "λ 0.01", "λ 0.1", "macs 0.5"} {
		for seed := range uint64(2) {
			method := "penalty"
			if k == 3 {
				method = "magnitude"
			}
			e := 0.1 + 0.05*float64(k) + 0.01*float64(seed)
			r := &Row{Path: "run", Name: "run", Method: method, Point: point, Seed: seed, Keys: map[string]any{"p": point}, labelled: true, Measure: "error", Value: e,
				Stages: []run.StageValue{{Stage: "final", Value: e}}, Params: Change{100, int64(90 - 20*k)}, MACs: Change{100, int64(90 - 20*k)}, NonZero: 10, seeds: []uint64{seed}}
			r.Keys = nil
			r.readAudit([]audit.Table{{By: []string{"race"}, Groups: []audit.Group{{Values: []string{"a"}}, {Values: []string{"b, c"}}},
				Measures:    []audit.Measure{{Name: "accuracy", Stages: frame(1-e, 0.9-e)}, {Name: "base_rate", Stages: frame(1, 1)}},
				Disparities: []audit.Disparity{{Name: "equalized_odds_difference", Stages: []audit.Value{{Value: 0.25}}}}}},
				&audit.Changes{Groups: []audit.GroupShares{{By: []string{"race"}, Groups: []audit.Share{{Name: "a", Rows: 8, Changed: 2}, {Name: "b, c"}}}}})
			s.Rows = append(s.Rows, r)
		}
	}
	s.curves = curvesOf(s.Rows)
	return s
}

func TestAuditColumns(t *testing.T) {
	s := auditedSet()
	s.Rows = append(s.Rows, &Row{Name: "none"})
	var b strings.Builder
	if err := s.CSV(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	want := `,accuracy_by_race=a,"accuracy_by_race=b, c",accuracy_by_race_difference,accuracy_by_race_group_max,accuracy_by_race_group_min,accuracy_by_race_ratio,changed_predictions_by_race=a,"changed_predictions_by_race=b, c",equalized_odds_difference_by_race`
	if !strings.HasSuffix(lines[0], want) {
		t.Errorf("head %q", lines[0])
	}
	if !strings.Contains(lines[1], ",0.9,0.8,0.09999999999999998,0.9,0.8,") || !strings.HasSuffix(lines[1], ",0.25,0,0.25") {
		t.Errorf("row %q", lines[1])
	}
	if !strings.HasSuffix(lines[len(lines)-2], ",,,,,,,,,") {
		t.Errorf("a run without an audit: %q", lines[len(lines)-2])
	}
	if got := (line{rows: s.Rows[:2]}).gaps(); got != "race 10.00" {
		t.Errorf("gap %q", got)
	}
	if v := s.Rows[len(s.Rows)-1].audited(auditKey{by: "race", measure: "accuracy", group: "a"}); !math.IsNaN(v) {
		t.Errorf("a run without an audit has %v", v)
	}
}

func TestAuditFigures(t *testing.T) {
	s := auditedSet()
	figures := s.auditFigures(OverMACs)
	var files []string
	for _, f := range figures {
		files = append(files, f.file)
		var b strings.Builder
		if err := f.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal([]byte(b.String()), new(struct{})); err != nil {
			t.Errorf("%s: %v", f.file, err)
		}
	}
	if want := []string{"audit-race.svg", "audit-race-penalty.svg"}; !slices.Equal(files, want) {
		t.Fatalf("files %q", files)
	}
	gap, groups := figures[0], figures[1]
	if len(gap.Series) != 2 || len(gap.Series[0].Spots) != 3 || math.Abs(gap.Series[0].Spots[0].Y-10) > 1e-9 {
		t.Errorf("gap %+v", gap.Series)
	}
	if len(groups.Series) != 2 || groups.Series[1].Name != "b, c" || groups.X != "strength of the penalty" {
		t.Errorf("groups %+v over %s", groups.Series, groups.X)
	}
	// Over λ, the error of group a of both seeds: 10 and 11 %.
	if at := groups.Series[0].Spots[0]; at.X != 0.001 || math.Abs(at.Y-10.5) > 1e-9 || math.Abs(at.Low-10) > 1e-9 || math.Abs(at.High-11) > 1e-9 {
		t.Errorf("%+v", at)
	}
	names, _ := s.quantities()
	for _, want := range []string{"gap race", "race=a", "race=b, c", "strength"} {
		if !slices.ContainsFunc(names, func(q quantity) bool { return q.Key == want }) {
			t.Errorf("no axis %q", want)
		}
	}
	dir := t.TempDir()
	if err := s.Write(dir, OverMACs, "title"); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, PageFile))
	if err != nil || !strings.Contains(string(page), "Groups of test examples") {
		t.Errorf("the page has no groups: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "audit-race-penalty.svg")); err != nil {
		t.Error(err)
	}
	if got := fileWord("race × sex, Λ=1"); got != "race-sex-1" {
		t.Errorf("file %q", got)
	}
}

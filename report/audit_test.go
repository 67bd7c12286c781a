package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"pare/stat/audit"
)

// sampleAudit has two groups at two stages, one of them with few examples.
func sampleAudit() Audit {
	nan := math.NaN()
	v := func(x, low, high float64) audit.Value { return audit.Value{Value: x, Low: low, High: high} }
	frame := func(all, a, b float64) audit.Frame {
		return audit.Frame{Overall: v(all, all-0.1, all+0.1), Groups: []audit.Value{v(a, a-0.1, a+0.1), v(b, nan, nan)},
			Difference: v(a-b, 0, 0.3), Ratio: v(b/a, 0.5, 1)}
	}
	change := frame(-0.05, -0.1, 0)
	return Audit{Examples: 1443, Positive: "yes <1>", Stages: []string{"trained", "final"}, Networks: []int{1, 1}, Resamples: 1000, Confidence: 0.95,
		Tables: []audit.Table{{By: []string{"race"}, Groups: []audit.Group{{Values: []string{"a & b"}, Rows: 1440}, {Values: []string{"c"}, Rows: 3, Few: true}},
			Measures:    []audit.Measure{{Name: "accuracy", Stages: []audit.Frame{frame(0.8, 0.9, 0.6), frame(0.75, 0.8, 0.6)}, Change: &change}},
			Disparities: []audit.Disparity{{Name: "equalized_odds_difference", Stages: []audit.Value{v(0.3, 0.1, 0.4), v(nan, nan, nan)}, Change: &audit.Value{Value: nan, Low: nan, High: nan}}},
			Notes:       []string{"groups with fewer than 30 rows are not in differences and ratios: c (3)"}}},
		Changed: &audit.Changes{Before: 1, After: 1, Examples: 1443, Changed: 2, Harmed: 1, Helped: 1,
			Classes: []audit.Share{{Name: "yes", Rows: 700, Changed: 2, Harmed: 1, Helped: 1, Overrepresented: 2.06}, {Name: "never"}},
			Groups:  []audit.GroupShares{{By: []string{"race"}, Groups: []audit.Share{{Name: "a & b", Rows: 1440, Changed: 2, Overrepresented: 1}}}}},
		Notes:    []string{"12 of 1443"},
		Pictures: []ChangedPicture{{PNG: []byte{1, 2}, Lines: []string{"3: 3 → 8", "left"}}}}
}

func TestAuditText(t *testing.T) {
	var b strings.Builder
	WriteAuditText(&b, sampleAudit(), 0)
	for _, want := range []string{
		"1,443 test examples; rates are of the class yes <1>; intervals: 95 % of 1,000 bootstrap samples of the examples.",
		"note: 12 of 1443",
		"race, final",
		"a & b                  1,440  80.0 % (70.0 to 90.0)",
		"c *                        3                 60.0 %",
		"largest difference             20.0 % (0.0 to 30.0)",
		"* groups with fewer than 30 rows are not in differences and ratios: c (3)",
		"race, change from trained to final (of shares in points)",
		"a & b               −10.0 (−20.0 to 0.0)",
		"equalized odds difference  0.3 (0.1 to 0.4)      –       –",
		"Predictions that differ between trained and final: 2 of 1,443; 1 right before and wrong after, 1 wrong before and right after.",
		"yes         700        2  0.29 %              1              1               2.06",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "never") {
		t.Error("a class without examples is listed")
	}
}

func TestAuditPage(t *testing.T) {
	a := sampleAudit()
	page := render(t, Data{Title: "run", Audit: &a})
	var alone strings.Builder
	if err := WriteAudit(&alone, "Audit of <a>", a); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, alone.String())
	for _, text := range []string{page, alone.String()} {
		for _, want := range []string{"Groups of test examples", "1 of the 2 images. Below each: target: prediction before → after, and its groups.", "Accuracy by race", `src="data:image/png;base64,AQI="`, "3: 3 → 8<br/>left<br/>", "a &amp; b", "changed predictions by class"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in the page", want)
			}
		}
	}
	if strings.Contains(render(t, Data{Title: "run"}), "Groups of test examples") {
		t.Error("a run without an audit has the section")
	}
}

// TestWithAudit: a stored audit takes the place of the section that the report has, or of none.
func TestWithAudit(t *testing.T) {
	a := sampleAudit()
	page := []byte(render(t, Data{Title: "run", Audit: &a}))
	a.Tables[0].By = []string{"sex"}
	for _, before := range [][]byte{page, []byte(render(t, Data{Title: "run"}))} {
		once, err := WithAudit(before, a)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := WithAudit(once, a)
		if err != nil || string(twice) != string(once) {
			t.Errorf("the second section is not in place of the first (%v)", err)
		}
		wellFormed(t, string(twice))
		if text := string(twice); strings.Count(text, "Groups of test examples") != 1 || !strings.Contains(text, "Accuracy by sex") || strings.Contains(text, "Accuracy by race") {
			t.Error("the page lacks the new section, or has the earlier one, too")
		}
	}
	later, err := WithAudit([]byte(render(t, Data{Title: "run", Command: "train"})), a)
	if err != nil {
		t.Fatal(err)
	}
	if at := bytes.Index(later, []byte("Groups of test examples")); at < 0 || at > bytes.Index(later, []byte("<h2>Commands</h2>")) {
		t.Error("the section is behind the commands")
	}
}

// TestAuditOfEqualStages: stages with the same measures are shown once.
func TestAuditOfEqualStages(t *testing.T) {
	a := sampleAudit()
	m := &a.Tables[0].Measures[0]
	m.Stages[1] = m.Stages[0]
	m.Change = &audit.Frame{Groups: []audit.Value{{}, {}}}
	text := func() string {
		var b strings.Builder
		WriteAuditText(&b, a, 0)
		return b.String()
	}
	if got := text(); strings.Contains(got, ", change from") || strings.Contains(got, "trained  final") || !strings.Contains(got, "disparity                  final\n") ||
		!strings.Contains(got, "the same measures: to see the cost of sparsity, compare with a dense run (against)") {
		t.Errorf("%s", got)
	}
	if f := a.figures(a.Tables[0]); strings.Contains(string(f[0].Picture), "trained") {
		t.Error("both stages are drawn")
	}
	a.Against = true
	if got := text(); strings.Contains(got, "(against)") || !strings.Contains(got, "trained and final networks have the same measures;") {
		t.Errorf("%s", got)
	}
}

// TestAuditTextFits: a table is divided where it is wider than the terminal; one group alone has no
// differences, and the page says so; numbers are in no points.
func TestAuditTextFits(t *testing.T) {
	var b strings.Builder
	WriteAuditText(&b, sampleAudit(), 52)
	for _, want := range []string{"disparity                           trained  final\n", "\n\ndisparity                  change\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	table := [][]string{{"group", "one", "two", "three"}, {"a", "1", "2", "3"}}
	for columns, want := range map[int]string{0: "[[[group one two three] [a 1 2 3]]]", 26: "[[[group one two three] [a 1 2 3]]]", 17: "[[[group one two] [a 1 2]] [[group three] [a 3]]]",
		3: "[[[group one] [a 1]] [[group two] [a 2]] [[group three] [a 3]]]"} {
		if got := fmt.Sprint(blocks(table, columns)); got != want {
			t.Errorf("%d columns: %s, want %s", columns, got, want)
		}
	}
	a := sampleAudit()
	a.Tables[0].Measures[0].Name = "mean_error"
	b.Reset()
	WriteAuditText(&b, a, 0)
	if got := b.String(); strings.Contains(got, "points") || !strings.Contains(got, "there are no differences and ratios, for which two groups with enough rows are needed") {
		t.Errorf("%s", got)
	}
	if got := auditValue(audit.Value{Value: -0.00004, Low: -0.01, High: 0.00004}, true, true); got != "0.0 (−1.0 to 0.0)" {
		t.Errorf("a share near 0: %s", got)
	}
}

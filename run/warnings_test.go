package run

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A network that has closed is told of at once, in summary.json and in the report, also
// where an earlier session found it.
func TestCollapseWarns(t *testing.T) {
	c := parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 10}]\nfinetune: {epochs: 1}\n")
	_, data, err := Plan(context.Background(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	warn := func(text string) { told = append(told, text) }
	s, err := Run(context.Background(), Options{Config: c, Folder: f, Data: data, Warn: warn})
	if err != nil {
		t.Fatal(err)
	}
	r := result{s, f}
	const want = "the output no longer depends on the input"
	if s.MACsAfter != 0 || len(told) != 1 || !strings.HasPrefix(told[0], want) || !slices.Equal(s.Warnings, told) {
		t.Errorf("%d MACs are left, warnings %q, in the summary %q", s.MACsAfter, told, s.Warnings)
	}
	for _, name := range []string{SummaryFile, ReportFile} {
		if !strings.Contains(r.read(t, name), want) {
			t.Errorf("%s lacks the warning", name)
		}
	}
	told = nil
	s, err = Run(context.Background(), Options{Config: c, Folder: f, Warn: warn})
	if err != nil || len(told) != 0 || len(s.Warnings) != 1 {
		t.Errorf("a session more warns %q, its summary has %q, %v", told, s.Warnings, err)
	}
	if fine := finish(t, parse(t, base+perceptron)); len(fine.Warnings) != 0 || exists(fine.folder.path(WarningsFile)) {
		t.Errorf("warnings %q of nothing", fine.Warnings)
	}
}

// Options that come to nothing are no quiet success.
func TestThresholdsWarn(t *testing.T) {
	r := finish(t, parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 10}]\nthresholds: {density: 0.1}\n"))
	if len(r.Warnings) != 2 || !strings.Contains(strings.Join(r.Warnings, "\n"), "thresholds: no ReLU is left") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// A network that no longer sees its input is told of where nothing was pruned, and where
// fine-tuning closed it.
func TestConstantOutputWarns(t *testing.T) {
	for name, sets := range map[string][]string{
		"nothing is pruned": {"prune.method=none", "penalties=[{type: group_lasso, on: neurons, lambda: 10}]"},
		"single weights":    {"prune.method=none", "penalties=[{type: l1, on: weights, lambda: 10}]"},
		"fine-tuning":       {"finetune={epochs: 2, optimizer: {lr: 10000}}"},
	} {
		r := finish(t, parse(t, base+perceptron, sets...))
		if len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "the final network gives the same output") {
			t.Errorf("%s: warnings %q, accuracy %v", name, r.Warnings, r.AccuracyFinal)
		}
	}
}

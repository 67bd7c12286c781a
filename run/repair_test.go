package run

import (
	"errors"
	"os"
	"strings"
	"testing"

	"pare/prune/repair"
)

// A repair gives accuracy back that new statistics alone do not, passes the certificate, and is
// in the summary, the stages and the report.
func TestRepair(t *testing.T) {
	text := base + block + "prune: {method: magnitude, budget: {macs: 0.4}"
	plain := finish(t, parse(t, text+"}\n"))
	r := finish(t, parse(t, text+", repair: {examples: 200}}\n"))
	if r.Zeroed == nil || r.CorrectTrained != plain.CorrectTrained || r.CorrectBeforePrune <= plain.CorrectBeforePrune || len(r.Repaired) == 0 {
		t.Errorf("%d right trained, %v zeroed, %d with statistics, %d repaired; layers %v",
			r.CorrectTrained, r.Zeroed, plain.CorrectBeforePrune, r.CorrectBeforePrune, r.Repaired)
	}
	if plain.Zeroed != nil || plain.Repaired != nil {
		t.Error("a run without repair has one in its summary")
	}
	var names []string
	for _, s := range r.Stages() {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "trained zeroed repaired removed final" {
		t.Errorf("stages are %s", got)
	}
	page, err := os.ReadFile(r.folder.path("report.html"))
	if err != nil || !strings.Contains(string(page), "repaired") {
		t.Errorf("the report does not tell of the repair: %v", err)
	}
	again := finish(t, parse(t, text+", repair: {examples: 200}}\n", "threads=1"))
	if again.CorrectFinal != r.CorrectFinal || again.LossFinal != r.LossFinal {
		t.Errorf("a second run ends at %g, the first at %g", again.LossFinal, r.LossFinal)
	}
	statistics := finish(t, parse(t, text+", repair: {reconstruct: false}}\n"))
	if statistics.Repaired != nil || statistics.CorrectBeforePrune != plain.CorrectBeforePrune || statistics.Zeroed.Correct != r.Zeroed.Correct {
		t.Errorf("%d right with statistics, want %d", statistics.CorrectBeforePrune, plain.CorrectBeforePrune)
	}
}

func TestRepairRefused(t *testing.T) {
	spec := &repair.Spec{Examples: 1, Reconstruct: true, Ridge: 1}
	for want, q := range map[string]PruneRequest{
		"a repair is for methods that choose units or weights, such as least; method zeros chooses none": {Method: "zeros", Repair: spec},
		"repair: ridge must be above 0, got -1":                                                          {Method: "magnitude", MACs: 0.5, Repair: &repair.Spec{Examples: 1, Reconstruct: true, Ridge: -1}},
		"repair: examples must be at least 1, got 0":                                                     {Method: "magnitude", MACs: 0.5, Repair: &repair.Spec{Reconstruct: true, Ridge: 1}},
	} {
		var in *InputError
		if err := q.Validate(); !errors.As(err, &in) || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	spec.Examples = 8
	for _, q := range []PruneRequest{{MACs: 0.5, Repair: spec}, {Importance: "magnitude", Params: 0.5, Repair: spec}, {Share: 0.1, Repair: spec}} {
		if err := q.Validate(); err != nil {
			t.Errorf("a request without a method: %v", err)
		}
	}
}

package run

import (
	"context"
	"strings"
	"testing"

	"pare/prune"
)

// The forms of a network of runs that choose units after training, zero them while training, and
// remove them while training. The masked form loses exactly the units that the run removed.
func TestVersions(t *testing.T) {
	const penalty = "penalties: [{type: group_lasso, on: neurons, lambda: 0.05}]\n"
	for _, c := range []struct {
		name, config string
		names, note  string
	}{
		{"chosen", "prune: {method: magnitude, budget: {macs: 0.5}}", "original masked pruned", ""},
		{"zeros", penalty + "prune: {method: zeros}", "original masked pruned", "start of training"},
		{"none", "prune: {method: none}", "original pruned", "prunes nothing"},
		{"shrunk", penalty + "prune: {method: zeros, every: 2}", "original pruned", "while training"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := finish(t, parse(t, base+perceptron+c.config+"\n"))
			a, err := OpenArtifact(string(r.folder))
			if err != nil {
				t.Fatal(err)
			}
			final, err := a.Final()
			if err != nil {
				t.Fatal(err)
			}
			data, err := a.Data(context.Background(), final, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			versions, notes, err := a.Versions(context.Background(), final, data)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, v := range versions {
				names = append(names, v.Name)
				want := r.ParamsBefore
				if v.Name == VersionPruned {
					want = r.ParamsAfter
				}
				if got := v.Net.Count().Params; got != want {
					t.Errorf("%s has %d parameters, want %d", v.Name, got, want)
				}
				if v.Name != VersionMasked {
					continue
				}
				small, _, err := prune.Prune(v.Net, prune.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if got := small.Count().MACs; got != r.MACsAfter || got >= v.Net.Count().MACs {
					t.Errorf("without its zeros the masked network has %d multiply-accumulates, the run's %d", got, r.MACsAfter)
				}
			}
			if got := strings.Join(names, " "); got != c.names {
				t.Errorf("forms %q, want %q", got, c.names)
			}
			if text := strings.Join(notes, "; "); !strings.Contains(text, c.note) || (text == "") != (c.note == "") {
				t.Errorf("notes are %q", text)
			}
		})
	}
}

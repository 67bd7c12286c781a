package run

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pare/config"
	"pare/prune/importance"
	"pare/train"
)

const shrinking = base + block + `
penalties: [{type: group_lasso, on: channels, lambda: 0.05}]
`

// TestEvery: removals on the way are in the log with a certificate that passes, and
// the report compares with the network at the start.
func TestEvery(t *testing.T) {
	r := finish(t, parse(t, shrinking+"prune: {every: 3}\n", "train.epochs=6"))
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	shrinks, params := 0, r.ParamsBefore
	for _, rec := range records {
		if rec.Kind != "shrink" {
			continue
		}
		shrinks++
		if rec.Shrink.Params >= params || rec.Shrink.MaxRelDiff > 1e-5 {
			t.Errorf("step %d: %+v after %d parameters", rec.Step, *rec.Shrink, params)
		}
		params = rec.Shrink.Params
		if n := rec.Terms[0]; n.Groups != 12 && n.Groups != 6 || n.Zero == 0 {
			t.Errorf("step %d: %+v, groups that are gone should count as zero", rec.Step, n)
		}
	}
	if shrinks == 0 || shrinks != r.Removals || r.WorstCertificate > 1e-5 {
		t.Errorf("%d removals in the log, the summary says %+v", shrinks, r.Shrinking)
	}
	whole := finish(t, parse(t, shrinking+"prune: {method: none}\n", "train.epochs=1"))
	if r.ParamsBefore != whole.ParamsBefore || r.MACsBefore != whole.MACsBefore || r.Removed.Channels == 0 {
		t.Errorf("before: %d parameters and %d MACs, removed %+v; the network has %d and %d",
			r.ParamsBefore, r.MACsBefore, r.Removed, whole.ParamsBefore, whole.MACsBefore)
	}
}

// TestTarget: the network ends a little below the target, and penalties end.
func TestTarget(t *testing.T) {
	for _, key := range []string{"macs", "params", "groups"} {
		c := parse(t, shrinking+"target: {"+key+": 0.6, by: 0.6, method: lambda}\n", "train.epochs=10")
		r := finish(t, c)
		if r.TargetReached > 0.6 || r.TargetReached < 0.45 || r.TargetStep == 0 {
			t.Errorf("%s: asked for 0.6, reached %g in step %d", key, r.TargetReached, r.TargetStep)
		}
		records, err := train.ReadMetrics(r.folder.path(MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			if rec.Step > r.TargetStep && rec.Terms[0].Lambda != 0 {
				t.Errorf("%s: λ is %g in step %d", key, rec.Terms[0].Lambda, rec.Step)
			}
		}
	}
}

// TestTargetOutOfReach: where the penalties reach too little of the network, that is
// said before any training; where they reach all of it, no empty network meets a target.
func TestTargetOutOfReach(t *testing.T) {
	const apart, empty = "target.params: 0.05 of the parameters cannot be reached", "the output no longer depends on the input"
	for _, x := range []struct {
		on, method, want string
		input            bool
	}{{"blocks", "least", apart, true}, {"blocks", "lambda", apart, true}, {"channels", "least", empty, false}} {
		part := strings.Replace(shrinking, "on: channels", "on: "+x.on, 1)
		c := parse(t, part+"target: {params: 0.05, method: "+x.method+"}\n")
		f, err := CreateFolder(t.TempDir()+"/run", c.Name, c.YAML())
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(t.Context(), Options{Config: c, Folder: f})
		if err == nil || IsInput(err) != x.input || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s, %s: error: %v", x.on, x.method, err)
		}
		if records, err := train.ReadMetrics(f.path(MetricsFile)); err != nil || x.input && len(records) > 0 {
			t.Errorf("%s, %s: the log has %d records: %v", x.on, x.method, len(records), err)
		}
	}
}

// TestTargetUnmet: a target out of reach is an error that names the share reached.
func TestTargetUnmet(t *testing.T) {
	c := parse(t, shrinking+"target: {macs: 0.01, from: 0.9, by: 1, method: lambda}\n")
	f, err := CreateFolder(t.TempDir()+"/run", c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), Options{Config: c, Folder: f})
	if err == nil || IsInput(err) || !strings.Contains(err.Error(), "the target was not met: 100 % of the multiply-accumulates are left, and the target is 1 %") {
		t.Errorf("error: %v", err)
	}
}

// TestEveryWithActivations: a penalty on activations stays with the network that
// shrinks, and keeps its strength where a target has ended the others.
func TestEveryWithActivations(t *testing.T) {
	c := parse(t, strings.Replace(shrinking, "penalties: [", "penalties: [{type: l1, on: activations, lambda: 0.001, revive: {after: 2}}, ", 1)+
		"prune: {every: 3}\ntarget: {macs: 0.6, by: 0.6, method: lambda}\n", "train.epochs=10")
	r := finish(t, c)
	if r.Removals == 0 || r.TargetStep == 0 {
		t.Fatalf("%+v", r.Shrinking)
	}
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1]
	if a, g := last.Terms[0], last.Terms[1]; a.Lambda != 0.001 || a.Value <= 0 || g.Lambda != 0 {
		t.Errorf("at the end the terms are %+v and %+v", a, g)
	}
}

// TestTargetLeast: method least meets the target in time and by little more than a
// group, in several intervals.
func TestTargetLeast(t *testing.T) {
	for _, key := range []string{"macs", "params", "groups"} {
		c := parse(t, shrinking+"prune: {every: 4}\ntarget: {"+key+": 0.6, by: 0.5}\n", "train.epochs=80", "penalties.0.lambda=0.0001")
		r := finish(t, c)
		if r.TargetReached > 0.6 || r.TargetReached < 0.45 || r.TargetStep == 0 { // of 12 channels one is a lot
			t.Errorf("%s: asked for 0.6, reached %g in step %d", key, r.TargetReached, r.TargetStep)
		}
		records, err := train.ReadMetrics(r.folder.path(MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		last := records[len(records)-1]
		if r.TargetStep > last.Step*55/100 {
			t.Errorf("%s: reached in step %d of %d", key, r.TargetStep, last.Step)
		}
		shares := 0
		for _, rec := range records {
			if rec.Target != nil {
				shares++
			}
		}
		if shares < 3 {
			t.Errorf("%s: the target was reached in %d intervals", key, shares)
		}
	}
}

// TestTargetImportance: every criterion meets a target, and a resumed run is the same.
func TestTargetImportance(t *testing.T) {
	for _, name := range importance.Criteria.Names() {
		// Gates have no activation and no scale of their own: the channels have.
		text := strings.Replace(shrinking, "on: channels", "on: channels, members: norm", 1)
		if name == "activation" {
			text = strings.Replace(shrinking, "on: channels", "on: channels, members: out", 1)
		}
		c := parse(t, text+"prune: {every: 4}\ntarget: {macs: 0.6, by: 0.5, importance: "+name+"}\n", "train.epochs=20", "penalties.0.lambda=0.0001")
		whole := finish(t, c)
		if whole.TargetReached > 0.6 || whole.TargetReached < 0.3 || whole.TargetStep == 0 {
			t.Errorf("%s: asked for 0.6, reached %g in step %d", name, whole.TargetReached, whole.TargetStep)
		}
		if name != "activation" && name != "random" {
			continue // gradients are in the state, and the others look at parameters alone
		}
		f, err := CreateFolder(t.TempDir()+"/run", c.Name, c.YAML())
		if err != nil {
			t.Fatal(err)
		}
		var s *Summary
		for left := 71; s == nil; left = 71 {
			ctx, cancel := context.WithCancel(t.Context())
			s, err = Run(ctx, Options{Config: c, Folder: f, Reporter: func() train.Reporter { return canceller{left: &left, cancel: cancel} }})
			cancel()
			if err != nil && !errors.Is(err, train.ErrInterrupted) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		resumed := result{s, f}
		if !reflect.DeepEqual(curves(t, resumed), curves(t, whole)) {
			t.Errorf("%s: the curves of the resumed run differ", name)
		}
		if resumed.weights(t) != whole.weights(t) {
			t.Errorf("%s: the model of the resumed run differs", name)
		}
	}
}

// TestImportanceRefused: a criterion that cannot score the network is refused before there
// is a folder, with the key.
func TestImportanceRefused(t *testing.T) {
	for text, want := range map[string]string{
		shrinking + "target: {macs: 0.6, importance: taylr}\n":                                                      "target.importance: unknown importance \"taylr\"; did you mean taylor?",
		shrinking + "target: {macs: 0.6, importance: taylor, method: lambda}\n":                                     "target.importance has no effect with target.method lambda",
		shrinking + "prune: {importance: taylor}\n":                                                                 "prune.importance has no effect with prune.method zeros",
		base + perceptron + "prune: {method: least, importance: norm, budget: {macs: 0.5}}\n":                       "prune.importance: unknown importance \"norm\"; known: ",
		base + perceptron + "prune: {method: least, importance: batchnorm_scale, budget: {macs: 0.5}}\n":            "prune.importance: importance batchnorm_scale: the units of layer fc1 have no normalisation",
		base + perceptron + "prune: {method: least}\n":                                                              "prune.method least needs prune.budget",
		base + perceptron + "prune: {method: least, budget: {params: 1e-6}}\n":                                      "prune.budget: the budget cannot be met",
		strings.Replace(shrinking, "channels", "gates", 1) + "target: {groups: 0.6, importance: batchnorm_scale}\n": "target.importance: importance batchnorm_scale: the units of layer ",
	} {
		c, err := config.Parse("test.yaml", []byte(text))
		if err == nil {
			_, _, err = Plan(t.Context(), c, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !IsInput(err) && !errors.Is(err, config.ErrConfig) {
			t.Errorf("error: %v\nwant one with %q", err, want)
		}
	}
}

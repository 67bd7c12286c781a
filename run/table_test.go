package run

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/datasets"
	"pare/export"
	"pare/layers"
)

// wideTable is a table of 30 columns, 24 of numbers and 6 of text, with missing cells, of
// which y depends on n0, n1, c0 and c1.
func wideTable(rows int) string {
	r := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for j := range 24 {
		fmt.Fprintf(&b, "n%d;", j)
	}
	for j := range 6 {
		fmt.Fprintf(&b, "c%d;", j)
	}
	b.WriteString("y\n")
	for range rows {
		y := 0.0
		for j := range 24 {
			v := 50 + 10*r.NormFloat64()
			switch j {
			case 0:
				y += (v - 50) / 10
			case 1:
				y -= math.Abs(v-50) / 10
			}
			if j > 20 && r.IntN(10) == 0 {
				b.WriteString("NA;")
				continue
			}
			b.WriteString(strings.ReplaceAll(fmt.Sprintf("%.3f;", v), ".", ","))
		}
		for j := range 6 {
			k := r.IntN(5)
			fmt.Fprintf(&b, "%c;", 'a'+k)
			if j < 2 {
				y += []float64{-1, -0.5, 0, 0.5, 1}[k]
			}
		}
		b.WriteString(strings.ReplaceAll(fmt.Sprintf("%.4f\n", y), ".", ","))
	}
	return b.String()
}

const wideConfig = `name: wide
data: {dataset: table, file: wide.csv, target: y, missing: indicator, validation: 0.1, test: 0.2}
model: {type: mlp, hidden: [16]}
train: {epochs: 40, batch: 32, optimizer: {type: adam, lr: 0.005}, schedule: {type: cosine}}
penalties:
  - {type: group_lasso, on: input_features, lambda: 0.07}
finetune: {epochs: 2}
`

// TestTableVariables: the columns of a categorical variable go and stay together, and the
// variables that say something stay.
func TestTableVariables(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wide.csv"), []byte(wideTable(1500)), 0o644); err != nil {
		t.Fatal(err)
	}
	c := parse(t, wideConfig, "data.file="+filepath.Join(dir, "wide.csv"))
	r := finish(t, c)
	kept, removed := r.Variables.Kept, r.Variables.Removed
	if len(kept)+len(removed) != 30 || len(removed) < 20 {
		t.Errorf("kept %q, removed %q", kept, removed)
	}
	for _, name := range []string{"n0", "n1", "c0", "c1"} {
		if !slices.Contains(kept, name) {
			t.Errorf("%s is removed; kept are %q", name, kept)
		}
	}
	if mean := variance(t, r); r.MSEFinal > 0.2*mean {
		t.Errorf("mean square error %g of targets of variance %g", r.MSEFinal, mean)
	}
	a, err := export.Load(r.folder.path(trainedDir))
	if err != nil {
		t.Fatal(err)
	}
	first := a.Net.Params()[0]
	zero, columns := map[string]int{}, map[string]int{}
	units := len(a.Net.Features)
	for j, f := range a.Net.Features {
		out := first.Size() / units
		all := !slices.ContainsFunc(first.Data()[j*out:][:out], func(v float32) bool { return v != 0 })
		columns[f.Of()]++
		if all {
			zero[f.Of()]++
		}
	}
	if columns["c0"] != 5 || columns["n23"] != 2 {
		t.Errorf("columns %v", columns)
	}
	for name, n := range zero {
		if n != columns[name] {
			t.Errorf("%d of %d columns of %s are zero", n, columns[name], name)
		}
	}
	page, err := os.ReadFile(r.folder.path(ReportFile))
	if err != nil || !strings.Contains(string(page), "Input variables") {
		t.Errorf("the report does not name the variables: %v", err)
	}

	// The network reads other rows of the same columns, with the means that it knows.
	again := parse(t, strings.ReplaceAll(wideConfig, "{type: mlp, hidden: [16]}", "{type: saved, run: "+string(r.folder)+"}"),
		"data.file="+filepath.Join(dir, "wide.csv"), "seed=3", "train.epochs=1", "finetune=null")
	s := finish(t, again)
	want, err := export.Load(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	got, err := export.Load(string(s.folder))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(want.Preprocess.Mean, got.Preprocess.Mean) || got.Preprocess.Mean[0] == 0 {
		t.Errorf("means %v, want %v", got.Preprocess.Mean, want.Preprocess.Mean)
	}
}

// TestTableEmbedded: embedded variables stay and go as wholes too, with the numbers of their
// embedding; and the model of the run predicts its training rows from the file.
func TestTableEmbedded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "wide.csv")
	if err := os.WriteFile(file, []byte(wideTable(1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	c := parse(t, strings.ReplaceAll(wideConfig, "hidden: [16]", "hidden: [16], embed: 3"), "data.file="+file, "train.epochs=40", "penalties.0.lambda=0.05")
	r := finish(t, c)
	kept, removed := r.Variables.Kept, r.Variables.Removed
	if len(kept)+len(removed) != 30 || len(removed) < 10 || r.Removed.Inputs != len(removed) {
		t.Errorf("kept %q, removed %q, counted %d", kept, removed, r.Removed.Inputs)
	}
	for _, name := range []string{"n0", "n1", "c0", "c1"} {
		if !slices.Contains(kept, name) {
			t.Errorf("%s is removed; kept are %q", name, kept)
		}
	}
	if mean := variance(t, r); r.MSEFinal > 0.3*mean {
		t.Errorf("mean square error %g of targets of variance %g", r.MSEFinal, mean)
	}
	a, err := export.Load(r.folder.path(trainedDir))
	if err != nil {
		t.Fatal(err)
	}
	// Of a removed variable all weights that read its embedding are zero, of others not.
	embed, ok := a.Net.Nodes[0].Layer.(*layers.Embed)
	if !ok || len(embed.Columns) != 6 {
		t.Fatalf("the first layer is %+v", a.Net.Nodes[0].Layer)
	}
	read := a.Net.Params()[6]
	at := read.Shape()[0]
	for _, d := range embed.Dims {
		at -= d
	}
	for v, d := range embed.Dims {
		name := a.Net.Features[embed.Columns[v][0]].Of()
		weights := read.Data()[at*read.Shape()[1]:][:d*read.Shape()[1]]
		zero := !slices.ContainsFunc(weights, func(w float32) bool { return w != 0 })
		if zero != slices.Contains(removed, name) {
			t.Errorf("%s: the weights that read it are zero: %t", name, zero)
		}
		at += d
	}
	final, err := export.Load(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	p := final.Preprocess
	in, err := final.Recipe.Open(t.Context(), []string{file}, datasets.RecipeOptions{Normalization: datasets.Normalization{Mean: p.Mean, Std: p.Std}})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	data, err := LoadData(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := data.Set
	x, y := make([]float32, whole.Task.Size()), make([]float32, 1)
	rows := map[string]bool{}
	for i := range whole.Train.Len() {
		if err := whole.Train.Fill(x, y, []int{i}, datasets.Draw{}); err != nil {
			t.Fatal(err)
		}
		rows[fmt.Sprint(x)] = true
	}
	found := 0
	if err := in.Read(t.Context(), in.Len(), func(x []float32, err error) error {
		if rows[fmt.Sprint(x)] {
			found++
		}
		return err
	}); err != nil || found < whole.Train.Len() {
		t.Errorf("%v: %d of %d training rows are read as they were trained on", err, found, whole.Train.Len())
	}
}

// TestTableLargeTargets: targets that are large numbers are learned in their own units, and a
// run that goes on from the network keeps these.
func TestTableLargeTargets(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,price\n")
	r := rand.New(rand.NewPCG(5, 6))
	for range 400 {
		u, v := r.NormFloat64(), r.NormFloat64()
		fmt.Fprintf(&b, "%.4f,%.4f,%.2f\n", u, v, 300_000+80_000*u-20_000*v)
	}
	file := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	const config = `
name: prices
data: {dataset: table, file: x.csv, target: price, validation: 0.1, test: 0.2}
model: {type: mlp, hidden: [16]}
train: {epochs: 30, batch: 16, optimizer: {type: adam, lr: 0.01}, schedule: {type: cosine}}
`
	s := finish(t, parse(t, config, "data.file="+file))
	d := s.Details["final"]
	if d == nil || *d.R2 < 0.98 || *d.MAE < 10 || s.MSEFinal > 1e9 || !s.NoAccuracy {
		t.Errorf("detail %+v, mse %g", d, s.MSEFinal)
	}
	again := finish(t, parse(t, strings.ReplaceAll(config, "{type: mlp, hidden: [16]}", "{type: saved, run: "+string(s.folder)+"}"),
		"data.file="+file, "train.epochs=0"))
	if again.MSEFinal != s.MSEFinal {
		t.Errorf("mse %g, want %g", again.MSEFinal, s.MSEFinal)
	}
}

// variance is of the targets of the test set.
func variance(t *testing.T, r result) float64 {
	t.Helper()
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	d, err := LoadData(t.Context(), a.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	idx := make([]int, d.Set.Test.Len())
	for i := range idx {
		idx[i] = i
	}
	x, y := make([]float32, len(idx)*d.Set.Task.Size()), make([]float32, len(idx))
	if err := d.Set.Test.Fill(x, y, idx, datasets.Draw{}); err != nil {
		t.Fatal(err)
	}
	mean, sum := 0.0, 0.0
	for _, v := range y {
		mean += float64(v) / float64(len(y))
	}
	for _, v := range y {
		sum += (float64(v) - mean) * (float64(v) - mean)
	}
	return sum / float64(len(y))
}

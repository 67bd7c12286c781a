package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/config"
	"pare/datasets"
	"pare/export"
)

// refused plans a config that must be refused in one line with a text in it.
func refused(t *testing.T, c *config.Config, want string) {
	t.Helper()
	_, _, err := Plan(context.Background(), c, nil)
	if err == nil || !IsInput(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

// keeping is a config that tests the network of a run on data.
func keeping(data string, folder Folder) string {
	return fmt.Sprintf("name: kept\nseed: 1\ndata: %s\nmodel: {type: saved, run: '%s'}\ntrain: {epochs: 0, batch: 10}\n", data, folder)
}

// Parameters that are kept read inputs as they were trained to, whatever the new
// training images are, or are refused.
func TestKeptNormalisation(t *testing.T) {
	first := finish(t, parse(t, base+perceptron, "data.normalize=unit", "train.epochs=6"))
	const data = "{dataset: digits, train: 100, test: 200}"
	text := keeping(data, first.folder)
	for _, sets := range [][]string{nil, {"data.normalize=unit"}} {
		r := finish(t, parse(t, text, sets...))
		if r.AccuracyFinal != first.AccuracyFinal || r.LossFinal != first.LossFinal || first.AccuracyFinal < 0.5 {
			t.Errorf("%v: accuracy %g and loss %g, the first run had %g and %g", sets, r.AccuracyFinal, r.LossFinal, first.AccuracyFinal, first.LossFinal)
		}
		if m := r.model(t); m.Preprocess.Mean[0] != 0 || m.Preprocess.Std[0] != 1 {
			t.Errorf("%v: exported with %+v", sets, m.Preprocess)
		}
	}
	refused(t, parse(t, text, "data.normalize=standard"), "data.normalize: standard is mean 0.3")
	if r := finish(t, parse(t, text, "data.normalize=standard", "model.weights=new")); r.model(t).Preprocess.Mean[0] == 0 {
		t.Error("new parameters may be given inputs that are normalised in another way")
	}
	// Statistics are those of the images that the first run was trained on.
	standard := finish(t, parse(t, base+perceptron))
	other := finish(t, parse(t, keeping(data, standard.folder)))
	if other.LossFinal != standard.LossFinal || !slices.Equal(other.model(t).Preprocess.Mean, standard.model(t).Preprocess.Mean) {
		t.Errorf("loss %g, the first run had %g", other.LossFinal, standard.LossFinal)
	}
	refused(t, parse(t, keeping(data, standard.folder), "data.normalize=unit"), "data.normalize: unit is mean 0 and deviation 1")
	refused(t, parse(t, keeping(data, standard.folder), "data.normalize=standard"), "data.normalize: standard is mean 0.3")
}

func (r result) model(t *testing.T) export.Model {
	t.Helper()
	m, err := export.Load(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Parameters know classes by their number.
func TestKeptClasses(t *testing.T) {
	first := finish(t, parse(t, base+perceptron, "export.onnx=false"))
	m := first.model(t)
	m.Classes = slices.Clone(m.Classes)
	m.Classes[3], m.Classes[4] = m.Classes[4], m.Classes[3]
	if err := export.Save(string(first.folder), m); err != nil {
		t.Fatal(err)
	}
	text := keeping("{dataset: digits, train: 100, test: 200}", first.folder)
	refused(t, parse(t, text), `class 3 of digits is "3", but the network's is "4"`)
	finish(t, parse(t, text, "model.weights=new"))
	a, err := OpenArtifact(string(first.folder))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Data(t.Context(), m, "", nil); err == nil || !IsInput(err) || !strings.Contains(err.Error(), `class 3 of digits is "3"`) {
		t.Errorf("pare predict and prune: %v", err)
	}
	o := &origin{Model: export.Model{}, dir: "sequences", config: &config.Config{Data: config.Data{Kind: &datasets.MNIST{Permute: true}}}}
	c := parse(t, base+perceptron)
	d, err := LoadData(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.check(c, d); err == nil || !IsInput(err) || !strings.Contains(err.Error(), "trained with permute: true") {
		t.Errorf("pixels in another order: %v", err)
	}
}

// The characters of a text have the numbers that the parameters know them by, and a run
// goes on with the text that it began with.
func TestKeptCharacters(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(dir, "a.txt")
		if err := os.WriteFile(path, []byte(strings.Repeat(text, 1000)), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := fmt.Sprintf("{dataset: text, file: '%s', window: 8, train: 20, test: 20}", write("abcd "))
	c := parse(t, fmt.Sprintf("name: text\nseed: 1\ndata: %s\nmodel: {type: rnn, hidden: 4, embedding: 4}\ntrain: {epochs: 1, batch: 10}\nexport: {onnx: false}\n", data))
	first := finish(t, c)

	write("abd ") // without a c
	if r := finish(t, parse(t, keeping(data, first.folder)+"export: {onnx: false}\n")); !slices.Equal(r.model(t).Classes, first.model(t).Classes) {
		t.Errorf("the characters are %q, they were %q", r.model(t).Classes, first.model(t).Classes)
	}
	refused(t, parse(t, keeping(data, first.folder), "data.vocabulary=' abdx'"), `class 3 of text is "d", but the network's is "c"`)
	write("bcda ")
	_, err := Run(t.Context(), Options{Config: c, Folder: first.folder})
	if err == nil || !IsInput(err) || !strings.Contains(err.Error(), "are not those that the run in") {
		t.Errorf("another text of the same length and characters: %v", err)
	}
	write("abcd ")
	if _, err := Run(t.Context(), Options{Config: c, Folder: first.folder}); err != nil {
		t.Error(err)
	}
	if err := os.Remove(first.folder.path(dataFile)); err != nil { // as older versions left it
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), Options{Config: c, Folder: first.folder}); err != nil {
		t.Error(err)
	}
}

// TestTableChanged: a run is not resumed with a table of which one target, category or weight
// has changed; folders of versions without Held are.
func TestTableChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	write := func(target, job, weight string) {
		rows := strings.Repeat("1,cook,2,yes\n3,nurse,1,no\n2,cook,1,no\n", 100)
		rows = strings.Replace(rows, "2,cook,1,no", "2,"+job+","+weight+","+target, 1)
		if err := os.WriteFile(path, []byte("age,job,w,y\n"+rows), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("no", "cook", "1")
	c := parse(t, fmt.Sprintf("name: t\nseed: 1\ndata: {dataset: table, file: '%s', target: y, weights: w, test: 0.2}\n"+
		"model: {type: mlp, hidden: [3]}\ntrain: {epochs: 1, batch: 10}\nexport: {onnx: false}\n", path))
	first := finish(t, c)
	for _, change := range [][3]string{{"yes", "cook", "1"}, {"no", "nurse", "1"}, {"no", "cook", "2"}} {
		write(change[0], change[1], change[2])
		_, err := Run(t.Context(), Options{Config: c, Folder: first.folder})
		if err == nil || !IsInput(err) || !strings.Contains(err.Error(), "are not those that the run in") {
			t.Errorf("%v: %v", change, err)
		}
	}
	var print dataPrint
	if _, err := first.folder.readJSON(dataFile, &print); err != nil || print.Held == "" {
		t.Fatalf("%+v, %v", print, err)
	}
	print.Held = ""
	write("no", "cook", "1")
	if err := first.folder.writeJSON(dataFile, print); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), Options{Config: c, Folder: first.folder}); err != nil {
		t.Error(err)
	}
}

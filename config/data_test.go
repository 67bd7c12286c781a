package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/datasets"
)

// TestSequenceData: every key of data that a sequence needs is read, written and read back.
func TestSequenceData(t *testing.T) {
	windows := func(n int, carry bool) datasets.Windows { return datasets.Windows{Window: n, Carry: carry} }
	for yaml, want := range map[string]datasets.Dataset{
		`{dataset: text, dir: d, file: a.txt, window: 32, vocabulary: ' ''"\n\\é', carry: true}`: &datasets.Text{Dir: "d", File: "a.txt", Windows: windows(32, true), Vocabulary: ` '"\n\\é`},
		`{dataset: wordchain, window: 8, carry: true}`:                                           &datasets.Wordchain{Windows: windows(8, true)},
		`{dataset: adding, length: 50}`:                                                          &datasets.Adding{Length: 50},
		`{dataset: copy, length: 50, symbols: 4}`:                                                &datasets.Copying{Length: 50, Symbols: 4},
		`{dataset: mnist, sequence: pixels, permute: true}`:                                      &datasets.MNIST{Sequence: "pixels", Permute: true},
		`{dataset: fashion-mnist, sequence: rows}`:                                               &datasets.FashionMNIST{MNIST: datasets.MNIST{Sequence: "rows"}},
		`{dataset: text, file: a.txt, carry: false}`:                                             &datasets.Text{File: "a.txt"},
		`{dataset: text, file: 'a b.txt', vocabulary: '\u00e9\x00#'}`:                            &datasets.Text{File: "a b.txt", Vocabulary: `\u00e9\x00#`},
		`{dataset: own, colour: red, window: 3}`:                                                 &own{Colour: "red", Window: 3},
	} {
		c := mustParse(t, "data: "+yaml+"\nmodel: {type: mlp}\n")
		if !reflect.DeepEqual(c.Data.Kind, want) {
			t.Errorf("%s is read as %+v, want %+v", yaml, c.Data.Kind, want)
		}
		if again := mustParse(t, string(c.YAML())); !reflect.DeepEqual(again.Data, c.Data) {
			t.Errorf("%s is written as\n%s", yaml, c.YAML())
		}
	}
}

// own is a dataset of another module.
type own struct {
	Colour string `yaml:"colour" enum:"red,green" doc:"of all"`
	Window int    `yaml:"window" range:"[1,)" doc:"length"`
}

func (*own) Load(context.Context, datasets.Options) (*datasets.Set, error) { return nil, nil }

func init() {
	datasets.Kinds.Register("own", "of another module", func() datasets.Dataset { return &own{"green", 2} })
}

// The data of a run keep the order of keys that earlier versions wrote.
func TestDataOrder(t *testing.T) {
	c := mustParse(t, "data: {carry: true, vocabulary: ab, augment: {crop: 0}, normalize: unit, file: a, window: 3, dataset: text, test: 3, train: 1, dir: d}\nmodel: {type: mlp}\n")
	want := "data:\n  dataset: text\n  dir: d\n  train: 1\n  validation: 0\n  test: 3\n  file: a\n  window: 3\n  vocabulary: ab\n  carry: true\n  normalize: unit\n  augment:"
	if !strings.Contains(string(c.YAML()), want) {
		t.Errorf("got\n%s\nwant\n%s", c.YAML(), want)
	}
}

// WithData changes one option of the data, and leaves the config as it was.
func TestWithData(t *testing.T) {
	c := mustParse(t, "data: {dataset: mnist, dir: a, train: 3}\nmodel: {type: mlp}\n")
	d, err := c.WithData("dir", "b: 'c'")
	if err != nil || d.Data.Kind.(*datasets.MNIST).Dir != "b: 'c'" || c.Data.Kind.(*datasets.MNIST).Dir != "a" || d.Data.Train != 3 {
		t.Errorf("%v: %+v, %+v", err, d, c)
	}
	_, err = mustParse(t, head).WithData("dir", "b")
	checkError(t, err, "dir/my run.yaml:1:7: data.dir is not an option of glyphs; its options are color, classes, train, validation, test, normalize, augment")
}

// Each dataset has its own options in the schema, and each optimizer.
func TestKindsInSchema(t *testing.T) {
	type property struct {
		Const   any
		Minimum *float64
		Enum    []any
		Default any
	}
	type kinds struct {
		OneOf []struct{ Properties map[string]property }
	}
	var s struct {
		Properties struct {
			Data, Model kinds
			Train       struct {
				Properties struct{ Optimizer kinds }
			}
		}
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	// Fine-tuning inherits types, so none is required there. A teacher is not inherited.
	all := strings.Join(strings.Fields(string(Schema())), "")
	tune := strings.Replace(all[strings.Index(all, `"finetune"`):strings.Index(all, `"model"`)], `"required":["run"]`, "", 1)
	if strings.Contains(tune, `"required"`) {
		t.Error("a key of finetune is required")
	}
	of := func(k kinds, key, name string) map[string]property {
		for _, o := range k.OneOf {
			if o.Properties[key].Const == name {
				return o.Properties
			}
		}
		t.Fatalf("no %s %s in the schema", key, name)
		return nil
	}
	text, mnist := of(s.Properties.Data, "dataset", "text"), of(s.Properties.Data, "dataset", "mnist")
	if w := text["window"]; w.Minimum == nil || *w.Minimum != 1 {
		t.Errorf("window is %+v", w)
	}
	if q := mnist["sequence"]; !slices.Equal(q.Enum, []any{"pixels", "rows"}) {
		t.Errorf("sequence is %+v", q)
	}
	for _, key := range []string{"file", "vocabulary", "carry", "train", "augment"} {
		if _, ok := text[key]; !ok {
			t.Errorf("the schema lacks data.%s of text", key)
		}
	}
	if _, ok := mnist["window"]; ok {
		t.Error("mnist has a window")
	}
	if sgd := of(s.Properties.Train.Properties.Optimizer, "type", "sgd"); sgd["lr"].Default != 0.1 {
		t.Errorf("sgd is %+v", sgd)
	}
	if net := of(s.Properties.Model, "type", "resnet"); net["width"].Default != 16.0 {
		t.Errorf("resnet is %+v", net)
	}
}

// Paths of data are relative to the folder of the config; overrides are not.
func TestDataPaths(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	text := "data: {dataset: mnist, dir: digits, validation: 0.25}\nmodel: {type: mlp}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, want string }{
		{"seed=2", filepath.Join(dir, "digits")},
		{"data.dir=other", "other"},
		{"data.dir=/other", "/other"},
	} {
		got, err := Load(file, []string{c.set})
		if err != nil {
			t.Fatal(err)
		}
		if path := got.Data.Kind.(*datasets.MNIST).Dir; path != c.want || got.Data.Validation != 0.25 {
			t.Errorf("-set %s: %q, %v", c.set, path, got.Data.Validation)
		}
	}
	_, err := Parse("a.yaml", []byte("data: {dataset: mnist, validation: 2.5}\nmodel: {type: mlp}\n"))
	checkError(t, err, "a.yaml:1:36: data.validation must be a whole number or a share below 1, got 2.5")
	c := mustParse(t, "data: {dataset: mnist, train: 1000000}\nmodel: {type: mlp}\n")
	if !strings.Contains(string(c.YAML()), "train: 1000000\n") {
		t.Errorf("written as\n%s", c.YAML())
	}
}

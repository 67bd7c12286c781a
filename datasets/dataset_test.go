package datasets

import (
	"context"
	"errors"
	"slices"
	"testing"
)

type fake struct{ name string }

func (f fake) Name() string                              { return f.name }
func (fake) Doc() string                                 { return "" }
func (fake) Load(context.Context, Options) (*Set, error) { return nil, errors.New("fake") }

func TestRegistry(t *testing.T) {
	for _, name := range []string{"mnist", "fashion-mnist", "cifar10", "digits", "planted", "glyphs", "text", "wordchain", "adding", "copy"} {
		d, err := Lookup(name)
		if err != nil || d.Name() != name || d.Doc() == "" {
			t.Errorf("Lookup(%q) = %v, %v", name, d, err)
		}
	}
	_, err := Lookup("mnits")
	wantError(t, err, `"mnits"`, "did you mean mnist?")
	_, err = Lookup("letters")
	wantError(t, err, `"letters"`, "cifar10, copy, digits", "mnist")
	if !slices.IsSorted(Names()) {
		t.Errorf("names %q are not sorted", Names())
	}
	wantError(t, Register(nil), "nil")
	wantError(t, Register(fake{""}), "empty")
	wantError(t, Register(fake{"a b"}), "spaces")
	wantError(t, Register(fake{"mnist"}), "taken")
}

func TestUnusedOptions(t *testing.T) {
	yes := true
	for _, c := range []struct {
		dataset, option string
		o               Options
	}{
		{"mnist", "color", Options{Color: true}},
		{"cifar10", "classes", Options{Classes: "digits"}},
		{"fashion-mnist", "color, classes", Options{Color: true, Classes: "all"}},
		{"digits", "dir", Options{Dir: "x"}},
		{"digits", "download", Options{Download: &yes}},
		{"glyphs", "dir", Options{Dir: "x"}},
		{"digits", "train is -1", Options{Train: -1}},
		{"glyphs", "test is -3", Options{Test: -3}},
		{"glyphs", `"lower"`, Options{Classes: "lower"}},
		{"digits", "validation 1397 leaves nothing", Options{Validation: 1397}},
		{"digits", "train 1390 and validation 10", Options{Train: 1390, Validation: 10}},
		{"digits", "test 401", Options{Test: 401}},
	} {
		d, err := Lookup(c.dataset)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Load(t.Context(), c.o)
		wantError(t, err, c.dataset, c.option)
	}
}

func TestDigits(t *testing.T) {
	set, err := digits{}.Load(t.Context(), Options{Validation: 97, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s *Split
		n int
	}{{stored(set.Train), 1300}, {stored(set.Validation), 97}, {stored(set.Test), 400}} {
		if err := c.s.Validate(); err != nil || c.s.N != c.n || c.s.H != 8 || c.s.W != 8 || c.s.C != 1 {
			t.Errorf("split of %d, want %d: %v", c.s.N, c.n, err)
		}
	}
	if m := slices.Max(stored(set.Train).Pixels); m != 255 {
		t.Errorf("brightest pixel %d, want 255", m)
	}
	var perClass [10]int
	for _, l := range stored(set.Test).Labels {
		perClass[l]++
	}
	if slices.Min(perClass[:]) < 25 {
		t.Errorf("test classes %v are far from even", perClass)
	}
	again, err := digits{}.Load(t.Context(), Options{Validation: 97, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(stored(again.Test).Pixels, stored(set.Test).Pixels) {
		t.Error("the test part depends on the seed")
	}
	if slices.Equal(stored(again.Train).Pixels, stored(set.Train).Pixels) {
		t.Error("the training part does not depend on the seed")
	}
}

func TestSplitValidate(t *testing.T) {
	good := Split{N: 2, H: 1, W: 2, C: 1, Classes: 2, Pixels: make([]uint8, 4), Labels: []uint8{0, 1}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Split){
		"shape":          func(s *Split) { s.H = 0 },
		"0 classes":      func(s *Split) { s.Classes = 0 },
		"4 pixel values": func(s *Split) { s.W = 3 },
		"1 labels":       func(s *Split) { s.Labels = s.Labels[:1] },
		"label 2 of":     func(s *Split) { s.Labels = []uint8{0, 2} },
	} {
		bad := good
		change(&bad)
		wantError(t, bad.Validate(), want)
	}
}

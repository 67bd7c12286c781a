package datasets

import (
	"context"
	"slices"
	"testing"
)

func TestKinds(t *testing.T) {
	for _, name := range []string{"images", "parquet", "webdataset", "cifar100", "emnist", "svhn", "tiny-imagenet",
		"mnist", "fashion-mnist", "cifar10", "digits", "planted", "glyphs", "text", "wordchain", "adding", "copy",
		"table", "arrays"} {
		if _, err := Kinds.New(name); err != nil || Kinds.Doc(name) == "" {
			t.Errorf("%s: %v, %q", name, err, Kinds.Doc(name))
		}
	}
	_, err := Kinds.New("mnits")
	wantError(t, err, `"mnits"`, "did you mean mnist or emnist?")
	_, err = Kinds.New("letters")
	wantError(t, err, `"letters"`, "cifar10, cifar100, copy, digits", "mnist")
}

func TestOptionErrors(t *testing.T) {
	for _, c := range []struct {
		dataset, want string
		o             opts
	}{
		{"digits", "train must be at least 0, got -1", opts{Train: -1}},
		{"glyphs", "test must be at least 0, got -3", opts{Test: -3}},
		{"glyphs", `classes must be digits, letters or all, got "lower"`, opts{Classes: "lower"}},
		{"digits", "validation 1397 leaves nothing", opts{Validation: 1397}},
		{"digits", "train 1390 and validation 10", opts{Train: 1390, Validation: 10}},
		{"digits", "test 401", opts{Test: 401}},
	} {
		_, err := load(t.Context(), c.dataset, c.o)
		wantError(t, err, c.dataset, c.want)
	}
	_, err := Load(t.Context(), "digits", &Digits{}, Options{Normalize: "both"})
	wantError(t, err, "normalize must be standard, unit or imagenet")
	_, err = Load(t.Context(), "digits", &Digits{}, Options{Augment: Augment{Crop: -1}})
	wantError(t, err, "augment.crop must be at least 0")
}

func TestDigits(t *testing.T) {
	set, err := load(t.Context(), "digits", opts{Validation: 97, Seed: 3})
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
	again, err := load(t.Context(), "digits", opts{Validation: 97, Seed: 4})
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
	good := Split{N: 2, H: 1, W: 2, C: 1, Classes: 2, Pixels: make([]uint8, 4), Labels: []int32{0, 1}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Split){
		"shape":          func(s *Split) { s.H = 0 },
		"0 classes":      func(s *Split) { s.Classes = 0 },
		"4 pixel values": func(s *Split) { s.W = 3 },
		"1 labels":       func(s *Split) { s.Labels = s.Labels[:1] },
		"label 2 of":     func(s *Split) { s.Labels = []int32{0, 2} },
	} {
		bad := good
		change(&bad)
		wantError(t, bad.Validate(), want)
	}
}

type nothing struct{}

func (nothing) Load(context.Context, Options) (*Set, error) { return nil, nil }

func TestDatasetWithoutSet(t *testing.T) {
	if _, err := Load(t.Context(), "none", nothing{}, Options{}); err == nil || err.Error() != "none: there are no training examples" {
		t.Error(err)
	}
}

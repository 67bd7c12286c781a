package datasets

import (
	"slices"
	"testing"
)

// sequenceSet has 6 images of 4×3 in the files of mnist.
func sequenceSet(t *testing.T, o opts) *Set {
	t.Helper()
	o.Dir = t.TempDir()
	for i, data := range [4][]byte{idxBytes(idxImages, 9, 4, 3), idxBytes(idxLabels, 9), idxBytes(idxImages, 2, 4, 3), idxBytes(idxLabels, 2)} {
		put(t, o.Dir+"/"+idxFiles[i], data)
	}
	o.Validation = 3
	set, err := load(t.Context(), "mnist", o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSequences(t *testing.T) {
	images := sequenceSet(t, opts{})
	x, y := fill(t, images, images.Train, Draw{})
	for mode, input := range map[string][]int{"pixels": {1, 12}, "rows": {3, 4}} {
		set := sequenceSet(t, opts{Sequence: mode})
		if task := set.Task; !slices.Equal(task.Input, input) || task.Classes != 10 || task.Targets != 1 || set.Images() == nil {
			t.Errorf("%s: task %+v", mode, task)
		}
		// Position t, unit d of a sequence is at t·D + d: row by row, as in an image.
		sx, sy := fill(t, set, set.Train, Draw{})
		if !slices.EqualFunc(sx, x, slices.Equal[[]float32]) || !slices.EqualFunc(sy, y, slices.Equal[[]float32]) {
			t.Errorf("%s: a sequence is %v, the image %v", mode, sx[0], x[0])
		}
		permuted := sequenceSet(t, opts{Sequence: mode, Permute: true})
		again, err := permuted.Normalized(images.Images().Stats(), Augment{Crop: 1})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := images.Normalized(images.Images().Stats(), Augment{Crop: 1})
		if err != nil {
			t.Fatal(err)
		}
		// One order for all images, parts and seeds, also behind augmentation.
		order := sequenceSet(t, opts{Sequence: mode, Permute: true, Seed: 8}).Test.(*Images).order
		for _, pair := range [][2]Part{{plain.Train, again.Train}, {plain.Validation, again.Validation}, {plain.Test, again.Test}} {
			if got := pair[1].(*Images).order; !slices.Equal(got, order) {
				t.Errorf("%s: two orders", mode)
			}
			a, _ := fill(t, images, pair[0], Draw{1, 2, true})
			b, _ := fill(t, images, pair[1], Draw{1, 2, true})
			for i := range a {
				for k, from := range order {
					if b[i][k] != a[i][from] {
						t.Fatalf("%s: pixel %d of permuted image %d is %v, want that at %d, %v", mode, k, i, b[i][k], from, a[i][from])
					}
				}
			}
		}
		if sorted := slices.Sorted(slices.Values(order)); len(sorted) != 12 || sorted[11] != 11 || slices.IsSorted(order) {
			t.Errorf("order %v", order)
		}
	}
	for want, o := range map[string]opts{
		`sequence must be pixels or rows, got "columns"`: {Sequence: "columns"},
		"permute needs sequence":                         {Permute: true},
	} {
		_, err := load(t.Context(), "fashion-mnist", o)
		wantError(t, err, "fashion-mnist", want)
	}
}

// TestSetsOfImages: parts that do not belong together make no set, and a set without images
// cannot be normalised.
func TestSetsOfImages(t *testing.T) {
	a, b := randomSplit(3, 4, 4, 1, 1), randomSplit(3, 4, 5, 1, 1)
	set, err := NewImageSet(a, nil, a, nil)
	if err != nil || set.Validation != nil || set.Images() != a || set.validate() != nil {
		t.Errorf("set %+v, %v", set, err)
	}
	x, _ := fill(t, set, set.Test, Draw{})
	if want := float32(float64(a.Pixels[5]) / 255); x[0][5] != want {
		t.Errorf("pixel %v, want %v", x[0][5], want)
	}
	_, err = NewImageSet(a, b, a, nil)
	wantError(t, err, "validation images are 4×5×1 of 10 classes", "4×4×1")
	_, err = NewImageSet(nil, a, a, nil)
	wantError(t, err, "training", "no split")
	_, err = NewImageSet(a, nil, &Split{N: 1, H: 4, W: 4, C: 1, Classes: 10}, nil)
	wantError(t, err, "test", "pixel values")
	_, err = set.Normalized(Normalization{}, Augment{})
	wantError(t, err, "0 means")

	text := mustText(t, someText(), opts{Window: 8})
	if text.Images() != nil {
		t.Error("a text has images")
	}
	_, err = text.Normalized(Normalization{}, Augment{})
	wantError(t, err, "has no images")
}

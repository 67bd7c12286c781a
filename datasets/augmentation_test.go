package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"slices"
	"testing"
)

// fillAll is an epoch of a part in stored order.
func fillAll(t *testing.T, p Part, size int, draw Draw) []float32 {
	t.Helper()
	idx := make([]int, p.Len())
	for i := range idx {
		idx[i] = i
	}
	x, y := make([]float32, len(idx)*size), make([]float32, len(idx))
	if err := p.Fill(x, y, idx, draw); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestAugmentGolden: crops and flips of a seed stay as they were in earlier versions.
func TestAugmentGolden(t *testing.T) {
	s := randomSplit(40, 9, 7, 3, 1)
	p, err := NewImages(s, s.Stats(), Augment{Crop: 2, Flip: true})
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, fillAll(t, p, s.Size(), Draw{Seed: 3, Epoch: 2, Augment: true})); err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(h.Sum(nil)[:8]), "de958c18ba35cf70"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAugmentKinds: every change changes images in training, differently in each epoch, to
// the same values on any number of threads, and none of them in an evaluation.
func TestAugmentKinds(t *testing.T) {
	all := Augment{Crop: 1, Flip: true, ResizedCrop: 0.3, Rotation: 20, RandAugment: RandAugment{N: 2, M: 9},
		ColorJitter: ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1}, Erase: 0.5, Cutout: 4}
	for _, channels := range []int{1, 3} {
		s := randomSplit(24, 12, 10, channels, 1)
		plain, err := NewImages(s, s.Stats(), Augment{})
		if err != nil {
			t.Fatal(err)
		}
		for name, aug := range map[string]Augment{"all": all, "resized_crop": {ResizedCrop: 0.3}, "rotation": {Rotation: 20},
			"randaugment": {RandAugment: all.RandAugment}, "color_jitter": {ColorJitter: all.ColorJitter},
			"erase": {Erase: 1}, "cutout": {Cutout: 4}} {
			p, err := NewImages(s, s.Stats(), aug)
			if err != nil {
				t.Fatal(err)
			}
			draw := Draw{Seed: 1, Epoch: 1, Augment: true}
			x := fillAll(t, p, s.Size(), draw)
			before := runtime.GOMAXPROCS(1)
			again := fillAll(t, p, s.Size(), draw)
			runtime.GOMAXPROCS(before)
			if !slices.Equal(x, again) {
				t.Errorf("%s: another number of threads gives other images", name)
			}
			draw.Epoch = 2
			if slices.Equal(x, fillAll(t, p, s.Size(), draw)) {
				t.Errorf("%s: epochs are alike", name)
			}
			if !slices.Equal(fillAll(t, p, s.Size(), Draw{}), fillAll(t, plain, s.Size(), Draw{})) {
				t.Errorf("%s changes images in an evaluation", name)
			}
		}
	}
}

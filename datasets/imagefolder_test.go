package datasets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/datasets/augment"
	"pare/datasets/imagefile"
	"pare/datasets/raster"
)

// pngOf is a grey image whose pixels tell it apart.
func pngOf(t testing.TB, h, w int, seed int) []byte {
	t.Helper()
	im := image.NewGray(image.Rect(0, 0, w, h))
	for i := range im.Pix {
		im.Pix[i] = uint8(seed*7 + i*3)
	}
	im.SetGray(0, 0, color.Gray{Y: uint8(seed)})
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// putImages writes n images of each class below a folder.
func putImages(t testing.TB, dir string, n int, classes ...string) {
	t.Helper()
	for c, name := range classes {
		for i := range n {
			put(t, filepath.Join(dir, name, fmt.Sprintf("%03d.png", i)), pngOf(t, 6, 5, c*n+i))
		}
	}
}

// loadImages loads a folder as grey images.
func loadImages(t *testing.T, d ImageFolder, o Options) (*Set, error) {
	t.Helper()
	d.Channels = "grey"
	return Load(t.Context(), "images", &d, o)
}

// TestImageFolder: shares of one folder are stratified, and the same with images in memory,
// in their files and in a cache.
func TestImageFolder(t *testing.T) {
	dir := t.TempDir()
	putImages(t, dir, 20, "cat", "dog", "eel")
	put(t, filepath.Join(dir, "cat", "notes.txt"), []byte("x"))
	o := Options{Test: 0.2, Validation: 0.1, Seed: 3}
	set, err := loadImages(t, ImageFolder{Dir: dir}, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Task.Input, []int{1, 6, 5}) || !slices.Equal(set.ClassNames, []string{"cat", "dog", "eel"}) {
		t.Errorf("%v, %q", set.Task.Input, set.ClassNames)
	}
	if set.Train.Len() != 42 || set.Validation.Len() != 6 || set.Test.Len() != 12 {
		t.Fatalf("%d, %d and %d examples", set.Train.Len(), set.Validation.Len(), set.Test.Len())
	}
	var perClass [3]int
	for _, l := range stored(set.Test).Labels {
		perClass[l]++
	}
	if perClass != [3]int{4, 4, 4} {
		t.Errorf("test classes %v", perClass)
	}
	if len(set.Notes) != 1 || !strings.Contains(set.Notes[0], "notes.txt") {
		t.Errorf("notes %q", set.Notes)
	}
	cache := filepath.Join(t.TempDir(), "images.cache")
	for name, d := range map[string]ImageFolder{"files": {Dir: dir}, "cache": {Dir: dir, Cache: cache}} {
		other := streamed(t, d, o)
		if other.Images().Pixels != nil {
			t.Fatal("images are in memory")
		}
		want, got := normal(t, set), normal(t, other)
		for i, p := range []Part{got.Train, got.Validation, got.Test} {
			draw := Draw{Seed: 1, Augment: true}
			if !slices.Equal(fillAll(t, p, 30, draw), fillAll(t, []Part{want.Train, want.Validation, want.Test}[i], 30, draw)) {
				t.Errorf("%s: part %d differs", name, i)
			}
		}
	}
	if _, err := os.Stat(cache); err != nil {
		t.Error(err)
	}
}

// streamed loads a folder whose images stay in their files.
func streamed(t *testing.T, d ImageFolder, o Options) *Set {
	t.Helper()
	before := mebibyte
	mebibyte = 1
	defer func() { mebibyte = before }()
	set, err := loadImages(t, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// normal is a set with the normalisation of its training images, and augmentation.
func normal(t *testing.T, set *Set) *Set {
	t.Helper()
	out, err := set.Normalized(set.Images().Stats(), Augment{Crop: 1, Flip: true, Cutout: 2})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Folders train, val and test are the parts; amounts take some of their examples.
func TestImageParts(t *testing.T) {
	dir := t.TempDir()
	putImages(t, filepath.Join(dir, "train"), 10, "a", "b")
	putImages(t, filepath.Join(dir, "test"), 6, "b")
	set, err := loadImages(t, ImageFolder{Dir: dir}, Options{Validation: 4})
	if err != nil || set.Train.Len() != 16 || set.Validation.Len() != 4 || set.Test.Len() != 6 {
		t.Fatalf("%+v: %v", set, err)
	}
	if l := stored(set.Test).Labels; slices.Min(l) != 1 {
		t.Errorf("test labels %v", l)
	}
	if set, err = loadImages(t, ImageFolder{Dir: dir}, Options{Test: 0.5, Train: 8}); err != nil || set.Test.Len() != 3 || set.Train.Len() != 8 || set.Validation != nil {
		t.Fatalf("%+v: %v", set, err)
	}
	_, err = loadImages(t, ImageFolder{Dir: dir}, Options{Test: 7})
	wantError(t, err, "images: test 7 is more than the 6 test examples")
}

func TestImageErrors(t *testing.T) {
	dir := t.TempDir()
	putImages(t, dir, 4, "a", "b")
	bad := filepath.Join(dir, "b", "bad.png")
	put(t, bad, pngOf(t, 6, 5, 1)[:40])
	_, err := loadImages(t, ImageFolder{Dir: dir}, Options{})
	wantError(t, err, "images: "+bad, "PNG")
	put(t, bad, pngOf(t, 6, 4, 1))
	_, err = loadImages(t, ImageFolder{Dir: dir}, Options{})
	wantError(t, err, bad, "4×6 pixels", "the first image has 5×6", "data.size")
	set, err := loadImages(t, ImageFolder{Dir: dir, Decoding: Decoding{Size: []int{8, 4}}}, Options{})
	if err != nil || !slices.Equal(set.Task.Input, []int{1, 8, 4}) {
		t.Errorf("%+v: %v", set, err)
	}
	for want, d := range map[string]ImageFolder{
		"dir is missing":            {},
		"size has 3 numbers":        {Dir: dir, Decoding: Decoding{Size: []int{1, 2, 3}}},
		"resize must be at least 1": {Dir: dir, Decoding: Decoding{Resize: -1}},
		"there is no such folder":   {Dir: filepath.Join(dir, "none")},
	} {
		_, err := loadImages(t, d, Options{})
		wantError(t, err, want)
	}
}

// More than 256 classes keep their numbers.
func TestManyClasses(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("c%03d", i))
	}
	putImages(t, dir, 1, names...)
	set, err := loadImages(t, ImageFolder{Dir: dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l := stored(set.Train).Labels; set.Task.Classes != 300 || l[299] != 299 {
		t.Errorf("%d classes, the last label is %d", set.Task.Classes, l[299])
	}
}

// Targets of images that stay in files are known without the files.
func TestImageTargets(t *testing.T) {
	dir := t.TempDir()
	putImages(t, dir, 8, "a", "b", "c")
	part := streamed(t, ImageFolder{Dir: dir}, Options{}).Train
	idx := []int{23, 0, 9, 9}
	x, want, got := make([]float32, 4*30), make([]float32, 4), make([]float32, 4)
	if err := part.Fill(x, want, idx, Draw{}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	targets := part.(Targets)
	if err := targets.TargetsOf(got, idx); err != nil || !slices.Equal(got, want) || !slices.Equal(got, []float32{2, 0, 1, 1}) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
	wantError(t, targets.TargetsOf(got, []int{24}), "index 24 at place 0 is not among 24 examples")
	wantError(t, targets.TargetsOf(got[:3], idx), "y 3; 4 examples need 0 and 4")
}

// With originals a crop comes out of the image in the file, by the draws of
// augment.ResizedCrop; evaluation reads the resized image.
func TestImageOriginals(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		put(t, filepath.Join(dir, []string{"a", "b"}[i%2], fmt.Sprint(i, ".png")), pngOf(t, 20+i, 30-i, i))
	}
	d := ImageFolder{Dir: dir, Decoding: Decoding{Size: []int{6, 5}, Originals: true}}
	aug := Augment{ResizedCrop: 0.2}
	set, err := loadImages(t, d, Options{Validation: 2, Augment: aug})
	if err != nil {
		t.Fatal(err)
	}
	if set.Images().Pixels != nil || stored(set.Validation).Pixels == nil || len(set.Notes) > 0 {
		t.Errorf("training images in memory: %t, validation images: %t, notes %q",
			set.Images().Pixels != nil, stored(set.Validation).Pixels != nil, set.Notes)
	}
	plain := d
	plain.Originals = false
	resized, err := loadImages(t, plain, Options{Validation: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fillAll(t, set.Train, 30, Draw{}), fillAll(t, resized.Train, 30, Draw{})) {
		t.Error("training images without augmentation differ")
	}
	if set, err = set.Normalized(Unit(1), aug); err != nil {
		t.Fatal(err)
	}
	draw := Draw{Seed: 5, Epoch: 2, Augment: true}
	got := fillAll(t, set.Train, 30, draw)
	s := set.Images()
	decoder, err := imagefile.NewDecoder(imagefile.Options{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	crop := augment.ResizedCrop{Height: 6, Width: 5, Scale: augment.Range{Low: 0.2, High: 1}}
	for i := range s.N {
		var im raster.Image
		if err := decoder.File(&im, s.files.name(s.files.index[i])); err != nil {
			t.Fatal(err)
		}
		var w augment.Work
		crop.Apply(&im, &w, rand.New(rand.NewPCG(mix(draw.Seed, draw.Epoch), mix(streamAugmentChain, uint64(i)))))
		for k, v := range im.Pix {
			if got[i*30+k] != float32(float64(v)/255) {
				t.Fatalf("image %d value %d is %v, want %v", i, k, got[i*30+k], float64(v)/255)
			}
		}
	}
	_, err = loadImages(t, d, Options{})
	wantError(t, err, "images: originals is for augment.resized_crop, which is not set")
	d.Cache = filepath.Join(dir, "cache")
	_, err = loadImages(t, d, Options{Augment: aug})
	wantError(t, err, "images: cache holds images that size has changed, and originals reads the files")
}

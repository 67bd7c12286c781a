package datasets

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openRecipe opens files by the recipe of a set, after a round trip through JSON.
func openRecipe(t *testing.T, set *Set, norm Normalization, paths ...string) (Inputs, error) {
	t.Helper()
	text, err := EncodeRecipe(set.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	r, err := DecodeRecipe(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if r.Size() != set.Task.Size() {
		t.Fatalf("%s: %d values, the task has %d", text, r.Size(), set.Task.Size())
	}
	in, err := r.Open(t.Context(), paths, RecipeOptions{Normalization: norm})
	if err == nil {
		t.Cleanup(in.Close)
	}
	return in, err
}

// readAll are the inputs of all examples; the values of one with an error are left out.
func readAll(t *testing.T, in Inputs) (out []float32, faults []string) {
	t.Helper()
	k := 0
	err := in.Read(t.Context(), in.Len(), func(x []float32, err error) error {
		if k++; err != nil {
			faults = append(faults, err.Error())
			return nil
		}
		out = append(out, x...)
		return nil
	})
	if err != nil || k != in.Len() {
		t.Fatalf("%d of %d examples: %v", k, in.Len(), err)
	}
	return out, faults
}

// sameInputs compares files, read by the recipe, with the training part of their set.
func sameInputs(t *testing.T, name string, set *Set, norm Normalization, paths ...string) {
	t.Helper()
	in, err := openRecipe(t, set, norm, paths...)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	got, faults := readAll(t, in)
	if want := fillAll(t, set.Train, set.Task.Size(), Draw{}); len(faults) > 0 || !slices.Equal(got, want) {
		t.Errorf("%s: files give other inputs than training: %q", name, faults)
	}
}

// normalizedImages is a set with the normalisation of its training images.
func normalizedImages(t *testing.T, set *Set) (*Set, Normalization) {
	t.Helper()
	norm := set.Images().Stats()
	out, err := set.Normalized(norm, Augment{})
	if err != nil {
		t.Fatal(err)
	}
	return out, norm
}

// TestImageRecipe: image files, tar files and arrays give the inputs that training had.
func TestImageRecipe(t *testing.T) {
	dir := t.TempDir()
	train := filepath.Join(dir, "train")
	putImages(t, train, 5, "a", "b")
	putImages(t, filepath.Join(dir, "test"), 1, "a")
	put(t, filepath.Join(train, "b", ".hidden.png"), []byte("x"))
	for name, d := range map[string]Decoding{
		"as they are": {Channels: "grey"}, "colour": {}, "stretched": {Size: []int{4, 3}},
		"shorter": {Channels: "grey", Resize: 9}, "cut": {Resize: 7, Size: []int{6}},
	} {
		set, err := Load(t.Context(), "images", &ImageFolder{Dir: dir, Decoding: d}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		set, norm := normalizedImages(t, set)
		sameInputs(t, name, set, norm, train)
		sameInputs(t, name+", folder by folder", set, norm, filepath.Join(train, "a"), filepath.Join(train, "b"))
	}
	shard := filepath.Join(dir, "train.tar")
	put(t, shard, tarOf(t, "x", "y", "z"))
	tars := Shards{Files: shard, TestFiles: shard, Decoding: Decoding{Channels: "grey"}}
	set, err := Load(t.Context(), "webdataset", &WebDataset{Image: "png", Shards: tars}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, norm := normalizedImages(t, set)
	sameInputs(t, "tar", set, norm, shard)
	pixels := stored(set.Train)
	array := filepath.Join(dir, "x.npy")
	put(t, array, npyOf(t, pixels.Pixels, pixels.N, pixels.H, pixels.W))
	sameInputs(t, "npy", set, norm, array)
	put(t, filepath.Join(dir, "x.npz"), npzOf(t, map[string][]byte{"pictures": npyOf(t, pixels.Pixels, pixels.N, 1, pixels.H, pixels.W)}))
	sameInputs(t, "npz", set, norm, filepath.Join(dir, "x.npz"))
	in, err := openRecipe(t, set, norm, array, filepath.Join(train, "a", "001.png"), filepath.Join(train, "b", "002.png"), shard)
	if err != nil {
		t.Fatal(err)
	}
	places := []string{}
	for i := range in.Len() {
		places = append(places, strings.TrimPrefix(in.Place(i).String(), dir+"/"))
	}
	if want := "[x.npy: row 1 x.npy: row 2 x.npy: row 3 " +
		"train/a/001.png train/b/002.png train.tar: row 1 train.tar: row 2 train.tar: row 3]"; fmt.Sprint(places) != want {
		t.Errorf("places %v, want %s", places, want)
	}
}

// TestParquetRecipe: Parquet files of testdata/parquet.py, with and without labels.
func TestParquetRecipe(t *testing.T) {
	labelled, bare := filepath.Join("testdata", "images.parquet"), filepath.Join("testdata", "unlabelled.parquet")
	d := &Parquet{Shards: Shards{Files: labelled, TestFiles: labelled}}
	set, err := Load(t.Context(), "parquet", d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, norm := normalizedImages(t, set)
	sameInputs(t, "with labels", set, norm, labelled)
	_, err = openRecipe(t, set, norm, bare)
	wantError(t, err, `unlabelled.parquet: no column "image"`)
	set.Recipe.(*ImageRecipe).Column = "picture"
	sameInputs(t, "without labels", set, norm, bare)
}

// TestPermutedRecipe: the pixels of permuted MNIST are permuted, rows are normalised.
func TestPermutedRecipe(t *testing.T) {
	set, err := Load(t.Context(), "digits", &Digits{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, norm := normalizedImages(t, set)
	pixels := stored(set.Train)
	path := filepath.Join(t.TempDir(), "x.npy")
	put(t, path, npyOf(t, pixels.Pixels, pixels.N, pixels.H, pixels.W))
	sameInputs(t, "permuted", set.sequences(true, true), norm, path)
	rows := Normalization{slices.Repeat(norm.Mean, 8), slices.Repeat(norm.Std, 8)} // as a model has it
	sameInputs(t, "rows", set.sequences(false, false), rows, path)
}

// TestArrayRecipe: vectors, sequences and images of numbers.
func TestArrayRecipe(t *testing.T) {
	values := make([]float32, 10*2*4*6)
	for i := range values {
		values[i] = float32(math.Sin(float64(i * i)))
	}
	for name, c := range map[string]struct {
		d     Arrays
		shape []int
	}{
		"vectors":       {Arrays{}, []int{10, 48}},
		"as they are":   {Arrays{AsIs: true}, []int{10, 48}},
		"sequences":     {Arrays{As: "sequences", Layout: "channels_first"}, []int{10, 2, 24}},
		"channels last": {Arrays{As: "sequences", Layout: "channels_last"}, []int{10, 24, 2}},
		"images":        {Arrays{As: "images", Layout: "channels_first"}, []int{10, 2, 4, 6}},
		"scalars":       {Arrays{}, []int{480}},
	} {
		dir := t.TempDir()
		x, y := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
		put(t, x, npyOf(t, values, c.shape...))
		put(t, y, npyOf(t, make([]float32, c.shape[0]), c.shape[0]))
		d := c.d
		d.X, d.Y, d.XTest, d.YTest = x, y, x, y
		set, err := Load(t.Context(), "arrays", &d, Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		sameInputs(t, name, set, set.Normalization, x)
		archive := filepath.Join(dir, "d.npz")
		put(t, archive, npzOf(t, map[string][]byte{"other": npyOf(t, values, c.shape...)}))
		sameInputs(t, name+" in an archive", set, set.Normalization, archive)
	}
}

// TestRecipeErrors: files of another form end with a line that names them; a faulty example
// leaves the others.
func TestRecipeErrors(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	set, err := Load(t.Context(), "digits", &Digits{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, at("a.png"), pngOf(t, 8, 8, 1))
	put(t, at("b.png"), pngOf(t, 5, 9, 1))
	put(t, at("c.png"), []byte("no image"))
	put(t, at("d.txt"), []byte("text"))
	put(t, at("e.npy"), npyOf(t, make([]uint8, 4*9), 4, 9))
	put(t, at("f.npy"), npyOf(t, make([]float32, 64), 1, 8, 8))
	put(t, at("g.npz"), npzOf(t, map[string][]byte{"a": npyOf(t, make([]uint8, 64), 1, 8, 8), "b": npyOf(t, make([]uint8, 64), 1, 8, 8)}))
	if err := os.Mkdir(at("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"d.txt":    "it is no folder, no image (.png, .jpg, .jpeg, .gif, .webp or .bmp), and no .parquet, .tar, .npy, .npz or .safetensors file",
		"none.png": "there is no such file",
		"empty":    "no images: the folder needs at least one file with the extension .png, .jpg, .jpeg, .gif, .webp or .bmp",
		"e.npy":    "an example has shape [9]; the network takes [1 8 8] or [8 8 1]",
		"f.npy":    "its type is <f4; images are arrays of bytes (uint8), 0 black to 255 full",
		"g.npz":    `there is no array "x"; it has a, b`,
	} {
		if _, err := openRecipe(t, set, Normalization{}, at("a.png"), at(file)); err == nil || err.Error() != at(file)+": "+want {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
	in, err := openRecipe(t, set, Normalization{}, at("a.png"), at("b.png"), at("c.png"), at("a.png"))
	if err != nil {
		t.Fatal(err)
	}
	x, faults := readAll(t, in)
	if len(x) != 128 || !slices.Equal(x[:64], x[64:]) || len(faults) != 2 || !strings.HasPrefix(faults[1], at("c.png")+": ") ||
		faults[0] != at("b.png")+": 9×5 pixels (width, height), the network takes 8×8; -resize stretches images to that" {
		t.Errorf("%d values, %q", len(x), faults)
	}
	stretched, err := set.Recipe.Open(t.Context(), []string{at("b.png")}, RecipeOptions{Resize: true})
	if err != nil {
		t.Fatal(err)
	}
	if x, faults := readAll(t, stretched); len(x) != 64 || len(faults) > 0 {
		t.Errorf("resized: %d values, %q", len(x), faults)
	}
	enough := errors.New("enough")
	if err := in.Read(t.Context(), 2, func([]float32, error) error { return enough }); err != enough {
		t.Errorf("Read: %v", err)
	}
	numbers := &ArrayRecipe{Shape: []int{3}, Channels: 3}
	put(t, at("h.npy"), npyOf(t, []float32{1, 2, 3, 4, float32(math.NaN()), 6}, 2, 3))
	if in, err = numbers.Open(t.Context(), []string{at("h.npy")}, RecipeOptions{}); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if x, faults := readAll(t, in); len(x) != 3 || len(faults) != 1 || faults[0] != at("h.npy")+": row 2: NaN is no finite number" {
		t.Errorf("%v, %q", x, faults)
	}
	_, err = numbers.Open(t.Context(), []string{at("f.npy")}, RecipeOptions{})
	wantError(t, err, at("f.npy")+": an example has shape [8 8]; the network was trained on examples of shape [3]")
}

// FuzzRecipe: a recipe that is read is written as it was.
func FuzzRecipe(f *testing.F) {
	for _, text := range []string{
		`{"kind":"images","channels":3,"height":32,"width":32,"shorter":36,"resized":true}`,
		`{"kind":"arrays","array":"x","shape":[2,5],"channels":2,"channels_first":true}`,
		`{"kind":"arrays","shape":[4611686018427387904,4],"channels":1}`,
		`{"kind":"images","channels":1,"height":2,"width":3,"colour":1}`, `{"kind":"pictures"}`, `{}`, `[]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := DecodeRecipe([]byte(text))
		if err != nil {
			return
		}
		first, err := EncodeRecipe(r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Size() < 1 {
			t.Fatalf("%s: size %d", first, r.Size())
		}
		again, err := DecodeRecipe(first)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, err := EncodeRecipe(again); err != nil || string(second) != string(first) {
			t.Fatalf("%s became %s: %v", first, second, err)
		}
	})
}

package datasets

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// filesPart is a part of files, or of numbered rows where they have no names.
type filesPart struct {
	Part
	names []string
}

func (p filesPart) Len() int          { return len(p.names) }
func (p filesPart) Place(i int) Place { return Place{File: p.names[i]} }

func TestReadAttributes(t *testing.T) {
	part := filesPart{names: []string{"/data/photos/cat/1.jpg", "/data/photos/dog/1.jpg", "shard.tar: dog/2.png"}}
	read := func(text string) ([][]string, error) {
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return ReadAttributes(path, []string{"sex", "age"}, part)
	}
	got, err := read("file,age,sex\ndog/2.png,3,f\ndog/1.jpg,2,m\n./cat/1.jpg,1,f\nother.jpg,9,m\n")
	if err != nil || !slices.Equal(got[0], []string{"f", "m", "f"}) || !slices.Equal(got[1], []string{"1", "2", "3"}) {
		t.Errorf("%q, %v", got, err)
	}
	for text, want := range map[string]string{
		"file,age,sex\n1.jpg,1,f\n2.png,1,f\n":                   "file cannot be used: a.csv: row 1, 1.jpg, fits two examples, /data/photos/cat/1.jpg and /data/photos/dog/1.jpg; give more of the path",
		"file,age,sex\ncat/1.jpg,1,f\ncat/1.jpg,2,f\n":           "file cannot be used: a.csv: rows 1 and 2 both describe file cat/1.jpg; remove one of them",
		"file,age,sex\ncat/1.jpg,1,f\ndog/1.jpg,2,f\n":           "file cannot be used: a.csv: no row describes shard.tar: dog/2.png (1 of 3 examples have none)",
		"row,age,sex\n1,1,f\n":                                   "file cannot be used: a.csv: there is no column file to tell which example a row describes; the first one is /data/photos/cat/1.jpg",
		"file,age,sexx\n1,1,f\n":                                 `by names a column that is not there: a.csv: no column "sex"; did you mean sexx?`,
		"file,age,sex\ncat/1.jpg,1,f\ndog/1.jpg,2,\n2.png,3,m\n": "by cannot be used: a.csv: row 2, column sex: the cell has no value (1 of 3 examples have such a cell), so the group of the example is not known; fill it in",
	} {
		if _, err := read(text); err == nil || err.Error() != want {
			t.Errorf("%q:\n  got  %v\n  want %s", text, err, want)
		}
	}
}

// numberedPart is a part of rows of a file, counted from 1.
type numberedPart struct {
	Part
	rows []int
}

func (p numberedPart) Len() int          { return len(p.rows) }
func (p numberedPart) Place(i int) Place { return Place{Row: p.rows[i]} }

// TestNumberedAttributes: rows beyond a million, in any order, as whole numbers or not.
func TestNumberedAttributes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("sex,row\nf,12345678\nm,3.0\nf,2\nm,1000000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAttributes(path, []string{"sex"}, numberedPart{rows: []int{3, 1_000_000, 12_345_678}})
	if err != nil || !slices.Equal(got[0], []string{"m", "m", "f"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTableAttributes: columns that are no inputs, of the rows of each part.
func TestTableAttributes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("t.csv", "x,race,part,y\n1,a,train,0\n2,b,test,1\n3,c,train,1\n4,NA,train,0\n5,a,test,0\n")
	o := Options{Attributes: []string{"race"}}
	d := &Table{File: path, Target: []string{"y"}, Columns: []string{"x"}, Split: "part", Missing: "refuse", Unseen: "refuse"}
	set, err := Load(context.Background(), "table", d, o)
	if err != nil {
		t.Fatal(err)
	}
	race, err := set.Test.(Attributed).Attribute("race")
	if err != nil || !slices.Equal(race, []string{"b", "a"}) || set.Task.Size() != 1 {
		t.Errorf("%q, %v, inputs %v", race, err, set.Task.Input)
	}
	if p := PlaceOf(set.Test, 1); p != (Place{"t.csv", 5}) {
		t.Errorf("place %+v", p)
	}
	if _, err := set.Train.(Attributed).Attribute("race"); err == nil || !strings.HasPrefix(err.Error(), "t.csv: row 4, column race: the cell has no value (1 of 3 examples") {
		t.Error(err)
	}
	without, err := Load(context.Background(), "table", d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := make([]float32, 2), make([]float32, 2)
	y := make([]float32, 2)
	for of, x := range map[*Set][]float32{set: a, without: b} {
		if err := of.Test.Fill(x, y, []int{0, 1}, Draw{}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(a, b) {
		t.Errorf("attributes change inputs: %v, %v", a, b)
	}
	// A file of test rows must have the column, one of validation rows need not.
	test := write("test.csv", "x,y\n1,0\n2,1\n")
	d = &Table{File: path, TestFile: test, Target: []string{"y"}, Columns: []string{"x"}, Missing: "refuse", Unseen: "refuse"}
	if _, err := Load(context.Background(), "table", d, o); err == nil || !strings.Contains(err.Error(), `test.csv: no column "race"`) {
		t.Error(err)
	}
	d.TestFile, d.ValidationFile = "", test
	if _, err := Load(context.Background(), "table", d, Options{Attributes: []string{"race"}, Test: 2}); err != nil {
		t.Error(err)
	}
}

// TestPlaces: an image keeps its number through all divisions.
func TestPlaces(t *testing.T) {
	set, err := Load(context.Background(), "digits", &Digits{}, Options{Train: 100, Validation: 50, Test: 40, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	all, err := Load(context.Background(), "digits", &Digits{}, Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	size := set.Task.Size()
	image := func(p Part, i int) []float32 {
		x, y := make([]float32, size), make([]float32, 1)
		if err := p.Fill(x, y, []int{i}, Draw{}); err != nil {
			t.Fatal(err)
		}
		return x
	}
	at := map[Place][]float32{}
	for _, p := range []Part{all.Train, all.Test} {
		for i := range p.Len() {
			at[PlaceOf(p, i)] = image(p, i)
		}
	}
	if len(at) != 1797 {
		t.Fatalf("%d places of 1797 images", len(at))
	}
	seen := map[Place]bool{}
	for _, p := range []Part{set.Train, set.Validation, set.Test} {
		for i := range p.Len() {
			place := PlaceOf(p, i)
			if !slices.Equal(at[place], image(p, i)) || seen[place] {
				t.Fatalf("example %d of %d lies at %v, where another image is", i, p.Len(), place)
			}
			seen[place] = true
		}
	}
}

// TestImagePlaces: an image is named by its file, whether it is decoded into memory or not.
func TestImagePlaces(t *testing.T) {
	dir := t.TempDir()
	putImages(t, dir, 10, "cat", "dog")
	for _, original := range []bool{false, true} {
		d := ImageFolder{Dir: dir, Decoding: Decoding{Size: []int{8}, Originals: original}}
		o := Options{Validation: 4, Test: 6, Seed: 2}
		if original {
			o.Augment.ResizedCrop = 0.5
		}
		set, err := loadImages(t, d, o)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, p := range []Part{set.Train, set.Validation, set.Test} {
			y := make([]float32, 1)
			for i := range p.Len() {
				place := PlaceOf(p, i)
				if err := p.(Targets).TargetsOf(y, []int{i}); err != nil {
					t.Fatal(err)
				}
				if class := filepath.Base(filepath.Dir(place.File)); class != set.ClassNames[int(y[0])] || place.Row != 0 || seen[place.File] {
					t.Errorf("an image of class %s lies at %+v", set.ClassNames[int(y[0])], place)
				}
				seen[place.File] = true
			}
		}
		if len(seen) != 20 {
			t.Errorf("%d places of 20 images", len(seen))
		}
	}
}

package table

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// fish is a row of a test file.
type fish struct {
	Length float64  `parquet:"length"`
	Kind   *string  `parquet:"kind,optional,dict"`
	Alive  bool     `parquet:"alive"`
	Tags   []string `parquet:"tags"`
	Index  int64    `parquet:"__index_level_0__"`
}

func writeParquet(t *testing.T, rows ...fish) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fish.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadParquet(t *testing.T) {
	eel, cod := "eel", "cod"
	path := writeParquet(t, fish{1.5, &eel, true, nil, 7}, fish{-999, nil, false, nil, 8}, fish{2.5, &cod, true, nil, 9})
	var read, total int64
	got, err := readParquet(path, Options{Columns: []string{"kind", "length"}, Missing: []string{"-999", "cod"},
		Progress: func(r, n int64) { read, total = r, n }})
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows() != 3 || !slices.Equal(got.Names(), []string{"kind", "length"}) && !slices.Equal(got.Names(), []string{"length", "kind"}) {
		t.Errorf("%d rows of %q", got.Rows(), got.Names())
	}
	if read != total || total == 0 {
		t.Errorf("%d of %d bytes", read, total)
	}
	length, _ := got.Column("length")
	kind, _ := got.Column("kind")
	if length.Numbers[0] != 1.5 || !math.IsNaN(length.Numbers[1]) || !slices.Equal(kind.Texts(), []string{"eel", "", "cod"}) {
		t.Errorf("%v %q", length.Numbers, kind.Texts())
	}
	if rows, err := got.Complete(); err != nil || !slices.Equal(rows, []int{0}) {
		t.Errorf("complete rows %v %v", rows, err)
	}
}

func TestReadParquetErrors(t *testing.T) {
	path := writeParquet(t, fish{1.5, nil, true, []string{"a"}, 7})
	csv := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(csv, []byte("length,kind\n1,eel\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		o    Options
		want string
	}{
		{path, Options{}, "fish.parquet: parquet: column tags is nested"},
		{path, Options{Columns: []string{"lenght"}}, `fish.parquet: no column "lenght"`},
		{path, Options{Comma: ';'}, "options of text, and this is Parquet"},
		{path, Options{NoHeader: true}, "options of text"},
		{csv, Options{}, `x.parquet: parquet: not a Parquet file: it starts with "leng"`},
		{path + "x", Options{}, "no such file"},
		{filepath.Dir(path), Options{}, "is no regular file"},
		{writeParquet(t), Options{}, "the file has 0 rows"},
	} {
		_, err := readParquet(c.path, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %+v: error %v, want %q", filepath.Base(c.path), c.o, err, c.want)
		}
	}
	got, err := readParquet(path, Options{Columns: []string{"length", "__index_level_0__"}})
	if err != nil || got.Notes != nil {
		t.Errorf("%v %q", err, got.Notes)
	}
}

// The index of pandas is no feature.
func TestReadParquetIndex(t *testing.T) {
	got, err := readParquet(filepath.Join("..", "parquet", "testdata", "int96.parquet"), Options{})
	if err != nil || len(got.Names()) != 2 || got.Notes != nil {
		t.Errorf("%v", err)
	}
	type indexed struct {
		A     float64 `parquet:"a"`
		Index int64   `parquet:"__index_level_0__"`
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := parquet.WriteFile(path, []indexed{{1, 2}}); err != nil {
		t.Fatal(err)
	}
	got, err = readParquet(path, Options{})
	if err != nil || !slices.Equal(got.Names(), []string{"a"}) || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "__index_level_0__") {
		t.Errorf("%v %q", err, got.Notes)
	}
}

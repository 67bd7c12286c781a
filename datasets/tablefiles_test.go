package datasets

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// filesTable is a table with test and validation rows in files of their own.
func filesTable(t *testing.T, test string, change func(*Table)) *Table {
	t.Helper()
	d := newTable(t, "a.csv", "age,job,y\n1,cook,no\n3,nurse,yes\n2,cook,no\n", func(d *Table) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "test.csv"), []byte(test))
		put(t, filepath.Join(dir, "val.tsv"), []byte("y\tjob\tage\nno\tnurse\t2\n"))
		d.TestFile, d.ValidationFile = filepath.Join(dir, "test.csv"), filepath.Join(dir, "val.tsv")
		if change != nil {
			change(d)
		}
	})
	return d
}

// TestTableFiles: rows of other files are encoded as the training rows are, whatever the
// order of columns, the separator and the order of values.
func TestTableFiles(t *testing.T) {
	set, err := Load(t.Context(), "table", filesTable(t, "job;extra;y;age\nnurse;1;yes;2,5\ncook;2;no;1,5\n", nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, y := examples(t, set, set.Test)
	const d = 0.61237243569 // half a year by the deviation √(2/3)
	if !near(x, []float32{d, 0, 1, -d, 1, 0}) || !slices.Equal(y, []float32{1, 0}) {
		t.Errorf("test %v, %v", x, y)
	}
	if x, y = examples(t, set, set.Validation); !near(x, []float32{0, 0, 1}) || y[0] != 0 {
		t.Errorf("validation %v, %v", x, y)
	}
	if set.Train.Len() != 3 {
		t.Errorf("%d training rows", set.Train.Len())
	}
}

// TestTableFileErrors: faults of other files name the file, the row and the column.
func TestTableFileErrors(t *testing.T) {
	for _, c := range []struct {
		name, test string
		change     func(*Table)
		o          Options
		want       string
	}{
		{"column", "job,y\ncook,no\n", nil, Options{}, `test.csv: no column "age"`},
		{"target", "job,age\ncook,1\n", nil, Options{}, `test.csv: no column "y"`},
		{"unseen", "age,job,y\n1,cook,no\n2,pilot,no\n", nil, Options{}, `test.csv: row 2, column job: no training row has the value "pilot"`},
		{"class", "age,job,y\n1,cook,maybe\n", nil, Options{}, `test.csv: row 1, column y: the class is "maybe", which no row of the file with the training rows has; its classes are no, yes`},
		{"missing", "age,job,y\n1,cook,no\n,cook,no\n", nil, Options{}, "test.csv: row 2, column age: the cell has no value"},
		{"text", "age,job,y\n1,cook,no\nold,cook,no\n", nil, Options{}, `test.csv: row 2, column age: "old" is not a number`},
		{"infinite", "age,job,y\n1e999,cook,no\n", nil, Options{}, "test.csv: row 1, column age: +Inf is not finite"},
		{"too many", "age,job,y\n1,cook,no\n", nil, Options{Test: 2}, "test 2 is more than the 1 test examples"},
		{"too many for validation", "age,job,y\n1,cook,no\n", nil, Options{Validation: 2}, "validation 2 is more than the 1 validation examples"},
		{"split", "age,job,y\n1,cook,no\n", func(d *Table) { d.Split = "job" }, Options{}, "validation_file has no meaning where the column job says"},
		{"no file", "age,job,y\n1,cook,no\n", func(d *Table) { d.TestFile = "none.csv" }, Options{}, "test_file is none.csv, and there is no such file"},
		{"no match", "age,job,y\n1,cook,no\n", func(d *Table) { d.TestFile = "none-*.csv" }, Options{}, "test_file none-*.csv matches no file"},
	} {
		_, err := Load(t.Context(), "table", filesTable(t, c.test, c.change), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestTablePattern: the rows of all files of a pattern, in the order of their names.
func TestTablePattern(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "p2.csv"), []byte("y,a\n3.5,30\n4,x\n"))
	put(t, filepath.Join(dir, "p1.csv"), []byte("a,y\n1,1.5\n2,2\n"))
	put(t, filepath.Join(dir, "q.csv"), []byte("a,y\n2,9.5\n"))
	d := newTable(t, "unused.csv", "", func(d *Table) {
		d.File, d.TestFile, d.Categorical = filepath.Join(dir, "p*.csv"), filepath.Join(dir, "q.csv"), []string{"a"}
	})
	set, err := Load(t.Context(), "table", d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, y := examples(t, set, set.Train); !slices.Equal(y, []float32{1.5, 2, 3.5, 4}) || len(set.Features) != 4 {
		t.Errorf("%v %v", y, set.Features)
	}
	put(t, filepath.Join(dir, "p3.csv"), []byte("a,b,y\n1,1,1\n"))
	if _, err := Load(t.Context(), "table", d, Options{}); err == nil ||
		!strings.Contains(err.Error(), "p3.csv: it has a column b, which p1.csv does not have") {
		t.Error(err)
	}
}

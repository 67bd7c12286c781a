package table

import (
	"archive/zip"
	"compress/gzip"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, text string, o Options) *Table {
	t.Helper()
	tab, err := ReadCSV("t.csv", strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if err.Error() != want {
		t.Errorf("error\n%s\nwant\n%s", err, want)
	}
}

func TestColumnsOfEachKind(t *testing.T) {
	tab := read(t, "\xef\xbb\xbfname, age,\"a, b\"\r\nann,\"31\",1e-3\r\n\"bob \"\"b\"\"\",NA,-2\r\n,,\r\n", Options{})
	if got := tab.Names(); !slices.Equal(got, []string{"name", "age", "a, b"}) {
		t.Fatalf("names %q", got)
	}
	name, _ := tab.Column("name")
	if got := name.Texts(); !slices.Equal(got, []string{"ann", `bob "b"`, ""}) {
		t.Errorf("texts %q", got)
	}
	age, _ := tab.Column("age")
	if !age.Numeric() || age.Numbers[0] != 31 || !math.IsNaN(age.Numbers[1]) || !math.IsNaN(age.Numbers[2]) {
		t.Errorf("age %v", age.Numbers)
	}
	rows, err := tab.Complete("age", "a, b")
	if err != nil || !slices.Equal(rows, []int{0}) {
		t.Errorf("complete rows %v, %v", rows, err)
	}
}

func TestTextAfterNumbersKeepsItsSpelling(t *testing.T) {
	tab := read(t, "code,n\n007,1\n1.50,2\nNA,3\n12b,4\n007,5\n", Options{})
	code, _ := tab.Column("code")
	if got := code.Texts(); !slices.Equal(got, []string{"007", "1.50", "NA", "12b", "007"}) {
		t.Errorf("texts %q", got)
	}
	if n, _ := tab.Target("n"); !slices.Equal(n, []float64{1, 2, 3, 4, 5}) {
		t.Errorf("n %v", n)
	}
	rest, err := tab.Take([]int{4, 1})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := rest.Target("code"); err != nil || !slices.Equal(v, []float64{7, 1.5}) {
		t.Errorf("numbers that are left: %v, %v", v, err)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "t.csv: the file is empty",
		"\n\n":                      "t.csv: the file is empty",
		"a,b\n":                     "t.csv: the file has a header but no rows",
		"a,b\r1,2\r3,4\r":           "t.csv: its lines end in a carriage return alone, as on old Macs; write them with line feeds",
		"a,b\n1,2\n3\n":             "t.csv: row 2 has 1 cell, the header has 2",
		"a,b\n1,2,3\n":              "t.csv: row 1 has 3 cells, the header has 2",
		"a,a\n1,1\n2,3\n":           "t.csv: columns 1 and 2 are both called a and differ in row 2",
		"a,b\n1,\"2\"x\n":           "t.csv: line 2, character 5: a quoted cell goes on after its closing quote, or does not end (a quote inside is written twice)",
		"a,b\n1,2\"\n":              "t.csv: line 2, character 4: a quote inside a cell that does not begin with one",
		"a,b\n1,2\n\"3,4\n5,6\n7\n": "t.csv: lines 3 to 5: a quoted cell goes on after its closing quote, or does not end (a quote inside is written twice)",
	} {
		_, err := ReadCSV("t.csv", strings.NewReader(text), Options{})
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		if err.Error() != want {
			t.Errorf("%q: error\n%s\nwant\n%s", text, err, want)
		}
	}
}

func TestCellsThatAreNotFinite(t *testing.T) {
	tab := read(t, "age,G3,school,x,y\n1,2,GP,1,1\nn.a.,,MS,-inf,2\n3,4,GP,1e999,3\n", Options{})
	_, err := tab.Matrix("age")
	wantError(t, err, `t.csv: row 2, column age: "n.a." is not a number`)
	_, err = tab.Target("G3")
	wantError(t, err, `t.csv: row 2, column G3: the cell has no number (it is empty, NA, NaN or another word for a missing value)`)
	_, err = tab.Matrix("x")
	wantError(t, err, `t.csv: row 2, column x: -Inf is not finite`)
	_, err = tab.Matrix("school")
	wantError(t, err, `t.csv: row 1, column school: "GP" is not a number; the column is text with 2 different values`)
	_, err = tab.Target("g33")
	wantError(t, err, `t.csv: no column "g33"; did you mean G3?`)
	_, err = tab.Target("income")
	wantError(t, err, `t.csv: no column "income"; the columns are age, G3, school, x, y`)
	_, err = tab.Matrix("y", "y")
	wantError(t, err, `t.csv: column y is asked for twice`)
	_, err = ReadCSV("t.csv", strings.NewReader("age\n1\n"), Options{Columns: []string{"agee"}})
	wantError(t, err, `t.csv: no column "agee"; did you mean age?`)
	_, err = read(t, "age,G3\n1,2\n", Options{Comma: ';'}).Target("G3")
	wantError(t, err, `t.csv: no column "G3": the whole header is one column, so its separator is probably ','`)
}

func TestRepeatedColumnIsNoted(t *testing.T) {
	tab := read(t, "a,b,a\n1,x,1\n2,y,2\n", Options{})
	if got := tab.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %v", got)
	}
	if want := []string{"column 3 repeats column 1, a, and is left out"}; !slices.Equal(tab.Notes, want) {
		t.Errorf("notes %q", tab.Notes)
	}
}

func TestSeparatorAndHeader(t *testing.T) {
	for _, text := range []string{"a,b;c,d\n1,2;3,4\n", "a;b\n1;\"x;,\"\n", "a\tb\n1\tx,y\n"} {
		want := 2
		if strings.HasPrefix(text, "a,b") {
			want = 3
		}
		if got := len(read(t, text, Options{}).Names()); got != want {
			t.Errorf("%q: %d columns, want %d", text, got, want)
		}
	}
	tab := read(t, "1,2\n3,4\n", Options{})
	if len(tab.Notes) != 1 || tab.Rows() != 1 {
		t.Errorf("rows %d, notes %q", tab.Rows(), tab.Notes)
	}
	tab = read(t, "1,2\n3,4\n", Options{NoHeader: true})
	if m, err := tab.Matrix(); err != nil || !slices.Equal(m.Data, []float64{1, 3, 2, 4}) || !slices.Equal(m.Names, []string{"x1", "x2"}) {
		t.Errorf("%v, %v", m, err)
	}
	_, err := ReadCSV("t.csv", strings.NewReader("1,2\n3\n"), Options{NoHeader: true})
	wantError(t, err, "t.csv: row 2 has 1 cell, row 1 has 2")
}

func TestOneHot(t *testing.T) {
	tab := read(t, "sex,y,edu\nM,1,10\nF,2,9\n,3,10\nM,4,\n", Options{})
	full, err := tab.OneHot("sex", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := full.Names(); !slices.Equal(got, []string{"sex=(empty)", "sex=F", "sex=M", "y", "edu"}) {
		t.Errorf("names %q", got)
	}
	m, err := full.Matrix("sex=(empty)", "sex=F", "sex=M")
	if err != nil || !slices.Equal(m.Data, []float64{0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1}) {
		t.Errorf("%v, %v", m, err)
	}
	ref, err := tab.OneHot("edu", "9")
	if err != nil {
		t.Fatal(err)
	}
	if got := ref.Names(); !slices.Equal(got, []string{"sex", "y", "edu=(empty)", "edu=10"}) {
		t.Errorf("names %q", got)
	}
	_, err = tab.OneHot("sex", "m")
	wantError(t, err, `t.csv: column sex has no value "m"; did you mean M or F?`)
	all, err := tab.Encode(Encoding{Text: true, Reference: true})
	if err != nil || !slices.Equal(all.Names(), []string{"sex=F", "sex=M", "y", "edu"}) {
		t.Errorf("names %q, %v", all.Names(), err)
	}
	if got := Feature("sex=F", map[string]bool{"sex": true}); got != "sex" {
		t.Errorf("feature %q", got)
	}
	codes, names, err := full.Classes("y")
	if err != nil || !slices.Equal(codes, []int{0, 1, 2, 3}) || !slices.Equal(names, []string{"1", "2", "3", "4"}) {
		t.Errorf("classes %v %v %v", codes, names, err)
	}
	_, _, err = tab.Classes("sex")
	wantError(t, err, "t.csv: row 3, column sex: the value is missing")
}

func TestConstantColumns(t *testing.T) {
	m, err := read(t, "a,b,c\n1,1,0\n1,2,0\n", Options{}).Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Constant(); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("constant %v", got)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	const text = "a,b\n1,x\n2,y\n"
	path := func(name string) string { return filepath.Join(dir, name) }
	create := func(name string) *os.File {
		f, err := os.Create(path(name))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(os.WriteFile(path("t.csv"), []byte(text), 0o600))
	ok(os.WriteFile(path("empty.csv"), nil, 0o600))
	f := create("t.csv.gz")
	z := gzip.NewWriter(f)
	_, err := z.Write([]byte(text))
	ok(err)
	ok(z.Close())
	ok(f.Close())
	b, err := os.ReadFile(path("t.csv.gz"))
	ok(err)
	ok(os.WriteFile(path("short.csv.gz"), b[:len(b)-12], 0o600))
	archive := func(name, text string, files ...string) {
		f := create(name)
		z := zip.NewWriter(f)
		for _, file := range files {
			w, err := z.Create(file)
			ok(err)
			_, err = w.Write([]byte(text))
			ok(err)
		}
		ok(z.Close())
		ok(f.Close())
	}
	archive("t.zip", text, "README", "sub/t.csv")
	archive("two.zip", text, "a.csv", "b.csv")
	archive("late.zip", "a,b\n1,1\n2,x\n", "t.csv") // read twice
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n"
	n := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	n = append(n, header...)
	for _, v := range []float32{1, 2, 3, 4} {
		n = binary.LittleEndian.AppendUint32(n, math.Float32bits(v))
	}
	ok(os.WriteFile(path("t.npy"), n, 0o600))
	ok(os.WriteFile(path("long.npy"), append(n, 0), 0o600))

	for _, name := range []string{"t.csv", "t.csv.gz", "t.zip", "late.zip"} {
		last := int64(0)
		tab, err := Read(path(name), Options{Progress: func(read, total int64) {
			if read > total {
				t.Errorf("%s: progress %d of %d", name, read, total)
			}
			last = read
		}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, err := tab.Target("a")
		if err != nil || !slices.Equal(a, []float64{1, 2}) || last == 0 {
			t.Errorf("%s: %v, %v, progress %d", name, a, err, last)
		}
	}
	tab, err := Read(path("t.npy"), Options{Columns: []string{"x2"}})
	ok(err)
	if m, err := tab.Matrix(); err != nil || !slices.Equal(m.Data, []float64{2, 4}) {
		t.Errorf("npy %v, %v", m, err)
	}
	for name, want := range map[string]string{
		"none.csv":     path("none.csv") + ": there is no such file",
		"":             dir + " is a folder, not a file",
		"empty.csv":    "empty.csv: the file is empty",
		"two.zip":      "two.zip: the archive has 2 CSV files, expected one (a.csv, b.csv)",
		"short.csv.gz": "short.csv.gz: the compressed file ends early",
		"long.npy":     "long.npy: the file goes on after the end of the array",
	} {
		_, err := Read(path(name), Options{})
		wantError(t, err, want)
	}
}

// TestErrorsNumberTheRowsOfTheFile: a part of a table names rows by their numbers in the whole, also
// a part of a part and one with one-hot columns.
func TestErrorsNumberTheRowsOfTheFile(t *testing.T) {
	all, err := ReadCSV("t.csv", strings.NewReader("k,a\nu,1\nv,2\nu,x\nv,4\nu,y\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	part, err := all.Take([]int{1, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	if part, err = part.Take([]int{1, 2}); err != nil {
		t.Fatal(err)
	}
	if part, err = part.OneHot("k", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := part.Matrix("a"); err == nil || !strings.Contains(err.Error(), `t.csv: row 5, column a: "y" is not a number`) {
		t.Errorf("%v", err)
	}
	if part.Number(0) != 4 || all.Number(0) != 1 {
		t.Errorf("rows %d and %d", part.Number(0), all.Number(0))
	}
}

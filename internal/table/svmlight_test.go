package table

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pare/internal/hostile"
)

// TestSVMLightAsScikitLearn: scikit-learn has written the file and read the values.
func TestSVMLightAsScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Rows, Columns         []int
		Values, Target, Query []float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, sparse := range []bool{false, true} {
		tab, err := Read("testdata/small.svm", Options{Sparse: sparse})
		if err != nil {
			t.Fatal(err)
		}
		target, _ := tab.Target(TargetName)
		query, _ := tab.Target("qid")
		if !slices.Equal(target, want.Target) || !slices.Equal(query, want.Query) {
			t.Error("target or qid differ")
		}
		filled := 0
		for k, v := range want.Values {
			c, err := tab.Column("x" + strconv.Itoa(want.Columns[k]))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.numbers()[want.Rows[k]]; got != v {
				t.Errorf("row %d, column %d: %v, want %v", want.Rows[k], want.Columns[k], got, v)
			}
			if (c.Entries != nil) != sparse {
				t.Errorf("sparse %v: column %s has entries: %v", sparse, c.Name, c.Entries != nil)
			}
			filled++
		}
		names := slices.DeleteFunc(tab.Names(), func(n string) bool { return n == TargetName || n == "qid" })
		if n, err := tab.Filled(names...); err != nil || n != filled {
			t.Errorf("%d values, want %d, %v", n, filled, err)
		}
	}
}

func TestSVMLightByItsFirstLine(t *testing.T) {
	text := "+1 3:0.5 7:-2 # first\n\n-1 7:1e-3\n1\n"
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a9a"), filepath.Join(dir, "a.svm.gz")
	if err := os.WriteFile(plain, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, _ = z.Write([]byte(text))
	_, _ = z.Close(), f.Close()
	for _, path := range []string{plain, packed} {
		tab, err := Read(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := tab.Matrix()
		if err != nil || !slices.Equal(tab.Names(), []string{"target", "x3", "x7"}) ||
			!slices.Equal(m.Data, []float64{1, -1, 1, 0.5, 0, 0, -2, 0.001, 0}) || !tab.Open {
			t.Errorf("%v %v %v", tab.Names(), m, err)
		}
	}
	_, err = Read(packed, Options{NoHeader: true})
	wantError(t, err, "a.svm.gz: a header, a separator of cells and a decimal mark are options of text, and this is svmlight; leave them out")
}

func TestSVMLightErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "f: the file has no rows",
		"# nothing\n":            "f: the file has no rows",
		"1 1:2\nx 1:2\n":         `f: line 2: the label "x" is not a finite number`,
		"nan 1:2\n":              `f: line 1: the label "nan" is not a finite number`,
		"1,2 1:2\n":              `f: line 1: the label "1,2" is a list; one number is possible`,
		"1:2 2:2\n":              `f: line 1: "1:2" comes first, where the label should be`,
		"1 a:2\n":                `f: line 1: "a:2" is not index:value, with a whole number below 2³¹ as index`,
		"1 3\n":                  `f: line 1: "3" is not index:value, with a whole number below 2³¹ as index`,
		"1 2147483648:1\n":       `f: line 1: "2147483648:1" is not index:value, with a whole number below 2³¹ as index`,
		"1 -1:1\n":               `f: line 1: "-1:1" is not index:value, with a whole number below 2³¹ as index`,
		"1 1:b\n":                `f: line 1: the value of "1:b" is not a number`,
		"1 2:1 2:3\n":            "f: line 1: index 2 comes after 2; indices must ascend",
		"1 3:1 2:3\n":            "f: line 1: index 2 comes after 3; indices must ascend",
		"1 1:1\n\n1 qid:1 2:3\n": `f: line 3: "qid:1": every row or none has qid with a number`,
		"1 qid:1 1:1\n1 1:1\n":   "f: line 2: every row or none has qid with a number",
		"1 qid:b 1:1\n":          `f: line 1: "qid:b": every row or none has qid with a number`,
	} {
		_, err := readSVMLight("f", strings.NewReader(text), Options{})
		wantError(t, err, want)
	}
}

// FuzzSVMLight: whatever the text, reading ends with a table or an error of one line, and the
// entries of every column ascend within its rows.
func FuzzSVMLight(f *testing.F) {
	for _, s := range []string{"1 1:2\n", "-1 qid:3 1:2 9:nan # c\n", "1\n2 0:1 2147483647:3\n", "1 1:0\n", "1 2:1 1:1",
		"# x\n1 1:1e400\r\n"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, sparse bool) {
		hostile.Bounded(t, len(text), hostile.Bytes{Base: 300 << 20, Ratio: 3000}, func() {
			tab, err := readSVMLight("f", strings.NewReader(text), Options{Sparse: sparse})
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\r") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			for i := range tab.columns {
				c := &tab.columns[i]
				if c.Len() != tab.Rows() {
					t.Fatalf("column %s has %d rows of %d", c.Name, c.Len(), tab.Rows())
				}
				e := c.Entries
				if e == nil {
					continue
				}
				last := int32(-1)
				for k, row := range e.Row {
					if row <= last || int(row) >= e.Rows || e.Value[k] == 0 {
						t.Fatalf("column %s: %v in row %d after %d", c.Name, e.Value[k], row, last)
					}
					last = row
				}
			}
		})
	})
}

// TestSparseColumnsAreTheSame: a table that keeps entries gives the designs, rows, texts and
// errors of the same table with all its zeros.
func TestSparseColumnsAreTheSame(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,c,k,y\n")
	for i := range 600 {
		a, c, k := "0", "", "0"
		if i%50 == 3 {
			a = strconv.Itoa(i - 200)
		}
		if i%3 == 0 {
			c = "1.5"
		} else {
			c = "0"
		}
		if i == 599 {
			k = "u" // text, after many zeros
		}
		b.WriteString(a + ",0.0," + c + "," + k + "," + strconv.Itoa(i%7) + "\n")
	}
	read := func(sparse bool) *Table {
		tab, err := ReadCSV("t.csv", strings.NewReader(b.String()), Options{Sparse: sparse})
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	full, few := read(false), read(true)
	for name, entries := range map[string]bool{"a": true, "b": true, "c": false, "k": false, "y": false} {
		x, _ := full.Column(name)
		y, _ := few.Column(name)
		if (y.Entries != nil) != entries || x.Entries != nil || !slices.Equal(x.Texts(), y.Texts()) || x.Numeric() != y.Numeric() {
			t.Errorf("column %s: entries %v", name, y.Entries != nil)
		}
	}
	same := func(full, few *Table) {
		t.Helper()
		x, err := full.Matrix("a", "b", "c", "y")
		if err != nil {
			t.Fatal(err)
		}
		y, err := few.Matrix("a", "b", "c", "y")
		if err != nil || !slices.Equal(x.Data, y.Data) {
			t.Errorf("designs differ, %v", err)
		}
		s, err := few.Sparse("a", "b", "c", "y")
		if err != nil || !slices.Equal(s.Dense(), x.Data) {
			t.Errorf("the sparse design differs, %v", err)
		}
		if !slices.Equal(x.Constant(), s.Constant()) {
			t.Errorf("constant columns %v and %v", x.Constant(), s.Constant())
		}
		if picked := s.Pick([]int{3, 0}); !slices.Equal(picked.Dense(), append(slices.Clone(x.Column(3)), x.Column(0)...)) {
			t.Error("picked columns differ")
		}
	}
	same(full, few)
	for _, rows := range [][]int{{3, 53, 100, 103}, {553, 3, 3, 0, 53}} {
		x, err := full.Take(rows)
		if err != nil {
			t.Fatal(err)
		}
		y, err := few.Take(rows)
		if err != nil {
			t.Fatal(err)
		}
		same(x, y)
		s, err := few.Sparse("a", "c")
		if err != nil {
			t.Fatal(err)
		}
		m, _ := x.Matrix("a", "c")
		if !slices.Equal(s.Take(rows).Dense(), m.Data) {
			t.Error("rows of the sparse design differ")
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		c, _ := few.Column("a")
		was := c.Entries.Value[2]
		c.Entries.Value[2] = bad
		_, err := few.Sparse("a")
		x := Column{Name: "a", Numbers: c.numbers()}
		other, _ := New("t.csv", []Column{x})
		_, want := other.Matrix("a")
		if err == nil || err.Error() != want.Error() {
			t.Errorf("%v, want %v", err, want)
		}
		rows, _ := few.Complete("a")
		wanted, _ := other.Complete("a")
		if !slices.Equal(rows, wanted) || len(rows) != 599 {
			t.Errorf("%d complete rows, want %d", len(rows), len(wanted))
		}
		c.Entries.Value[2] = was
	}
	for _, v := range []float64{1e77, 1e-80} {
		s := &Sparse{Names: []string{"a"}, Rows: 3, Start: []int{0, 1}, Row: []int32{1}, Value: []float64{v}}
		m := &Matrix{Names: []string{"a"}, Rows: 3, Data: s.Dense()}
		if a, b := few.RangeSparse(s), few.Range(m); a == nil || a.Error() != b.Error() {
			t.Errorf("%v, want %v", a, b)
		}
	}
}

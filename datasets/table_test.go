package datasets

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newTable is a Table with its defaults.
func newTable(t *testing.T, name, text string, change func(*Table)) *Table {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		data = gzipped(t, data)
	}
	put(t, path, data)
	kind, err := Kinds.New("table")
	if err != nil {
		t.Fatal(err)
	}
	d := kind.(*Table)
	d.File, d.Target = path, []string{"y"}
	if change != nil {
		change(d)
	}
	return d
}

// examples reads a part as it is trained on.
func examples(t *testing.T, set *Set, p Part) (x, y []float32) {
	t.Helper()
	idx := make([]int, p.Len())
	for i := range idx {
		idx[i] = i
	}
	x, y = make([]float32, len(idx)*set.Task.Size()), make([]float32, len(idx)*set.Task.Targets)
	if err := p.Fill(x, y, idx, Draw{}); err != nil {
		t.Fatal(err)
	}
	return x, y
}

// near compares values up to rounding.
func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-6 })
}

const parted = "part,age,job,y\n" +
	"train,1,cook,3.5\ntrain,3,nurse,1\ntrain,2,cook,0\ntest,4,nurse,2\nvalidation,2,cook,1\n"

// TestTable: numbers are standardised by the training rows, text becomes columns of 0 and
// 1 that are one variable, in whatever form the file has them.
func TestTable(t *testing.T) {
	decimal := strings.NewReplacer(",", ";", ".", ",").Replace(parted)
	for name, text := range map[string]string{"a.csv": parted, "a.csv.gz": parted, "a.tsv": strings.ReplaceAll(parted, ",", "\t"), "b.csv": decimal,
		"c.csv": strings.ReplaceAll(parted, "cook", `"cook"`)} {
		d := newTable(t, name, text, func(d *Table) { d.Split = "part" })
		set, err := Load(t.Context(), "table", d, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := []Feature{{Name: "age"}, {"job=cook", "job", "job"}, {"job=nurse", "job", "job"}}; !slices.Equal(set.Features, want) {
			t.Errorf("%s: features %v", name, set.Features)
		}
		x, y := examples(t, set, set.Train)
		d1 := float32(1 / math.Sqrt(2.0/3))
		if want := []float32{-d1, 1, 0, d1, 0, 1, 0, 1, 0}; !near(x, want) || !slices.Equal(y, []float32{3.5, 1, 0}) {
			t.Errorf("%s: x %v, y %v", name, x, y)
		}
		if x, y = examples(t, set, set.Test); !near(x, []float32{2 * d1, 0, 1}) || y[0] != 2 {
			t.Errorf("%s: test %v, %v", name, x, y)
		}
		if set.Validation.Len() != 1 || set.Task.Classes != 0 || set.Task.Targets != 1 {
			t.Errorf("%s: %+v", name, set.Task)
		}
	}
}

// TestTableTask: which targets are classes.
func TestTableTask(t *testing.T) {
	column := func(values ...any) string {
		var b strings.Builder
		b.WriteString("a,y\n")
		for i := range 40 {
			fmt.Fprintf(&b, "%d,%v\n", i, values[i%len(values)])
		}
		return b.String()
	}
	for _, c := range []struct {
		text, task string
		classes    int
		names      string
	}{
		{column("no", "yes"), "", 2, "no yes"},
		{column(0, 1), "", 2, "0 1"},
		{column(3, 4, 5), "", 3, "3 4 5"},
		{column(0, 2), "", 0, ""},
		{column(0, 2), "classes", 2, "0 2"},
		{column(0.5, 1.5), "", 0, ""},
		{column(0, 1), "numbers", 0, ""},
		{column(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), "", 10, "0 1 2 3 4 5 6 7 8 9"},
		{column(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "", 0, ""},
	} {
		set, err := Load(t.Context(), "table", newTable(t, "a.csv", c.text, func(d *Table) { d.Task = c.task }), Options{Test: 0.25})
		if err != nil {
			t.Fatal(err)
		}
		if set.Task.Classes != c.classes || strings.Join(set.ClassNames, " ") != c.names {
			t.Errorf("%.20q %s: %d classes %q, want %d %s", c.text, c.task, set.Task.Classes, set.ClassNames, c.classes, c.names)
		}
	}
	set, err := Load(t.Context(), "table", newTable(t, "a.csv", "a,u,v\n1,0,1\n2,1,1\n3,0,0\n", func(d *Table) {
		d.Target, d.Task = []string{"u", "v"}, "labels"
	}), Options{Test: 1})
	if err != nil || !set.Task.Labels || set.Task.Targets != 2 || !slices.Equal(set.ClassNames, []string{"u", "v"}) {
		t.Errorf("labels: %v %+v", err, set)
	}
}

const gaps = "part,a,job,y\ntrain,1,cook,1.5\ntrain,,nurse,2\ntrain,3,,3\ntest,NA,cook,4\ntest,2,nurse,5\n"

// TestTableMissing: each rule for cells without a value.
func TestTableMissing(t *testing.T) {
	load := func(rule string) (*Set, error) {
		return Load(t.Context(), "table", newTable(t, "a.csv", gaps, func(d *Table) { d.Split, d.Missing = "part", rule }), Options{})
	}
	_, err := load("refuse")
	if err == nil || !strings.Contains(err.Error(), "a.csv: row 2, column a: the cell has no value (3 of 5 rows have such a cell); choose missing: drop, mean or indicator") {
		t.Errorf("refuse: %v", err)
	}
	set, err := load("drop")
	if err == nil {
		t.Errorf("drop left a nurse in test that no training row has: %v", set.Features)
	}
	set, err = load("mean")
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := examples(t, set, set.Train); !near(x, []float32{-1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0}) {
		t.Errorf("mean: %v of %v", x, set.Features)
	}
	set, err = load("indicator")
	if err != nil {
		t.Fatal(err)
	}
	if want := []Feature{{Name: "a"}, {"a=(missing)", "a", ""}, {"job=(empty)", "job", "job"}, {"job=cook", "job", "job"}, {"job=nurse", "job", "job"}}; !slices.Equal(set.Features, want) {
		t.Errorf("indicator: %v", set.Features)
	}
	if x, _ := examples(t, set, set.Test); !near(x, []float32{0, 1, 0, 1, 0, 0, 0, 0, 0, 1}) {
		t.Errorf("indicator: %v", x)
	}
	set, err = Load(t.Context(), "table", newTable(t, "a.csv", "a,y\n1,1.5\n,2\n3,\n4,1\n5,2\n", func(d *Table) { d.Missing = "drop" }), Options{Test: 1})
	if err != nil || set.Train.Len() != 2 || len(set.Notes) != 1 || set.Notes[0] != "a.csv: 2 of 5 rows have a missing cell and are left out" {
		t.Errorf("drop: %v, %+v", err, set)
	}
}

// TestTableGroups: rows of a group stay in one part, and shares are of rows.
func TestTableGroups(t *testing.T) {
	var b strings.Builder
	b.WriteString("person,a,y\n")
	for i := range 200 {
		fmt.Fprintf(&b, "p%d,%d,%d.5\n", i/4, i, i)
	}
	set, err := Load(t.Context(), "table", newTable(t, "a.csv", b.String(), func(d *Table) { d.Groups = "person" }), Options{Test: 0.2, Validation: 0.1, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	owner := map[int]int{}
	for p, part := range []Part{set.Train, set.Validation, set.Test} {
		_, y := examples(t, set, part)
		for _, v := range y {
			person := int(v) / 4
			if was, ok := owner[person]; ok && was != p {
				t.Fatalf("person %d is in parts %d and %d", person, was, p)
			}
			owner[person] = p
		}
	}
	if set.Train.Len() != 140 || set.Validation.Len() != 20 || set.Test.Len() != 40 {
		t.Errorf("%d, %d, %d rows", set.Train.Len(), set.Validation.Len(), set.Test.Len())
	}
}

// TestTableVariables: column groups and weights.
func TestTableVariables(t *testing.T) {
	set, err := Load(t.Context(), "table", newTable(t, "a.csv", "w,g1,g2,job,y\n1,1,2,a,0.5\n2,2,3,b,1\n0,3,1,a,1\n1,4,2,b,1\n", func(d *Table) {
		d.Weights, d.ColumnGroups = "w", map[string][]string{"grades": {"g1", "g2"}}
	}), Options{Test: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Feature{{"g1", "grades", ""}, {"g2", "grades", ""}, {"job=a", "job", "job"}, {"job=b", "job", "job"}}; !slices.Equal(set.Features, want) {
		t.Errorf("%v", set.Features)
	}
	w := make([]float32, 3)
	if err := set.Train.(Weigher).Weights(w, []int{0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if sum := w[0] + w[1] + w[2]; sum < 2 {
		t.Errorf("weights %v", w)
	}
}

// TestTableErrors: each fault is one line that says where.
func TestTableErrors(t *testing.T) {
	base := "part,a,job,y\ntrain,1,cook,1.5\ntrain,2,nurse,2\ntest,3,cook,4\n"
	for _, c := range []struct {
		name   string
		text   string
		change func(*Table)
		o      Options
		want   string
	}{
		{"no target", base, func(d *Table) { d.Target = []string{"z"} }, Options{Test: 1}, `target names a column that is not there: a.csv: no column "z"`},
		{"no column", base, func(d *Table) { d.Columns = []string{"aa"} }, Options{Test: 1}, `a.csv: no column "aa"`},
		{"drop", base, func(d *Table) { d.Drop = []string{"jobs"} }, Options{Test: 1}, `did you mean job?`},
		{"no test", base, nil, Options{}, "test is 0, and neither test_file nor split says which rows are for test"},
		{"split", base, func(d *Table) { d.Split = "job" }, Options{}, `a.csv: row 1, column job: the part is "cook"; it must be train, validation or test`},
		{"split and share", base, func(d *Table) { d.Split = "part" }, Options{Test: 0.2}, "test has no meaning where the column part"},
		{"unseen", base + "test,3,pilot,4\n", func(d *Table) { d.Split = "part" }, Options{}, `a.csv: row 4, column job: no training row has the value "pilot"; train with unseen: other to accept`},
		{"text target", base, func(d *Table) { d.Target, d.Task = []string{"job"}, "numbers" }, Options{Test: 1}, `a.csv: row 1, column job: "cook" is not a number`},
		{"target gone", "a,y\n1,2.5\n3,\n", nil, Options{Test: 1}, "a.csv: row 2, column y"},
		{"infinite", "a,y\n1,2.5\ninf,3\n2,1\n", nil, Options{Test: 1}, "a.csv: row 2, column a: +Inf is not finite"},
		{"stray", "a,y\n1,2.5\n2,3\n12b,1\n4,1\n5,2\n6,7\n", nil, Options{Test: 1}, "name a in categorical"},
		{"label", "a,y\n1,2\n2,1\n", func(d *Table) { d.Task = "labels" }, Options{Test: 1}, "a.csv: row 1, column y: the label is 2; it must be 0 or 1"},
		{"weight", base, func(d *Table) { d.Weights = "job" }, Options{Test: 1}, "is not a number"},
		{"negative", "w,a,y\n-1,2,1.5\n1,2,1\n", func(d *Table) { d.Weights = "w" }, Options{Test: 1}, "a.csv: row 1, column w: the weight is -1"},
		{"weightless", "w,a,y\n0,2,1.5\n0,2,1\n0,1,1.5\n", func(d *Table) { d.Weights = "w" }, Options{Test: 1}, "weights names w, which is 0 in every training row"},
		{"heavy", "w,a,y\n3e38,2,1.5\n3e38,2,1\n3e38,1,1.5\n", func(d *Table) { d.Weights = "w" }, Options{Test: 1}, "weights names w, whose numbers are too large"},
		{"no group", "g,a,y\nu,2,1.5\n,2,1\nv,1,1.5\n", func(d *Table) { d.Groups = "g" }, Options{Test: 1}, "a.csv: row 2, column g: the group is missing; name each row's group, or remove groups"},
		{"separator", base, func(d *Table) { d.Separator = "::" }, Options{Test: 1}, "separator must be one character or tab"},
		{"one class", "a,y\n1,x\n2,x\n", nil, Options{Test: 1}, "target y has one value alone, x"},
		{"twice", base, func(d *Table) { d.Target = []string{"y", "y"} }, Options{Test: 1}, "target names y twice"},
		{"group", base, func(d *Table) { d.ColumnGroups = map[string][]string{"g": {"a", "b"}} }, Options{Test: 1}, "column_groups names b, which is no column to predict from"},
		{"nothing", "y\n1\n2\n", nil, Options{Test: 1}, "there is no column to predict from"},
		{"too many", base, nil, Options{Test: 3}, "test leaves nothing of the 3 examples"},
		{"classes", base, func(d *Table) { d.Target = []string{"y", "job"} }, Options{Test: 1}, "target has several columns, so they are numbers, but job has classes"},
	} {
		_, err := Load(t.Context(), "table", newTable(t, "a.csv", c.text, c.change), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	set, err := Load(t.Context(), "table", newTable(t, "a.csv", base+"test,3,pilot,4\n", func(d *Table) { d.Split, d.Unseen = "part", "other" }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := examples(t, set, set.Test); !slices.Equal(x[4:], []float32{0, 0}) {
		t.Errorf("other: %v", x)
	}
	if _, err := Load(t.Context(), "table", &Table{File: "none.csv", Target: []string{"y"}, Missing: "refuse", Unseen: "refuse"}, Options{}); err == nil ||
		!strings.Contains(err.Error(), "file is none.csv, and there is no such file") {
		t.Error(err)
	}
}

// TestTableUntaught: a class that the training rows lack is named.
func TestTableUntaught(t *testing.T) {
	text := "part,a,y\ntrain,1,cat\ntrain,2,dog\nvalidation,2,dog\ntest,3,emu\ntest,4,yak\n"
	set, err := Load(t.Context(), "table", newTable(t, "a.csv", text, func(d *Table) { d.Split = "part" }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "a.csv: classes without a training example: 2, emu the first; validation and test have all of their examples"
	if !slices.Contains(set.Notes, want) {
		t.Errorf("notes %q, want %q", set.Notes, want)
	}
}

// FuzzTable: no table panics.
func FuzzTable(f *testing.F) {
	f.Add([]byte(parted), "mean")
	f.Add([]byte(gaps), "indicator")
	f.Add([]byte("y\n"), "drop")
	f.Fuzz(func(t *testing.T, data []byte, rule string) {
		path := filepath.Join(t.TempDir(), "a.csv")
		put(t, path, data)
		_, err := Load(t.Context(), "table", &Table{File: path, Target: []string{"y"}, Missing: rule, Unseen: "other"}, Options{Test: 0.3})
		if err != nil && bytes.ContainsRune([]byte(err.Error()), '\n') {
			t.Errorf("%q", err)
		}
	})
}

// TestTableConstantColumns: one line names the first of the columns that are constant in the
// training rows.
func TestTableConstantColumns(t *testing.T) {
	for names, want := range map[string]string{
		"b":             "a.csv: column b is constant in the training rows",
		"b,c":           "a.csv: 2 columns are constant in the training rows: b, c",
		"b,c,d,e,f,g,h": "a.csv: 7 columns are constant in the training rows: b, c, d, e, f and 2 more",
	} {
		text := "a," + names + ",y\n"
		for i := range 10 {
			text += fmt.Sprintf("%d%s,%d\n", i, strings.Repeat(",3", 1+strings.Count(names, ",")), i%2)
		}
		set, err := Load(t.Context(), "table", newTable(t, "a.csv", text, nil), Options{Test: 0.2})
		if err != nil || !slices.Equal(set.Notes, []string{want}) {
			t.Errorf("%q, %v, expected %q", set.Notes, err, want)
		}
	}
}

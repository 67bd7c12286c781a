package audit

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func column(t *testing.T, name string, texts ...string) Column {
	t.Helper()
	c, err := NewColumn(name, texts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestColumns(t *testing.T) {
	age := column(t, "age", "30", "9", "45.5", "25", "9", "100")
	if want := []string{"9", "25", "30", "45.5", "100"}; !reflect.DeepEqual(age.Values, want) {
		t.Errorf("values %q", age.Values)
	}
	cut, err := age.Cut([]float64{25, 45.5, 200})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Column{"age", []string{"below 25", "25 to below 45.5", "45.5 to below 200"}, []int32{1, 0, 2, 1, 0, 2}}); !reflect.DeepEqual(cut, want) {
		t.Errorf("cut: %+v", cut)
	}
	joined := column(t, "race", "b", "a", "b", "c", "b").Join(2)
	if want := (Column{"race", []string{"b", "other"}, []int32{0, 1, 0, 1, 0}}); !reflect.DeepEqual(joined, want) {
		t.Errorf("joined: %+v", joined)
	}
	if own := column(t, "race", "Other", "Other", "x").Join(2); !reflect.DeepEqual(own.Values, []string{"Other"}) {
		t.Errorf("joined with its own name: %+v", own)
	}
	if taken := cut.Take([]int{1, 4}); !reflect.DeepEqual(taken, Column{"age", []string{"below 25"}, []int32{0, 0}}) {
		t.Errorf("taken: %+v", taken)
	}
}

func TestGroupBy(t *testing.T) {
	a, b := column(t, "a", "x", "y", "x", "y", "x", "x"), column(t, "b", "1", "2", "1", "2", "2", "1")
	g := GroupBy(a, b)
	if want := (&Groups{By: []string{"a", "b"}, Values: [][]string{{"x", "1"}, {"y", "2"}}, Of: []int32{0, 1, 0, 1, -1, 0},
		Left: []string{"x × 2"}}); !reflect.DeepEqual(g, want) {
		t.Errorf("%+v", g)
	}
	if names, rows := g.Names(), g.Rows(); names[1] != "y × 2" || rows[0] != 3 || rows[1] != 2 {
		t.Errorf("%q, %v", names, rows)
	}
	for _, c := range []struct {
		columns []Column
		want    int
		note    string
	}{
		{[]Column{a}, 1, ""},
		{[]Column{a, b}, 3, ""},
		{[]Column{a, column(t, "id", "1", "2", "3", "4", "5", "6")}, 2, "no combination of values has two rows; combinations are not compared"},
		{[]Column{numbered("i", 40, 4000), numbered("j", 41, 4000)}, 2, "1640 combinations of values are too many to compare; the most are 1000"},
	} {
		if all, note := Groupings(c.columns); len(all) != c.want || note != c.note {
			t.Errorf("%d groupings, note %q, want %d, %q", len(all), note, c.want, c.note)
		}
	}
}

// numbered is a column of so many values in turn.
func numbered(name string, values, rows int) Column {
	c := Column{Name: name, Codes: make([]int32, rows)}
	for k := range values {
		c.Values = append(c.Values, strconv.Itoa(k))
	}
	for i := range c.Codes {
		c.Codes[i] = int32(i % values)
	}
	return c
}

// TestGroupByMany: the possible combinations of 80 columns of 200 values have no number in 64 bits; the
// groups equal a map of all values, in order.
func TestGroupByMany(t *testing.T) {
	const rows = 50
	r := rand.New(rand.NewPCG(1, 2))
	columns, keys := make([]Column, 80), make([]string, rows)
	for k := range columns {
		columns[k] = numbered("c", 200, rows)
		for i := range rows {
			columns[k].Codes[i] = int32(100 + r.IntN(2)*(1-min(k, 1))) // the first column divides the rows
			if k == 79 {
				columns[k].Codes[i] += int32(r.IntN(3))
			}
			keys[i] += columns[k].Values[columns[k].Codes[i]] + "/"
		}
	}
	g := GroupBy(columns...)
	for i, k := range g.Of {
		if got := strings.Join(g.Values[k], "/") + "/"; got != keys[i] {
			t.Fatalf("row %d is in the group %s, not %s", i, got, keys[i])
		}
	}
	if want := slices.Compact(slices.Sorted(slices.Values(keys))); len(g.Values) != len(want) || !slices.IsSorted(g.Names()) {
		t.Errorf("groups %q, want %q", g.Names(), want)
	}
}

// TestNaNValues: texts that read as NaN are values like others, each listed once.
func TestNaNValues(t *testing.T) {
	c := column(t, "name", "nan", "2", "NaN", "1", "nan", "3", "x", "NaN", "1", "nan")
	if want := []string{"1", "2", "3", "NaN", "nan", "x"}; !reflect.DeepEqual(c.Values, want) {
		t.Errorf("values %q, want %q", c.Values, want)
	}
	if want := []int{2, 1, 1, 2, 3, 1}; !reflect.DeepEqual(c.rows(), want) {
		t.Errorf("rows %v, want %v", c.rows(), want)
	}
}

func TestBadColumns(t *testing.T) {
	long := make([]string, 0, 300)
	for i := range 300 {
		long = append(long, strings.Repeat("x", i+1))
	}
	for want, texts := range map[string][]string{
		"column c has one value alone, a, in all 3 rows; groups need at least two":                                           {"a", "a", "a"},
		"column c: the group b has 1 row; a group needs at least two: join rare groups (rare), or test on more rows":         {"a", "a", "b"},
		"column c: the group 3 has 1 row; a group needs at least two: cut numbers into intervals (cut), or join rare groups": {"a", "a", "3"},
		"column c has 300 different values": long,
	} {
		if err := column(t, "c", texts...).Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := NewColumn("c", []string{"a", ""}); err == nil || err.Error() != "column c has no value in row 2; fill it in, or leave such rows out" {
		t.Error(err)
	}
	if _, err := column(t, "c", "1", "b").Cut([]float64{3}); err == nil || err.Error() != `column c has the value "b", which is no number to cut at 3` {
		t.Error(err)
	}
	if _, err := column(t, "c", "1", "2").Cut([]float64{3, 3}); err == nil || err.Error() != "the points of column c do not increase: 3, 3" {
		t.Error(err)
	}
}

// TestChanged: three networks before and after pruning; modes decide.
func TestChanged(t *testing.T) {
	truth := []int32{0, 1, 1, 2}
	before := [][]int32{{0, 1, 2, 2}, {0, 1, 1, 2}, {1, 1, 2, 0}}
	after := [][]int32{{0, 2, 1, 0}, {0, 2, 1, 1}, {0, 1, 2, 2}}
	changed, err := ChangedRows(truth, before, after)
	if err != nil {
		t.Fatal(err)
	}
	want := []Changed{{1, 1, 1, 2, 1, 2.0 / 3}, {2, 1, 2, 1, 2.0 / 3, 2.0 / 3}, {3, 2, 2, 0, 2.0 / 3, 1.0 / 3}}
	if !reflect.DeepEqual(changed, want) {
		t.Errorf("%+v", changed)
	}
	shares := Shares(changed, []int32{0, 0, 1, 1}, []string{"a", "b"})
	if want := []Share{{"a", 2, 1, 1, 0, 2.0 / 3}, {"b", 2, 2, 1, 1, 4.0 / 3}}; !reflect.DeepEqual(shares, want) {
		t.Errorf("%+v", shares)
	}
	if _, err := ChangedRows(truth, before, nil); err == nil {
		t.Error("no networks after pruning")
	}
	if _, err := ChangedRows(truth, before, [][]int32{{1}}); err == nil || err.Error() != "there are 1 predictions of 4 rows" {
		t.Error(err)
	}
}

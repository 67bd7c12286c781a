package audit

import (
	"reflect"
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
	if own := column(t, "race", "other", "other", "x").Join(2); !reflect.DeepEqual(own.Values, []string{"other"}) {
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
	all := Groupings([]Column{a, b})
	if len(all) != 3 || len(Groupings([]Column{a})) != 1 {
		t.Errorf("%d groupings", len(all))
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

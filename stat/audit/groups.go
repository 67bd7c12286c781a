package audit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Column is an attribute of rows, such as race: one of a few values for each row.
type Column struct {
	Name   string
	Values []string // different ones: numbers by size, other texts in alphabetical order
	Codes  []int32  // index into Values of each row
}

// NewColumn codes the values of an attribute. Every row must have a value.
func NewColumn(name string, texts []string) (Column, error) {
	for i, text := range texts {
		if text == "" {
			return Column{}, fmt.Errorf("column %s has no value in row %d; fill it in, or leave such rows out", name, i+1)
		}
	}
	c := Column{Name: name, Values: slices.Clone(texts)}
	slices.SortFunc(c.Values, byValue)
	c.Values = slices.Compact(c.Values)
	c.code(texts)
	return c, nil
}

// code sets the codes of rows, whose texts are all in Values.
func (c *Column) code(texts []string) {
	at := make(map[string]int32, len(c.Values))
	for k, v := range c.Values {
		at[v] = int32(k)
	}
	c.Codes = make([]int32, len(texts))
	for i, text := range texts {
		c.Codes[i] = at[text]
	}
}

// byValue orders numbers by size, before texts in alphabetical order. NaN is a text.
func byValue(a, b string) int {
	x, numberX := size(a)
	y, numberY := size(b)
	switch {
	case numberX && numberY && x != y:
		return cmp.Compare(x, y)
	case numberX && !numberY:
		return -1
	case !numberX && numberY:
		return 1
	}
	return strings.Compare(a, b)
}

// size is the number that a text is.
func size(text string) (v float64, ok bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v)
}

// Cut turns a column of numbers into intervals: below the first of the points, from one point up
// to the next, and from the last point on. Points increase.
func (c Column) Cut(points []float64) (Column, error) {
	var names []string
	for k := range len(points) + 1 {
		switch {
		case k == 0:
			names = append(names, fmt.Sprintf("below %g", points[0]))
		case k == len(points):
			names = append(names, fmt.Sprintf("from %g", points[k-1]))
		default:
			names = append(names, fmt.Sprintf("%g to below %g", points[k-1], points[k]))
		}
		if k > 0 && k < len(points) && points[k-1] >= points[k] {
			return c, fmt.Errorf("the points of column %s do not increase: %g, %g", c.Name, points[k-1], points[k])
		}
	}
	interval := make([]int32, len(c.Values))
	for k, text := range c.Values {
		v, ok := size(text)
		if !ok {
			return c, fmt.Errorf("column %s has the value %q, which is no number to cut at %g", c.Name, text, points[0])
		}
		for int(interval[k]) < len(points) && v >= points[interval[k]] {
			interval[k]++
		}
	}
	return c.merge(names, interval), nil
}

// Other is the value of the rows whose own value is rare.
const Other = "other"

// Join gives all values with fewer rows than least the value Other, or the column's own value of
// that name, such as OTHER.
func (c Column) Join(least int) Column {
	names, to := []string{}, make([]int32, len(c.Values))
	rare := false
	for k, rows := range c.rows() {
		to[k] = int32(len(names))
		if rows < least {
			to[k], rare = -1, true
			continue
		}
		names = append(names, c.Values[k])
	}
	if !rare {
		return c
	}
	at := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, Other) })
	if at < 0 {
		at = len(names)
		names = append(names, Other)
	}
	for k := range to {
		if to[k] < 0 {
			to[k] = int32(at)
		}
	}
	return c.merge(names, to)
}

// merge renames values: value k becomes names[to[k]]. Names without a row are dropped.
func (c Column) merge(names []string, to []int32) Column {
	used := make([]bool, len(names))
	for _, code := range c.Codes {
		used[to[code]] = true
	}
	out, place := Column{Name: c.Name, Codes: make([]int32, len(c.Codes))}, make([]int32, len(names))
	for k, name := range names {
		place[k] = int32(len(out.Values))
		if used[k] {
			out.Values = append(out.Values, name)
		}
	}
	for i, code := range c.Codes {
		out.Codes[i] = place[to[code]]
	}
	return out
}

// rows counts the rows of each value.
func (c Column) rows() []int {
	out := make([]int, len(c.Values))
	for _, code := range c.Codes {
		out[code]++
	}
	return out
}

// Take is the column of some rows, with the values that they have.
func (c Column) Take(rows []int) Column {
	out := Column{Name: c.Name, Values: c.Values, Codes: make([]int32, len(rows))}
	all := make([]int32, len(c.Values))
	for k := range all {
		all[k] = int32(k)
	}
	for k, i := range rows {
		out.Codes[k] = c.Codes[i]
	}
	return out.merge(c.Values, all)
}

// MaxGroups is the most groups that an audit compares.
const MaxGroups = 200

// Check refuses a column whose groups cannot be compared: a single value, more than MaxGroups
// values, or a value of a single row.
func (c Column) Check() error {
	switch n := len(c.Values); {
	case n == 0:
		return fmt.Errorf("column %s has no rows", c.Name)
	case n == 1:
		return fmt.Errorf("column %s has one value alone, %s, in all %d rows; groups need at least two", c.Name, c.Values[0], len(c.Codes))
	case n > MaxGroups:
		return fmt.Errorf("column %s has %d different values, from %s to %s; an audit compares at most %d groups: "+
			"cut numbers into intervals (cut), or join values", c.Name, n, c.Values[0], c.Values[n-1], MaxGroups)
	}
	for k, n := range c.rows() {
		if n < 2 {
			remedy := "join rare groups (rare), or test on more rows"
			if _, ok := size(c.Values[k]); ok {
				remedy = "cut numbers into intervals (cut), or join rare groups (rare)"
			}
			return fmt.Errorf("column %s: the group %s has %d row; a group needs at least two: %s", c.Name, c.Values[k], n, remedy)
		}
	}
	return nil
}

// Groups assigns rows to groups: to the values of one column, or to the combinations of values of
// several.
type Groups struct {
	By     []string
	Values [][]string // of each group, one for each of By
	Of     []int32    // group of each row; −1: none
	// Left lists the combinations with a single row, which are no groups.
	Left []string
}

// GroupBy makes groups of columns of the same rows. Combinations without a row are no groups.
func GroupBy(columns ...Column) *Groups {
	g := &Groups{Of: slices.Clone(columns[0].Codes)}
	values := [][]string{}
	for _, v := range columns[0].Values {
		values = append(values, []string{v})
	}
	for k, c := range columns {
		if g.By = append(g.By, c.Name); k > 0 {
			values = combine(g.Of, values, c)
		}
	}
	rows, to := make([]int, len(values)), make([]int32, len(values))
	for _, k := range g.Of {
		rows[k]++
	}
	for k, v := range values {
		switch {
		case len(columns) > 1 && rows[k] < 2:
			g.Left, to[k] = append(g.Left, groupName(v)), -1
		default:
			to[k] = int32(len(g.Values))
			g.Values = append(g.Values, v)
		}
	}
	for i, k := range g.Of {
		g.Of[i] = to[k]
	}
	return g
}

// combine divides groups by the values of one more column: of is the group of each row, which it
// renumbers, and values are the values of each group. Groups stay in the order of their values, and
// have a row each, so that their number does not grow beyond the number of rows.
func combine(of []int32, values [][]string, c Column) [][]string {
	place := func(i int) int { return int(of[i])*len(c.Values) + int(c.Codes[i]) }
	at := map[int]int32{}
	for i := range of {
		at[place(i)] = 0
	}
	var out [][]string
	for _, k := range slices.Sorted(maps.Keys(at)) {
		at[k] = int32(len(out))
		out = append(out, append(slices.Clone(values[k/len(c.Values)]), c.Values[k%len(c.Values)]))
	}
	for i := range of {
		of[i] = at[place(i)]
	}
	return out
}

// Names are the values of each group, with × between the values of several columns.
func (g *Groups) Names() []string {
	out := make([]string, len(g.Values))
	for k, values := range g.Values {
		out[k] = groupName(values)
	}
	return out
}

func groupName(values []string) string { return strings.Join(values, " × ") }

// Rows counts the rows of each group.
func (g *Groups) Rows() []int {
	out := make([]int, len(g.Values))
	for _, k := range g.Of {
		if k >= 0 {
			out[k]++
		}
	}
	return out
}

// MaxCombinations is the most combinations of values of several columns that an audit compares.
const MaxCombinations = 1000

// Groupings are the groups of each column, and of several also their combinations; a note says why
// these are left out.
func Groupings(columns []Column) (out []*Groups, note string) {
	for _, c := range columns {
		out = append(out, GroupBy(c))
	}
	if len(columns) == 1 {
		return out, ""
	}
	g := GroupBy(columns...)
	switch n := len(g.Values); {
	case n == 0:
		return out, "no combination of values has two rows; combinations are not compared"
	case n > MaxCombinations:
		return out, fmt.Sprintf("%d combinations of values are too many to compare; the most are %d", n, MaxCombinations)
	}
	return append(out, g), ""
}

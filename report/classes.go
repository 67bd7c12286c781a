package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"pare/internal/svg"
	"pare/train"
)

// Classes are the results by class, or by label.
type Classes struct {
	Names  []string     // of the classes; nil: they have numbers
	Stages []ClassStage // in their order; nil: not known, or no classes
}

// ClassStage holds the results by class at a stage, as many as at the other stages.
type ClassStage struct {
	Name string
	*train.Detail
}

// classTable is a table of results by class.
type classTable struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

// Limits of the page: classes drawn in a picture, classes listed in the table, classes with
// their counts and names in the picture.
const (
	maxConfusion = 100
	maxClassRows = 100
	maxCounts    = 16
)

// name is the name of a class.
func (c Classes) name(i int) string {
	if i < len(c.Names) {
		return c.Names[i]
	}
	return strconv.Itoa(i)
}

// table lists accuracies at every stage; nil without classes.
func (c Classes) table() *classTable {
	if len(c.Stages) == 0 {
		return nil
	}
	first, last := c.Stages[0].Classes, c.Stages[len(c.Stages)-1]
	t := &classTable{Title: "Classes", Head: []string{"class", "targets"},
		Note: "Accuracy of a class: the share of its test targets that are predicted right (recall)."}
	if last.Confusion == nil && len(last.Classes) <= train.MaxConfusion {
		t.Title, t.Head[0] = "Labels", "label"
		t.Note = "Accuracy of a label: the share of the examples that it applies to for which it is predicted (recall)."
	}
	for _, s := range c.Stages {
		t.Head = append(t.Head, s.Name)
	}
	t.Head = append(t.Head, "change", "F1 "+last.Name)
	order := make([]int, len(last.Classes))
	for i := range order {
		order[i] = i
	}
	change := func(i int) float64 { return last.Classes[i].Accuracy - first[i].Accuracy }
	if len(order) > maxClassRows {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(change(a), change(b)) })
		t.Note += fmt.Sprintf(" The %d of %s that lost most.", maxClassRows, Count(int64(len(order))))
		order = order[:maxClassRows]
	}
	for _, i := range order {
		row := []string{c.name(i), Count(int64(last.Classes[i].N))}
		for _, s := range c.Stages {
			row = append(row, accuracyOf(s.Classes[i]))
		}
		t.Rows = append(t.Rows, append(row, fmt.Sprintf("%+.2f %%", 100*change(i)), fmt.Sprintf("%.4f", last.Classes[i].F1)))
	}
	return t
}

// accuracyOf is the accuracy of a class, a dash where it has no targets.
func accuracyOf(r train.ClassResult) string {
	if r.N == 0 {
		return "–"
	}
	return Percent(r.Accuracy)
}

// confusion draws the confusions at the last stage as an element of a page; "" where they
// are not known, or there are too many classes for a picture.
func (c Classes) confusion() string {
	if len(c.Stages) == 0 {
		return ""
	}
	last := c.Stages[len(c.Stages)-1]
	matrix := last.Confusion
	k := len(matrix)
	if k == 0 || k > maxConfusion {
		return ""
	}
	side, letters, left, top := 12.0, 14, 110.0, 8.0
	right := 8.0
	if k <= maxCounts {
		longest := 0
		for i := range k {
			longest = max(longest, len([]rune(svg.Clip(c.name(i), letters))))
		}
		rise := 5 * float64(longest) // of a name, at 45 degrees
		side, top, right = 46, 16+rise, max(right, rise-16)
	}
	var p svg.Picture
	width := float64(k) * side
	p.Rect("frame", left, top, width, width, 0, "")
	for i, row := range matrix {
		y := top + float64(i)*side
		p.Text("tick", left-6, y+side/2+4, svg.End, svg.Clip(c.name(i), letters))
		if k <= maxCounts {
			p.Tilted("tick", left+float64(i)*side+side/2, top-8, svg.Clip(c.name(i), letters))
		}
		for j, n := range row {
			if n == 0 {
				continue
			}
			x := left + float64(j)*side
			tip := fmt.Sprintf("%s predicted as %s: %s of %s", c.name(i), c.name(j), Count(int64(n)), Count(int64(last.Classes[i].N)))
			p.Rect(cellClass(i == j, float64(n)/float64(last.Classes[i].N)), x, y, side, side, 0, tip)
			if k <= maxCounts {
				p.Text("value", x+side/2, y+side/2+4, svg.Middle, short(int64(n)))
			}
		}
	}
	return p.Inline("confusion", "confusions by class", left+width+right, top+width+8)
}

// cellClass is the paint of a cell with a share of its row.
func cellClass(right bool, share float64) string {
	class := "cell"
	if !right {
		class = "cell wrong"
	}
	step := 1
	for _, limit := range []float64{0.02, 0.1, 0.3, 0.6} {
		if share >= limit {
			step++
		}
	}
	return fmt.Sprintf("%s s%d", class, step)
}

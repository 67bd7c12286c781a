package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"pare/prune"
)

// tableRows is the most layers that Table lists one by one.
const tableRows = 26

// Table writes the summary as aligned text, as a run prints it at its end. The
// layers listed are those that multiply, or that have parameters where none
// does; unchanged ones and the rest share a line each. Errors of w are ignored,
// as is usual for a terminal.
func Table(w io.Writer, d Data) {
	facts := [][]string{
		{"params", reduction(d.Before.Params, d.After.Params)},
		{"MACs", reduction(d.Before.MACs, d.After.MACs)},
	}
	if d.tested() {
		facts = append(facts, []string{"accuracy", fmt.Sprintf("%s (%s of %s)", chain(d.accuracies()),
			Count(int64(d.Stages[len(d.Stages)-1].Correct)), Count(int64(d.TestExamples)))})
	}
	for _, m := range d.Measures {
		text := chain(m.Readings)
		if m.Note != "" {
			text += ", " + m.Note
		}
		facts = append(facts, []string{m.Name, text})
	}
	facts = append(facts, []string{"certificate", join(certificateText(d.Certificate), d.onTheWay())},
		[]string{"removed", RemovedText(d.Removed)})
	if d.TrainSeconds+d.FinetuneSeconds > 0 {
		facts = append(facts, []string{"time", "training " + Duration(d.TrainSeconds) + ", fine-tuning " + Duration(d.FinetuneSeconds)})
	}
	fmt.Fprintln(w, heading(d))
	fmt.Fprintln(w, meta(d))
	fmt.Fprintln(w)
	write(w, facts, nil)
	for _, text := range d.Warnings {
		fmt.Fprintf(w, "warning: %s\n", text)
	}
	if listed := summarize(d.Layers); len(listed) > 0 {
		fmt.Fprintln(w)
		lines := [][]string{{"layer", "units", "params", "MACs", ""}}
		for _, l := range listed {
			units := ""
			if l.UnitsFrom != 0 || l.UnitsTo != 0 {
				units = arrow(Count(int64(l.UnitsFrom)), Count(int64(l.UnitsTo)))
			}
			lines = append(lines, []string{l.Name, units, counts(l.ParamsFrom, l.ParamsTo), counts(l.MACsFrom, l.MACsTo), fate(l)})
		}
		write(w, lines, []bool{false, true, true, true, false})
	}
	weightsTable(w, d)
}

// join puts two texts into one line; the second may be empty.
func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

func certificateText(c prune.Certificate) string {
	if c.Inputs == 0 {
		return "none"
	}
	verdict := "FAILED"
	if c.Passed() {
		verdict = "passed"
	}
	return fmt.Sprintf("%s: largest relative difference %s on %s inputs, %s allowed",
		verdict, Small(c.MaxRelDiff), Count(int64(c.Inputs)), allowed(c))
}

// summarize picks the layers worth a line of their own and sums up the others.
func summarize(layers []prune.LayerDiff) []prune.LayerDiff {
	weight := func(l prune.LayerDiff) int64 { return l.MACsFrom }
	if !slices.ContainsFunc(layers, func(l prune.LayerDiff) bool { return l.MACsFrom > 0 }) {
		weight = func(l prune.LayerDiff) int64 { return l.ParamsFrom }
	}
	var own []int
	for i, l := range layers {
		if weight(l) > 0 && changed(l) {
			own = append(own, i)
		}
	}
	if len(own) > tableRows { // those that lost most
		lost := func(l prune.LayerDiff) int64 { return l.MACsFrom - l.MACsTo + l.ParamsFrom - l.ParamsTo }
		slices.SortStableFunc(own, func(a, b int) int { return cmp.Compare(lost(layers[b]), lost(layers[a])) })
		own = own[:tableRows]
		slices.Sort(own)
	}
	var out []prune.LayerDiff
	rest, same := prune.LayerDiff{After: "…"}, prune.LayerDiff{After: "…"}
	others, unchanged := 0, 0
	for i, l := range layers {
		_, single := slices.BinarySearch(own, i)
		switch {
		case single:
			out = append(out, l)
		case changed(l):
			others++
			sum(&rest, l)
		case l.ParamsFrom > 0:
			unchanged++
			sum(&same, l)
		}
	}
	if others > 0 {
		rest.Name = some(others, "other layer")
		out = append(out, rest)
	}
	if unchanged > 0 {
		same.Name = some(unchanged, "unchanged layer")
		out = append(out, same)
	}
	return out
}

// sum adds the cost of a layer.
func sum(to *prune.LayerDiff, l prune.LayerDiff) {
	to.ParamsFrom, to.ParamsTo = to.ParamsFrom+l.ParamsFrom, to.ParamsTo+l.ParamsTo
	to.MACsFrom, to.MACsTo = to.MACsFrom+l.MACsFrom, to.MACsTo+l.MACsTo
}

// some writes "1 layer", "7 layers".
func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Count(int64(n)) + " " + what + "s"
}

// blocks divides the columns of a table into tables of lines that fit into so many columns of
// characters, each with the first column of the whole; a column alone may be longer. 0: any line fits.
func blocks(lines [][]string, columns int) [][][]string {
	widths := widthsOf(lines)
	var out [][][]string
	total := 0
	for k := 1; k < len(widths); k++ {
		if total += widths[k] + 2; out == nil || columns > 0 && total > columns {
			total = widths[0] + 2 + widths[k]
			out = append(out, make([][]string, len(lines)))
			for i, line := range lines {
				out[len(out)-1][i] = line[:1:1]
			}
		}
		block := out[len(out)-1]
		for i, line := range lines {
			block[i] = append(block[i], line[k])
		}
	}
	return out
}

// widthsOf are the characters of the longest cell of each column.
func widthsOf(lines [][]string) []int {
	var widths []int
	for _, line := range lines {
		for k, cell := range line {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// write prints lines in columns as wide as they need; right says which of them
// are aligned to the right.
func write(w io.Writer, lines [][]string, right []bool) {
	widths := widthsOf(lines)
	for _, line := range lines {
		var b strings.Builder
		for k, cell := range line {
			pad := strings.Repeat(" ", widths[k]-utf8.RuneCountInString(cell))
			if right != nil && right[k] {
				b.WriteString(pad + cell + "  ")
			} else {
				b.WriteString(cell + pad + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

package report

import (
	"fmt"
	"strings"
)

// tile is a headline number with what stands below it.
type tile struct {
	Name, Big, Class string
	Lines            []string
}

func tiles(d Data) []tile {
	var out []tile
	if d.tested() {
		out = append(out, tile{Name: "Test accuracy", Big: percent(d.AccuracyFinal), Lines: []string{
			percent(d.AccuracyBefore) + " before pruning",
			percent(d.AccuracyAfter) + " right after removal",
			fmt.Sprintf("%s → %s → %s of %s right", count(int64(d.CorrectBefore)), count(int64(d.CorrectAfter)),
				count(int64(d.CorrectFinal)), count(int64(d.TestExamples)))}})
	}
	for _, m := range d.Measures { // names are plain words
		t := tile{Name: strings.ToUpper(m.Name[:1]) + m.Name[1:], Big: m.Final, Lines: []string{m.Before + " before pruning", m.After + " right after removal"}}
		if m.Note != "" {
			t.Lines = append(t.Lines, m.Note)
		}
		out = append(out, t)
	}
	params := countTile("Parameters", d.Before.Params, d.After.Params)
	params.Lines = append(params.Lines, "removed: "+removedText(d.Removed))
	out = append(out, params,
		countTile("Multiply-accumulates", d.Before.MACs, d.After.MACs),
		certificateTile(d))
	if total := d.TrainSeconds + d.FinetuneSeconds; total > 0 {
		out = append(out, tile{Name: "Time", Big: duration(total), Lines: []string{
			"training " + duration(d.TrainSeconds), "fine-tuning " + duration(d.FinetuneSeconds)}})
	}
	return out
}

func countTile(name string, before, after int64) tile {
	t := tile{Name: name, Big: count(after), Lines: []string{"unchanged"}}
	if before != after {
		t.Lines = []string{"from " + count(before)}
		if c := change(before, after); c != "" {
			t.Lines = append(t.Lines, c)
		}
	}
	return t
}

// certificateTile says how far the pruned network's outputs are from those of
// the network before.
func certificateTile(d Data) tile {
	c := d.Certificate
	t := tile{Name: "Certificate", Big: "not checked", Lines: []string{"no certificate"}}
	if c.Inputs == 0 {
		return t
	}
	t.Big, t.Class = "✓ "+small(c.MaxRelDiff), "good"
	if !passed(c) {
		t.Big, t.Class = "✗ "+small(c.MaxRelDiff), "bad"
	}
	t.Lines = []string{
		"largest relative difference of outputs on " + count(int64(c.Inputs)) + " inputs",
		"allowed: " + small(c.Tolerance),
	}
	if way := d.onTheWay(); way != "" {
		t.Lines = append(t.Lines, way)
	}
	return t
}

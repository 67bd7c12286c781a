package report

import (
	"fmt"
	"strings"
)

// tile is a headline number and the small print below it.
type tile struct {
	Name, Big, Class string
	Lines            []string
}

func tiles(d Data) []tile {
	var out []tile
	if d.tested() {
		var right []string
		for _, s := range d.Stages {
			right = append(right, Count(int64(s.Correct)))
		}
		t := measureTile("Test accuracy", d.accuracies())
		t.Lines = append(t.Lines, fmt.Sprintf("%s of %s right", strings.Join(right, " → "), Count(int64(d.TestExamples))))
		out = append(out, t)
	}
	for _, m := range d.Measures { // names are plain words
		t := measureTile(strings.ToUpper(m.Name[:1])+m.Name[1:], m.Readings)
		if m.Note != "" {
			t.Lines = append(t.Lines, m.Note)
		}
		out = append(out, t)
	}
	params := countTile("Parameters", d.Before.Params, d.After.Params)
	params.Lines = append(params.Lines, "removed: "+RemovedText(d.Removed))
	out = append(out, params,
		countTile("Multiply-accumulates", d.Before.MACs, d.After.MACs),
		certificateTile(d))
	if total := d.TrainSeconds + d.FinetuneSeconds; total > 0 {
		out = append(out, tile{Name: "Time", Big: Duration(total), Lines: []string{
			"training " + Duration(d.TrainSeconds), "fine-tuning " + Duration(d.FinetuneSeconds)}})
	}
	return out
}

// measureTile has the last reading in large and those before below it.
func measureTile(name string, readings []Reading) tile {
	last := len(readings) - 1
	t := tile{Name: name, Big: readings[last].Value}
	for _, r := range readings[:last] {
		t.Lines = append(t.Lines, r.Value+" "+r.Stage)
	}
	return t
}

func countTile(name string, before, after int64) tile {
	t := tile{Name: name, Big: Count(after), Lines: []string{"unchanged"}}
	if before != after {
		t.Lines = []string{"from " + Count(before)}
		if c := change(before, after); c != "" {
			t.Lines = append(t.Lines, c)
		}
	}
	return t
}

// certificateTile shows the largest difference between the outputs of the network before
// and after pruning.
func certificateTile(d Data) tile {
	c := d.Certificate
	t := tile{Name: "Certificate", Big: "not checked", Lines: []string{"no certificate"}}
	if c.Inputs == 0 {
		return t
	}
	t.Big, t.Class = "✓ "+Small(c.MaxRelDiff), "good"
	if !c.Passed() {
		t.Big, t.Class = "✗ "+Small(c.MaxRelDiff), "bad"
	}
	t.Lines = []string{
		"largest relative difference of outputs on " + Count(int64(c.Inputs)) + " inputs",
		"allowed: " + allowed(c),
	}
	if way := d.onTheWay(); way != "" {
		t.Lines = append(t.Lines, way)
	}
	return t
}

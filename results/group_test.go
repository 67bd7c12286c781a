package results

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSweepGroups(t *testing.T) {
	dense, runs := sweepRuns(t)
	s, err := Read(sources(slices.Concat(dense, runs)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Curves() {
		sizes := make([]string, len(c.Groups))
		for i, g := range c.Groups {
			sizes[i] = fmt.Sprint(len(g.Rows))
			for _, r := range g.Rows {
				t.Log(c.Label, g.Point, r.Seed, r.MACs, r.Point, r.Value)
			}
		}
		got = append(got, c.Label+" "+strings.Join(sizes, " "))
	}
	want := []string{"dense 3", "penalty 3 3", "target 3 3", "magnitude 3 3", "random 3 3", "taylor 3 3", "scratch 3 3", "narrow 3 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

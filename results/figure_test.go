package results

import (
	"os"
	"slices"
	"testing"
)

func TestFigure(t *testing.T) {
	dense, runs := sweepRuns(t)
	s, err := Read(sources(slices.Concat(dense, runs)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Figure(OverMACs)
	if err != nil {
		t.Fatal(err)
	}
	w, _ := os.Create("/tmp/fig.png")
	if err := f.WritePNG(w); err != nil {
		t.Fatal(err)
	}
	w, _ = os.Create("/tmp/fig.svg")
	f.WriteSVG(w)
	s.Tables(os.Stdout, Terminal)
	s.Runs(os.Stdout, Terminal)
}

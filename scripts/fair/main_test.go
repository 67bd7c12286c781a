package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/report/chart"
)

// TestWorlds: both worlds write their data, with a minority of about the stated share.
func TestWorlds(t *testing.T) {
	for _, w := range worlds {
		dir := t.TempDir()
		if err := w.write(dir, 1); err != nil {
			t.Fatal(err)
		}
		name, least, most := "people.csv", 400, 560
		if w.name == "images" {
			name, least, most = "groups.csv", 140, 220
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), ","+minority); n < least || n > most {
			t.Errorf("%s: %d of the minority, want %d to %d", w.name, n, least, most)
		}
	}
}

func TestFront(t *testing.T) {
	got := front([]chart.Spot{{X: 3, Y: 1}, {X: 1, Y: 5}, {X: 2, Y: 5}, {X: 2, Y: 2}, {X: 4, Y: 1}})
	if len(got) != 3 || got[0].Y != 5 || got[1].Y != 2 || got[2].X != 3 {
		t.Errorf("front %v", got)
	}
}

func TestMeets(t *testing.T) {
	uniform := errorsOf{0.12, 0.1, 0.3}
	if !meets(errorsOf{0.11, 0.105, 0.15}, uniform) || meets(errorsOf{0.11, 0.115, 0.1}, uniform) || meets(errorsOf{0.12, 0.1, 0.25}, uniform) {
		t.Error("meets is wrong")
	}
}

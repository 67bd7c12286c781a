package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestForest(t *testing.T) {
	nan := math.NaN()
	f := Forest{Title: "Accuracy", X: "accuracy", Percent: true, Series: []string{"trained", "final"}, Rows: []ForestRow{
		{"all & more", []Interval{{0.9, 0.85, 0.95}, {0.8, 0.7, 0.85}}},
		{"few", []Interval{{0.5, nan, nan}, {nan, nan, nan}}},
	}}
	text := f.Inline()
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"all &amp; more", "few", "trained", "final", "all &amp; more, final: 80.00 % (70.00 % to 85.00 %)", "few, trained: 50.00 %"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if n := strings.Count(text, `class="spread`); n != 2 {
		t.Errorf("%d intervals", n)
	}
	if strings.Contains(text, "NaN") {
		t.Error("a number that is none is drawn")
	}
	if empty := (Forest{Rows: []ForestRow{{"a", []Interval{{nan, nan, nan}}}}}).Inline(); empty != "" {
		t.Errorf("nothing to draw: %s", empty)
	}
}

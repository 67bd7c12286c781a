package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// Measures stand behind the accuracy, in the table and on the page.
func TestMeasures(t *testing.T) {
	d := sample(t, 20)
	d.Measures = []Measure{
		{Name: "perplexity", Readings: []Reading{{"trained", "4.213"}, {"removed", "4.213"}, {"final", "3.987"}}},
		{Name: "bits per character", Readings: []Reading{{"trained", "1.2345"}, {"removed", "1.2345"}, {"final", "1.2012"}}, Note: "0.2632 above the entropy, 0.9381"},
	}
	var table, page bytes.Buffer
	Table(&table, d)
	if err := Write(&page, d); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"perplexity          4.213 trained → 4.213 removed → 3.987 final\n",
		"bits per character  1.2345 trained → 1.2345 removed → 1.2012 final, 0.2632 above the entropy, 0.9381\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
	for line := range strings.Lines(table.String()) {
		if n := utf8.RuneCountInString(line); n > 111 {
			t.Errorf("line of %d characters: %q", n, line)
		}
	}
	for _, want := range []string{"Perplexity", "3.987", "4.213 trained", "4.213 removed", "Bits per character", "0.2632 above the entropy, 0.9381"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

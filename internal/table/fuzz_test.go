package table

import (
	"strings"
	"testing"
)

// FuzzCSV: whatever the text, reading ends with a table of equal columns and
// different names, or with an error of one line.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a;b\n1;\"x\n\"\n", "\xef\xbb\xbfa\n\"", "a,a\n1,1\n", "1\n007\nx\n", "\n\n,\n,", "a\tb\r\n1\t\r\n"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, noHeader bool) {
		tab, err := ReadCSV("f", strings.NewReader(text), Options{NoHeader: noHeader})
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, name := range tab.Names() {
			c, err := tab.Column(name)
			if err != nil || seen[name] || c.Len() != tab.Rows() || len(c.Texts()) != tab.Rows() {
				t.Fatalf("column %q: %v, %d rows of %d, twice %v", name, err, c.Len(), tab.Rows(), seen[name])
			}
			seen[name] = true
			if m, err := tab.Target(name); err == nil && !c.Numeric() {
				t.Fatalf("text became numbers %v", m)
			} else if err != nil && strings.ContainsAny(err.Error(), "\n\r") && !strings.ContainsAny(name, "\n\r") {
				t.Fatalf("error of several lines: %q", err)
			}
		}
	})
}

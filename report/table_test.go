package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	for _, depth := range []int{20, 44} {
		var b bytes.Buffer
		Table(&b, sample(t, depth))
		lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
		if len(lines) > 40 {
			t.Errorf("depth %d: the table has %d lines", depth, len(lines))
		}
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > 110 || strings.HasSuffix(l, " ") {
				t.Errorf("depth %d: line of %d characters: %q", depth, n, l)
			}
		}
		if depth != 20 {
			continue
		}
		for _, want := range []string{
			"params       68,804 → 24,628 (−64.2 %, 2.79×)", "certificate  passed: ",
			"accuracy     91.71 % trained → 91.71 % removed → 91.90 % final (9,190 of 10,000)",
			"stage2.block1.proj    16 → 0", "unchanged layers",
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("table lacks %q:\n%s", want, b.String())
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{reduction(431080, 18342), "431,080 → 18,342 (−95.7 %, 23.5×)"},
		{reduction(7, 7), "7"},
		{reduction(0, 5), "0 → 5"},
		{reduction(10, 0), "10 → 0 (−100.0 %)"},
		{reduction(10, 11), "10 → 11 (+10.0 %)"},
		{reduction(1_000_000, 1000), "1,000,000 → 1,000 (−99.9 %, 1,000×)"},
		{Count(-1234567), "−1,234,567"},
		{short(999), "999"},
		{short(12345), "12.3 k"},
		{short(999_900), "1.00 M"},
		{Duration(59.96), "1 min 00 s"},
		{Duration(7500), "2 h 05 min"},
		{Percent(0.5), "50.00 %"},
	} {
		if c.got != c.want {
			t.Errorf("%q, expected %q", c.got, c.want)
		}
	}
}

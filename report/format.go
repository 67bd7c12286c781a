package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"pare/report/chart"
)

// unknown stands where a number is not known.
const unknown = "–"

// Count writes an integer with thousands separated: 431,080.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// short writes an integer in about three digits: 40.8 M.
func short(n int64) string {
	v := float64(n)
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size*0.9995 {
			v /= unit.size
			return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(v)+1e-9)), 64) + " " + unit.name
		}
	}
	return Count(n)
}

// arrow writes "a → b", or a alone where both are the same.
func arrow(a, b string) string {
	if a == b {
		return a
	}
	return a + " → " + b
}

// change writes how a count changed: "−95.7 %, 23.5×". It is empty where nothing
// did or there was nothing before.
func change(before, after int64) string {
	if before == after || before == 0 {
		return ""
	}
	c := 100 * (float64(after) - float64(before)) / float64(before)
	s := strings.Replace(fmt.Sprintf("%+.1f %%", c), "-", "−", 1)
	if after > 0 && after < before {
		s += fmt.Sprintf(", %s×", ratio(float64(before)/float64(after)))
	}
	return s
}

// ratio writes a factor above 1 with three digits or so.
func ratio(r float64) string {
	switch {
	case r >= 100:
		return Count(int64(math.Round(r)))
	case r >= 9.995:
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return strconv.FormatFloat(r, 'f', 2, 64)
}

// reduction is "before → after (−x %, y×)".
func reduction(before, after int64) string {
	s := arrow(Count(before), Count(after))
	if c := change(before, after); c != "" {
		return s + " (" + c + ")"
	}
	return s
}

// Percent writes a share: 91.71 %.
func Percent(share float64) string {
	if !chart.Finite(share) {
		return unknown
	}
	return strconv.FormatFloat(100*share, 'f', 2, 64) + " %"
}

// Small writes a difference: 2.1e-07, 0 for an exact zero.
func Small(v float64) string {
	switch {
	case !chart.Finite(v):
		return unknown
	case v == 0:
		return "0"
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// Duration writes seconds: "41.3 s", "3 min 12 s", "2 h 05 min".
func Duration(seconds float64) string {
	if !chart.Finite(seconds) || seconds < 0 || seconds > math.MaxInt32 {
		return unknown
	}
	if seconds < 59.95 {
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	}
	d := time.Duration(math.Round(seconds)) * time.Second
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d h %02d min", h, m)
	}
	return fmt.Sprintf("%d min %02d s", m, s)
}

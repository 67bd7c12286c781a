package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pare/internal/svg"
)

func TestTradeOff(t *testing.T) {
	run := func(name string, lambda float64, method string, seed uint64, left int64, err float64) Outcome {
		s := settings(method)
		s["penalties"] = []any{map[string]any{"type": "l1", "lambda": lambda}}
		return Outcome{Run: name, Name: name, Settings: s, Method: method, Seed: seed, Measure: "error", Value: err,
			Params: [2]int64{1000, left * 2}, MACs: [2]int64{500, left}, NonZero: left}
	}
	active := func(o Outcome, share float64) Outcome {
		o.Active = &share
		return o
	}
	runs := []Outcome{
		active(run("net", 1, "zeros", 1, 240, 0.14), 0.3), active(run("net", 1, "zeros", 2, 260, 0.16), 0.1),
		active(run("net", 2, "zeros", 1, 125, 0.2), 0.05),
		active(run("net", 1, "magnitude", 1, 250, 0.3), 0.5),
	}
	for over, want := range map[Left][]string{
		LeftMACs:    {"multiply-accumulates left, %", "net, zeros, 50: 15 ± 1.4", "net, zeros, 25: 20", "net, magnitude, 50: 30", "error, %"},
		LeftParams:  {"parameters left, %", "net, zeros, 50: 15 ± 1.4", "net, zeros, 25: 20"},
		LeftNonZero: {"parameters that are not 0, %", "net, zeros, 25: 15 ± 1.4", "net, zeros, 12.5: 20"},
		LeftActive:  {"activations that are not 0, %", "net, zeros, 20: 15 ± 1.4", "net, zeros, 5: 20", "net, magnitude, 50: 30"},
	} {
		var b strings.Builder
		if err := TradeOff(&b, runs, over); err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !strings.Contains(b.String(), s) {
				t.Errorf("over %s: no %q in the picture", over, s)
			}
		}
		if n := strings.Count(b.String(), `class="dot`); n != 3+2 { // and two in the legend
			t.Errorf("over %s: %d dots, want one for each group of seeds", over, n)
		}
	}
	other := run("text", 1, "zeros", 1, 250, 4.2)
	other.Measure = "perplexity"
	if err := TradeOff(&strings.Builder{}, append(runs, other), LeftMACs); err == nil || !strings.Contains(err.Error(), "perplexity") {
		t.Errorf("results of two kinds in one picture: %v", err)
	}
	without := run("plain", 1, "zeros", 1, 250, 0.2)
	if err := TradeOff(&strings.Builder{}, append(runs, without), LeftActive); err == nil || !strings.Contains(err.Error(), "plain has no activations") {
		t.Errorf("a network without ReLUs: %v", err)
	}
}

// TestTradeOffMany: no two curves of one picture look the same, in the plot and in the
// legend, which stays inside.
func TestTradeOffMany(t *testing.T) {
	mark := regexp.MustCompile(`<(circle|path) class="dot [^"]*" fill="([^"]*)" (?:cx="([^"]*)" cy="([^"]*)" r="[^"]*"|transform="translate\(([^ ]*) ([^)]*)\)[^"]*" d="([^"]*)")>`)
	name := regexp.MustCompile(`<text class="legend"[^>]*>([^<]*)</text>`)
	runs := func(n int) []Outcome {
		var out []Outcome
		for i := range n {
			s := settings("magnitude")
			s["train"] = map[string]any{"epochs": float64(i), "optimizer": map[string]any{"type": []string{"sgd", "adam"}[i%2]}}
			out = append(out, Outcome{Run: fmt.Sprint(i), Name: "magnitude", Method: "magnitude", Settings: s, Measure: "error", Value: float64(i) / 100,
				MACs: [2]int64{1000, int64(i)}, Params: [2]int64{1000, int64(i)}})
		}
		return out
	}
	for _, n := range []int{3, 21, svg.MaxCurves} {
		var b strings.Builder
		if err := TradeOff(&b, runs(n), LeftMACs); err != nil {
			t.Fatal(err)
		}
		looks, names := map[string]int{}, map[string]bool{}
		for _, m := range mark.FindAllStringSubmatch(b.String(), -1) {
			looks[m[2]+m[7]]++
		}
		for _, m := range name.FindAllStringSubmatch(b.String(), -1) {
			names[m[1]] = true
		}
		if len(looks) != n || len(names) != n {
			t.Errorf("%d curves: %d looks, %d names", n, len(looks), len(names))
		}
		for look, k := range looks {
			if k != 2 {
				t.Errorf("%d curves: %q is drawn %d times, want once in the plot and once in the legend", n, look, k)
			}
		}
		var width, height float64
		if _, err := fmt.Sscanf(b.String()[strings.Index(b.String(), `viewBox="0 0 `):], `viewBox="0 0 %g %g"`, &width, &height); err != nil {
			t.Fatal(err)
		}
		for _, m := range mark.FindAllStringSubmatch(b.String(), -1) {
			x, errX := strconv.ParseFloat(m[3]+m[5], 64)
			y, errY := strconv.ParseFloat(m[4]+m[6], 64)
			if errX != nil || errY != nil || x > width || y > height-4 {
				t.Errorf("%d curves: a mark at %g, %g is outside of %g × %g", n, x, y, width, height)
			}
		}
	}
	if err := TradeOff(&strings.Builder{}, runs(svg.MaxCurves+1), LeftMACs); err == nil || !strings.Contains(err.Error(), "draw fewer") {
		t.Errorf("more curves than looks: %v", err)
	}
}

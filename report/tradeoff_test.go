package report

import (
	"strings"
	"testing"
)

func TestTradeOff(t *testing.T) {
	run := func(name, group, method string, seed uint64, left int64, err float64) Outcome {
		return Outcome{Run: name, Name: name, Group: group, Method: method, Seed: seed, Measure: "error", Value: err,
			Params: [2]int64{1000, left * 2}, MACs: [2]int64{500, left}, NonZero: left}
	}
	active := func(o Outcome, share float64) Outcome {
		o.Active = &share
		return o
	}
	runs := []Outcome{
		active(run("net", "half", "zeros", 1, 240, 0.14), 0.3), active(run("net", "half", "zeros", 2, 260, 0.16), 0.1),
		active(run("net", "quarter", "zeros", 1, 125, 0.2), 0.05),
		active(run("net", "cut", "magnitude", 1, 250, 0.3), 0.5),
	}
	for over, want := range map[Left][]string{
		LeftMACs:    {"multiply-accumulates left, %", "net, 50: 15 ± 1.4", "net, 25: 20", "net, magnitude, 50: 30", "error, %"},
		LeftParams:  {"parameters left, %", "net, 50: 15 ± 1.4", "net, 25: 20"},
		LeftNonZero: {"parameters that are not 0, %", "net, 25: 15 ± 1.4", "net, 12.5: 20"},
		LeftActive:  {"activations that are not 0, %", "net, 20: 15 ± 1.4", "net, 5: 20", "net, magnitude, 50: 30"},
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
		if n := strings.Count(b.String(), "<circle"); n != 3 {
			t.Errorf("over %s: %d dots, want one for each group of seeds", over, n)
		}
	}
	other := run("text", "text", "zeros", 1, 250, 4.2)
	other.Measure = "perplexity"
	if err := TradeOff(&strings.Builder{}, append(runs, other), LeftMACs); err == nil || !strings.Contains(err.Error(), "perplexity") {
		t.Errorf("results of two kinds in one picture: %v", err)
	}
	without := run("plain", "plain", "zeros", 1, 250, 0.2)
	if err := TradeOff(&strings.Builder{}, append(runs, without), LeftActive); err == nil || !strings.Contains(err.Error(), "plain has no activations") {
		t.Errorf("a network without ReLUs: %v", err)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/report"
)

func TestCompare(t *testing.T) {
	first, s := tinyRun(t)
	second := filepath.Join(t.TempDir(), "other")
	o, err := makeRun(second, strings.NewReplacer("seed: 3", "seed: 4", "name: tiny", "name: other").Replace(tinyConfig))
	if err != nil {
		t.Fatal(err)
	}
	var rows []report.Comparison
	if err := json.Unmarshal([]byte(succeed(t, "compare", first, second, "-json")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0].Seed != 3 || rows[1].Seed != 4 || rows[2].Seeds != 2 {
		t.Fatalf("got %+v", rows)
	}
	a, b := 1-s.AccuracyFinal, 1-o.AccuracyFinal
	if want := (a + b) / 2; math.Abs(rows[2].Value-want) > 1e-12 {
		t.Errorf("mean %g, expected %g", rows[2].Value, want)
	}
	if want := math.Abs(a-b) / math.Sqrt2; math.Abs(rows[2].Spread-want) > 1e-12 {
		t.Errorf("spread %g, expected %g", rows[2].Spread, want)
	}
	svg := filepath.Join(t.TempDir(), "c.svg")
	contains(t, succeed(t, "compare", first, second, "-markdown", "-svg", svg), "| tiny | 3 | error ",
		fmt.Sprintf("| mean of 2 | error %.2f %% ± ", 100*rows[2].Value))
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "multiply-accumulates left, %", "tiny, ")
	succeed(t, "compare", first, second, "-svg", svg, "-over", "params")
	if picture, err = os.ReadFile(svg); err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "parameters left, %")
	succeed(t, "compare", first, second, "-svg", svg, "-over", "activations")
	if picture, err = os.ReadFile(svg); err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "activations that are not 0, %", fmt.Sprintf("tiny, %.4g: ", 50*(s.Density.Overall+o.Density.Overall)))
}

func TestCompareErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	fail(t, 2, "no RUN given", "compare")
	fail(t, 2, "macs, params, nonzero or activations", "compare", folder, "-over", "flops")
	fail(t, 2, "not both", "compare", folder, "-json", "-markdown")
	fail(t, 2, "is no finished run", "compare", copyRun(t, "summary.json"))
	fail(t, 2, "there is no", "compare", filepath.Join(folder, "nothing"))
}

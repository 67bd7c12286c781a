package run

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"pare/config"
	"pare/configs"
)

// plantedSeeds: with ten it prints the whole table:
//
//	go test ./run -run TestPlantedBranches -planted.seeds 10 -v
var plantedSeeds = flag.Int("planted.seeds", 2, "seeds of TestPlantedBranches; above 2 it also trains networks without the penalty, and for the first ones without what each useful branch reads")

// blindSeeds is the number of seeds for which networks are trained without the
// channels that one branch reads.
const blindSeeds = 3

// TestPlantedBranches: of two modules with two useful and two planted useless
// branches each, training drops exactly the useless ones, with one config for all
// seeds, in at least nine of ten. A branch is useful if a network is worse where
// its quadrant of the digit is replaced by a decoy.
func TestPlantedBranches(t *testing.T) {
	text, err := configs.FS.ReadFile("planted-branches.yaml")
	if err != nil {
		t.Fatal(err)
	}
	full := *plantedSeeds > 2
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "seed\tdropped\tparameters\tbefore removal\tafter\tfinal\tdense")
	for k := range 4 {
		fmt.Fprintf(w, "\twithout %d", k+1)
	}
	fmt.Fprintln(w)
	exact := 0
	var sum, dense, without float64 // of accuracies
	for seed := 1; seed <= *plantedSeeds; seed++ {
		r := finish(t, plantedConfig(t, text, seed))
		dropped := droppedBranches(t, r)
		if dropped == "decoy1 decoy2 decoy3 decoy4" {
			exact++
		}
		fmt.Fprintf(w, "%d\t%s\t%d → %d\t%.4f\t%.4f\t%.4f", seed, dropped, r.ParamsBefore, r.ParamsAfter,
			r.AccuracyBeforePrune, r.AccuracyAfterPrune, r.AccuracyFinal)
		sum += r.AccuracyFinal
		if full || seed == 1 {
			d := denseAccuracy(t, text, seed)
			dense += d
			fmt.Fprintf(w, "\t%.4f", d)
			if d-r.AccuracyFinal > 0.03 { // 12 of 400 examples
				t.Errorf("seed %d: accuracy %g, without the penalty %g", seed, r.AccuracyFinal, d)
			}
		}
		for k := 1; full && seed <= blindSeeds && k <= 4; k++ {
			own, decoy := fmt.Sprintf("index: [%d], name: q%d", k-1, k), fmt.Sprintf("index: [%d], name: q%d", k+3, k)
			blind := bytes.Replace(text, []byte(own), []byte(decoy), 1)
			if bytes.Equal(blind, text) {
				t.Fatalf("the config lacks %q", own)
			}
			a := denseAccuracy(t, blind, seed)
			without += a / 4 / blindSeeds
			fmt.Fprintf(w, "\t%.4f", a)
			if a > r.AccuracyFinal-0.01 {
				t.Errorf("seed %d: branch %d is not needed: accuracy %g without it", seed, k, a)
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("exactly the useless branches went in %d of %d seeds\n%s", exact, *plantedSeeds, &table)
	if exact < *plantedSeeds-*plantedSeeds/10 {
		t.Errorf("exactly the useless branches went in %d of %d seeds only", exact, *plantedSeeds)
	}
	if n := float64(*plantedSeeds); full {
		t.Logf("mean accuracy %.4f, without the penalty %.4f, without a useful branch %.4f", sum/n, dense/n, without)
		if sum < dense-0.005*n {
			t.Errorf("the penalty costs accuracy: %.4f against %.4f", sum/n, dense/n)
		}
	}
}

func plantedConfig(t *testing.T, text []byte, seed int, sets ...string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "planted-branches.yaml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, append(sets, fmt.Sprintf("seed=%d", seed), "export.onnx=false"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// denseAccuracy is that of the network trained as long without the penalty.
func denseAccuracy(t *testing.T, text []byte, seed int) float64 {
	t.Helper()
	r := finish(t, plantedConfig(t, text, seed, "penalties.0.lambda=0", "prune.method=none"))
	return r.AccuracyFinal
}

// droppedBranches names the branches that are not in the final network.
func droppedBranches(t *testing.T, r result) string {
	t.Helper()
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Final()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, kind := range []string{"decoy", "useful"} {
		for k := 1; k <= 4; k++ {
			name := fmt.Sprintf("%s%d", kind, k)
			if node, ok := m.Net.Lookup(name); !ok || node.Layer.Kind() == "constant" {
				out = append(out, name)
			}
		}
	}
	return strings.Join(out, " ")
}

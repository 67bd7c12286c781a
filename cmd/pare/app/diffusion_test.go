package app

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

type diffusionAnswer struct {
	Lambda, Objective, Gap, Tolerance float64
	Iterations                        int
	Converged                         bool
	Entries                           []struct {
		I, J          int
		Output, Input string
		Weight        float64
	}
	Edges     []struct{ A, B string }
	Reference *struct{ F1 float64 }
	Path      []diffusionAnswer
}

func diffusionJSON(t *testing.T, args ...string) diffusionAnswer {
	t.Helper()
	var a diffusionAnswer
	if err := json.Unmarshal([]byte(succeed(t, append([]string{"diffusion", "-json"}, args...)...)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func simulated(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "simulated")
	succeed(t, append([]string{"diffusion", "-out", dir, "-simulate"}, args...)...)
	return dir
}

func TestDiffusionOrthonormal(t *testing.T) {
	// XᵀX/n = I, so entries are soft-thresholded correlations: 2 − 0.5 and −1 + 0.5.
	x := textFile(t, "x.csv", "a,b\n1,1\n1,-1\n-1,1\n-1,-1\n")
	y := textFile(t, "y.csv", "b,a\n-1,2\n1,2\n-1,-2\n1,-2\n") // the other order
	a := diffusionJSON(t, "-inputs", x, "-outputs", y, "-lambda", "0.5")
	if len(a.Entries) != 2 || !a.Converged || a.Gap < 0 || a.Gap > a.Tolerance {
		t.Fatalf("got %+v", a)
	}
	for k, want := range []float64{1.5, -0.5} {
		e := a.Entries[k]
		if e.Input != []string{"a", "b"}[k] || e.Output != e.Input || math.Abs(e.Weight-want) > 1e-9 {
			t.Errorf("entry %+v, want %v", e, want)
		}
	}
	if want := 0.5*(0.25+0.25) + 0.5*2; math.Abs(a.Objective-want) > 1e-9 {
		t.Errorf("objective %v, want %v", a.Objective, want)
	}
	if n := diffusionJSON(t, "-inputs", x, "-outputs", y, "-lambda", "0.5", "-nonnegative"); len(n.Entries) != 1 {
		t.Errorf("not negative: %+v", n.Entries)
	}
	s := diffusionJSON(t, "-inputs", x, "-outputs", y, "-lambda", "0.5", "-support", textFile(t, "s.csv", "0,1\n0,1\n"))
	if len(s.Entries) != 1 || s.Entries[0].Input != "b" {
		t.Errorf("known support: %+v", s.Entries)
	}
	if r := diffusionJSON(t, "-inputs", x, "-outputs", y, "-lambda", "0.5", "-relaxed"); math.Abs(r.Entries[0].Weight-2) > 1e-9 {
		t.Errorf("relaxed: %+v", r.Entries)
	}
}

func TestDiffusionRecovers(t *testing.T) {
	dir := simulated(t, "ring", "-nodes", "15", "-observations", "80")
	x, y := filepath.Join(dir, "inputs.csv"), filepath.Join(dir, "outputs.csv")
	out := filepath.Join(t.TempDir(), "out")
	for _, extra := range [][]string{{"-reference", filepath.Join(dir, "kernel.csv"), "-out", out},
		{"-symmetric", "-reference", filepath.Join(dir, "edges.csv")}} {
		a := diffusionJSON(t, append([]string{"-inputs", x, "-outputs", y, "-penalize-diagonal=false", "-cv", "5", "-relaxed", "-one-se"}, extra...)...)
		if a.Reference == nil || a.Reference.F1 < 1 || !a.Converged {
			t.Errorf("%v: %+v", extra, a.Reference)
		}
	}
	for _, name := range []string{"result.json", "kernel.csv", "edges.csv", "network.dot", "network.graphml", "network.svg", "path.csv"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a := diffusionJSON(t, "-inputs", x, "-outputs", y, "-path", "5"); len(a.Path) != 5 || len(a.Path[0].Entries) > 0 {
		t.Errorf("a path of %d kernels", len(a.Path))
	}
	contains(t, succeed(t, "diffusion", "-inputs", x, "-outputs", y, "-drop", "n1,n2", "-lambda", "0.05"),
		"13 inputs, 13 outputs", "entries are not 0", "above the optimum")
}

func TestDiffusionOutputsAlone(t *testing.T) {
	dir := simulated(t, "er", "-nodes", "20", "-degree", "5", "-kernel", "heat", "-observations", "1000", "-snr", "inf")
	out := filepath.Join(t.TempDir(), "out")
	y := filepath.Join(dir, "outputs.csv")
	a := diffusionJSON(t, "-outputs", y, "-laplacian", "-reference", filepath.Join(dir, "edges.csv"), "-out", out)
	if !a.Converged || a.Reference.F1 < 0.9 || a.Gap > a.Tolerance {
		t.Errorf("got %+v", a)
	}
	contains(t, succeed(t, "diffusion", "-outputs", y, "-laplacian"), "outputs alone", "Laplacian", "sum of weights")
	_, _, errs := pare("diffusion", "-outputs", y, "-epsilon", "0", "-max-iterations", "20")
	contains(t, errs, "did not converge: gap", "tolerance", "raise -epsilon")
}

func TestDiffusionBadInput(t *testing.T) {
	x, y := textFile(t, "x.csv", "a,b\n1,1\n1,-1\n-1,1\n"), textFile(t, "y.csv", "a,b\n1,2\n2,1\n3,3\n")
	bad := func(text string) string { return textFile(t, "bad.csv", text) }
	both := func(args ...string) []string { return append([]string{"-inputs", x, "-outputs", y}, args...) }
	for want, args := range map[string][]string{
		"no -outputs":                             {"-inputs", x},
		"there is no such file":                   {"-inputs", "nothing.csv", "-outputs", y},
		"the file is empty":                       {"-inputs", bad(""), "-outputs", y},
		"x.csv has 3 rows and bad.csv has 2":      {"-inputs", x, "-outputs", bad("a,b\n1,2\n2,1\n")},
		"row 2, column b: the cell has no number": {"-inputs", x, "-outputs", bad("a,b\n1,2\n2,\n3,4\n")},
		"row 2, column b: +Inf is not finite":     {"-inputs", x, "-outputs", bad("a,b\n1,2\n2,inf\n3,4\n")},
		"\"red\" is not a number":                 {"-inputs", bad("a,b\n1,red\n2,red\n3,blue\n"), "-outputs", y},
		"column b is constant":                    {"-inputs", bad("a,b\n1,7\n2,7\n3,7\n"), "-outputs", y},
		"at least 2 observations":                 {"-inputs", bad("a\n1\n"), "-outputs", textFile(t, "one.csv", "a\n1\n")},
		"-lambda is -2":                           both("-lambda", "-2"),
		"flag provided but not":                   both("-bark"),
		"neither file has a column \"c\"":         both("-drop", "c"),
		"as many outputs as inputs":               {"-inputs", x, "-outputs", bad("c\n1\n2\n4\n"), "-lambda", "1", "-symmetric"},
		"the matrix is 1 × 2":                     both("-lambda", "1", "-support", bad("1,0\n")),
		"the known support is empty":              both("-lambda", "1", "-support", bad("0,0\n0,0\n")),
		"-cv is 1":                                both("-cv", "1"),
		"folds of 3 observations":                 both("-cv", "9"),
		"it goes with -cv":                        both("-one-se"),
		"of a path no kernel is chosen":           both("-relaxed"),
		"it is for outputs alone":                 both("-laplacian"),
		"it needs the signals that went in":       {"-outputs", y, "-symmetric"},
		"no column \"z\" for the anchor":          {"-outputs", y, "-anchor", "z"},
		"it goes with -simulate":                  both("-snr", "3"),
		"it is for a fit; leave -simulate out":    {"-simulate", "er", "-inputs", x, "-out", "o"},
		"no graph \"tree\"":                       {"-simulate", "tree", "-out", filepath.Join(t.TempDir(), "o")},
		"needs inputs of full column rank":        {"-inputs", bad("a,b\n1,2\n2,4\n3,6\n"), "-outputs", y, "-lambda", "0"},
		"-tolerance is -1":                        both("-tolerance", "-1"),
	} {
		fail(t, cli.ExitBadInput, want, append([]string{"diffusion"}, args...)...)
	}
}

func TestDiffusionNotConverged(t *testing.T) {
	var x, y strings.Builder
	x.WriteString("a,b,c\n")
	y.WriteString("a\n")
	for i := range 20 {
		u, v := math.Sin(float64(i)), math.Cos(3*float64(i))
		fmt.Fprintf(&x, "%v,%v,%v\n", u, u+0.1*v, v+0.2*u)
		fmt.Fprintf(&y, "%v\n", u-v)
	}
	status, out, errs := pare("diffusion", "-inputs", textFile(t, "x.csv", x.String()), "-outputs", textFile(t, "y.csv", y.String()),
		"-lambda", "0.0001", "-max-iterations", "1", "-tolerance", "1e-14", "-json")
	if status != 0 || !strings.Contains(out, `"converged":false`) {
		t.Errorf("status %d, %s, %s", status, out, errs)
	}
	contains(t, errs, "did not converge: duality gap", "tolerance", "allow more iterations")
}

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// textFile writes a file of a test and returns its path.
func textFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// chain is CSV of n observations in which each variable follows the one before.
func chain(n, p int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for j := range p {
		fmt.Fprintf(&b, "%sv%d", strings.Repeat(",", min(j, 1)), j+1)
	}
	for range n {
		v := 0.0
		b.WriteString("\n")
		for j := range p {
			v = 0.7*v + rng.NormFloat64()
			fmt.Fprintf(&b, "%s%.6f", strings.Repeat(",", min(j, 1)), v)
		}
	}
	return b.String() + "\n"
}

type glassoAnswer struct {
	Lambda, Objective, Gap, Tolerance, Trace float64
	LogDet                                   float64 `json:"log_det"`
	Iterations                               int
	Converged                                bool
	Components                               [][]int
	Diagonal                                 []float64
	Edges                                    []struct {
		I, J   int
		A, B   string
		Weight float64
	}
	Reference *struct{ Precision, Recall float64 }
	Selection *struct {
		Method string
		Scores []*float64
	}
	Path []glassoAnswer
}

func glassoJSON(t *testing.T, args ...string) glassoAnswer {
	t.Helper()
	var a glassoAnswer
	if err := json.Unmarshal([]byte(succeed(t, append([]string{"glasso", "-json"}, args...)...)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGlassoOneLambda(t *testing.T) {
	// The closed form of two variables: W₁₂ = s₁₂ − λ.
	cov := textFile(t, "s.csv", "rain,sun\n1,-0.5\n-0.5,1\n")
	a := glassoJSON(t, "-cov", cov, "-lambda", "0.25")
	w := -0.25
	theta := -w / (1 - w*w)
	if len(a.Edges) != 1 || a.Edges[0].A != "rain" || a.Edges[0].B != "sun" || math.Abs(a.Edges[0].Weight-theta) > 1e-9 {
		t.Fatalf("edges are %+v, want a weight of %v", a.Edges, theta)
	}
	d := a.Diagonal[0]
	objective := -math.Log(d*d-theta*theta) + 2*d + 2*-0.5*theta + 2*0.25*math.Abs(theta)
	if math.Abs(a.Objective-objective) > 1e-9 || !a.Converged || a.Gap < 0 || a.Gap > a.Tolerance ||
		len(a.Components) != 1 || a.Lambda != 0.25 {
		t.Errorf("got %+v, objective %v", a, objective)
	}
	p := glassoJSON(t, "-cov", cov, "-lambda", "0.25", "-penalize-diagonal")
	if math.Abs(1/(p.Diagonal[0]-p.Edges[0].Weight*p.Edges[0].Weight/p.Diagonal[0])-1.25) > 1e-9 {
		t.Errorf("the diagonal of the inverse is not s + λ: %+v", p)
	}
	kept := glassoJSON(t, "-cov", cov, "-lambda", "0.25", "-penalty-factor", textFile(t, "w.csv", "0,inf\ninf,0\n"))
	if len(kept.Edges) != 0 {
		t.Errorf("an edge of weight inf is there: %+v", kept.Edges)
	}
}

func TestGlassoPathAndSelection(t *testing.T) {
	data := textFile(t, "chain.csv", chain(400, 6))
	known := textFile(t, "known.csv", "from,to\nv1,v2\nv3,v2\nv3,v4\nv4,v5\nv5,v6\n")
	path := glassoJSON(t, "-data", data, "-corr", "-path", "8", "-reference", known)
	if len(path.Path) != 8 || len(path.Path[0].Edges) != 0 || path.Path[7].Reference.Recall != 1 {
		t.Errorf("path %+v", path.Path)
	}
	for _, method := range []string{"ebic", "stars", "cv"} {
		out := filepath.Join(t.TempDir(), "out")
		a := glassoJSON(t, "-data", data, "-corr", "-path", "8", "-select", method, "-reference", known, "-out", out)
		if a.Selection == nil || a.Selection.Method != method || len(a.Selection.Scores) != 8 || a.Reference.Recall < 1 {
			t.Errorf("%s: %+v", method, a)
		}
		for _, name := range []string{"result.json", "edges.csv", "network.dot", "network.graphml", "network.svg", "precision.csv",
			"path.csv", "path_edges.csv", "path.svg", "networks.svg"} {
			if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		fail(t, cli.ExitBadInput, "is not empty", "glasso", "-data", data, "-out", out)
	}
	if a := glassoJSON(t, "-data", data, "-lambda", "0.2", "-drop", "v3,v6"); len(a.Diagonal) != 4 {
		t.Errorf("two of six columns are left out of %d", len(a.Diagonal))
	}
	contains(t, succeed(t, "glasso", "-data", data, "-corr", "-select", "ebic", "-relaxed", "-stability", "-reference", known),
		"400 observations of 6 variables, correlations", "eBIC", "← chosen", "fitted again", "in subsamples", "recall 1.00", "above the optimum")
}

func TestGlassoBadInput(t *testing.T) {
	good := textFile(t, "chain.csv", chain(30, 3))
	bad := func(text string) string { return textFile(t, "bad.csv", text) }
	for want, args := range map[string][]string{
		"no -data":              {},
		"there is no such file": {"-data", "nothing.csv"},
		"the file is empty":     {"-data", bad("")},
		"flag provided but not": {"-bark"},
		"-lambda is -1":         {"-data", good, "-lambda", "-1"},
		"-lambda is NaN":        {"-data", good, "-lambda", "nan"},
		"is one λ":              {"-data", good, "-lambda", "1", "-path", "3"},
		"row 2, column b: the cell has no number (it is empty, NA, NaN or another word for a missing value); leave such rows out with -complete": {"-data", bad("a,b\n1,2\n2,\n3,4\n")},
		"row 1, column a: +Inf is not finite":                           {"-data", bad("a,b\nInf,2\n2,1\n3,4\n")},
		"column b is constant (2 in the first); leave out with -drop b": {"-data", bad("a,b\n1,2\n2,2\n3,2\n")},
		"1 of 1 rows; at least 2":                                       {"-data", bad("a,b\n1,2\n")},
		"\"red\" is not a number":                                       {"-data", bad("a,b\n1,red\n2,blue\n")},
		"; -one-hot replaces":                                           {"-data", bad("a,b\n1,red\n2,blue\n")},
		"no column \"v9\"; did you mean":                                {"-data", good, "-drop", "v9"},
		"which has no logarithm":                                        {"-data", good, "-transform", "log"},
		"no transform \"sqrt\"":                                         {"-data", good, "-transform", "sqrt"},
		"not symmetric: row 2, column 1 is 0.4":                         {"-cov", bad("1,0.5\n0.4,1\n"), "-lambda", "0.1"},
		"not positive semidefinite":                                     {"-cov", bad("1,2\n2,1\n"), "-lambda", "0.1"},
		"must be square; it has 3 rows and 2 columns":                   {"-cov", bad("1,2\n2,1\n3,4\n"), "-lambda", "0.1"},
		"row 2, column x1: the cell has no number":                      {"-cov", bad("1,0.5\nNaN,1\n"), "-lambda", "0.1"},
		"number of observations behind the covariance":                  {"-cov", bad("1,0.5\n0.5,1\n"), "-select", "ebic"},
		"it goes with -cov":                                             {"-data", good, "-observations", "4"},
		"it goes with -select cv":                                       {"-data", good, "-one-se"},
		"of a path no network is chosen":                                {"-data", good, "-relaxed"},
		"-select is \"aic\"":                                            {"-data", good, "-select", "aic"},
		"no node \"w1\"; did you mean v1":                               {"-data", good, "-reference", bad("from,to\nw1,v2\n")},
		"expected 3 × 3":                                                {"-data", good, "-penalty-factor", bad("1,2\n2,1\n")},
		"penalty's weight of row 2, column 1":                           {"-data", good, "-penalty-factor", bad("1,2,1\n1,1,1\n1,1,1\n")},
		"-threads is -1":                                                {"-data", good, "-threads", "-1"},
		"there is no folder":                                            {"-data", good, "-out", filepath.Join(t.TempDir(), "a", "b")},
		"unexpected argument \"x\"":                                     {"-data", good, "x"},
	} {
		fail(t, cli.ExitBadInput, want, append([]string{"glasso"}, args...)...)
	}
}

func TestGlassoNotConverged(t *testing.T) {
	data := textFile(t, "chain.csv", chain(60, 12))
	status, out, errs := pare("glasso", "-data", data, "-lambda", "0.01", "-max-iterations", "1", "-json")
	if status != 0 || !strings.Contains(out, `"converged":false`) || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, %s", status, errs)
	}
	contains(t, errs, "lambda 0.01 did not converge: gap", "nats after 1 iterations, tolerance", "raise the limit")
}

func TestGlassoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	args := []string{"glasso", "-data", textFile(t, "chain.csv", chain(30, 3)), "-out", filepath.Join(dir, "out")}
	if got := execute(ctx, args, &out, &errs); got != cli.ExitInterrupted {
		t.Errorf("status %d; %s", got, &errs)
	}
	absent(t, dir)
}

// TestGlassoOfNineRows: the defaults of methods that are not chosen ask for nothing.
func TestGlassoOfNineRows(t *testing.T) {
	data := textFile(t, "x.csv", chain(9, 3))
	for _, args := range []string{"-select ebic", "-select stars", "-select cv", "-lambda 0.1 -stability", ""} {
		glassoJSON(t, append([]string{"-data", data}, strings.Fields(args)...)...)
	}
	for args, text := range map[string]string{
		"-select cv -cv 10": "10 folds of 9 observations", "-select cv -cv 0": "-cv is 0", "-select stars -subsamples 0": "-subsamples is 0",
		"-select stars -instability 0": "-instability is 0", "-ratio 0": "-ratio is 0", "-lambda inf": "-lambda is +Inf",
		"-select ebic -cv 3": "-cv goes with -select cv",
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"glasso", "-data", data}, strings.Fields(args)...)...)
	}
	big := strings.ReplaceAll(chain(9, 3), "\n", "e90\n")
	fail(t, cli.ExitBadInput, "too large", "glasso", "-data", textFile(t, "x.csv", strings.Replace(big, "e90", "", 1)), "-lambda", "0.1")
}

// TestNotesOfReadingReachStandardError where standard output is JSON.
func TestNotesOfReadingReachStandardError(t *testing.T) {
	data := textFile(t, "x.csv", "gr\xf6,gr\xe4,y\n1,2,3\n2,1,4\n3,5,1\n4,4,2\n")
	for _, args := range [][]string{{"glasso", "-data", data, "-lambda", "0.1"},
		{"diffusion", "-outputs", data, "-inputs", data, "-lambda", "0.1"},
		{"lasso", "-data", data, "-target", "y", "-lambda", "0.1"}} {
		status, out, errs := pare(append(args, "-json")...)
		if status != 0 || !strings.Contains(out, "grö") || !strings.Contains(errs, "note: the text is not UTF-8 and was read as Windows-1252") {
			t.Errorf("%q: status %d, %q, %q", args, status, out, errs)
		}
	}
}

package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// TestOlderNames: an older name of an option does the same as the name, says so in one line
// on standard error, and does not stand beside the name.
func TestOlderNames(t *testing.T) {
	table, data := grades(t), textFile(t, "chain.csv", chain(60, 4))
	lasso := []string{"lasso", "-json", "-data", table, "-target", "y", "-drop", "school,pass,level"}
	glasso := []string{"glasso", "-json", "-data", data}
	diffusion := []string{"diffusion", "-json", "-inputs", data, "-outputs", data, "-lambda", "0.1"}
	factors := textFile(t, "w.csv", "0,1,1,inf\n1,0,1,1\n1,1,0,1\ninf,1,1,0\n")
	for _, c := range []struct {
		base     []string
		old, now string
	}{
		{lasso, "-features a,b", "-columns a,b"},
		{lasso, "-drop-missing", "-complete"},
		{lasso, "-lambda-min-ratio 0.1", "-ratio 0.1"},
		{lasso, "-tol 1e-3", "-tolerance 1e-3"},
		{lasso, "-max-iter 7", "-max-iterations 7"},
		{lasso, "-positive -lambda 0.1", "-nonnegative -lambda 0.1"},
		{lasso, "-select min -cv 3", "-one-se=false -cv 3"},
		{lasso, "-select 1se -cv 3", "-one-se=true -cv 3"},
		{glasso, "-folds 3 -select cv", "-cv 3 -select cv"},
		{glasso, "-weights " + factors + " -lambda 0.01", "-penalty-factor " + factors + " -lambda 0.01"},
		{glasso, "-penalised-ebic -select ebic", "-penalized-ebic -select ebic"},
		{diffusion, "-free-diagonal", "-penalize-diagonal=false"},
		{diffusion, "-free-diagonal=false", "-penalize-diagonal=true"},
	} {
		old := slices.Concat(c.base, strings.Fields(c.old))
		now := slices.Concat(c.base, strings.Fields(c.now))
		want := succeed(t, now...)
		status, out, errs := pare(old...)
		name, option := strings.Fields(c.old)[0], strings.Fields(c.now)[0]
		name, _, _ = strings.Cut(name, "=")
		if status != 0 || out != want {
			t.Errorf("%q and %q differ: status %d, %.300s, %s", c.old, c.now, status, out, errs)
		}
		if strings.Count(errs, "older names") != 1 || !strings.Contains(errs, "write "+option+" for "+name+"\n") {
			t.Errorf("%q: standard error is %q", c.old, errs)
		}
		fail(t, cli.ExitBadInput, name+" is an older name", append(old, now[len(c.base):]...)...)
		text := succeed(t, "help", c.base[0])
		if strings.Contains(text, "\n  "+name+" ") || strings.Count(text, "  "+name+": now -") != 1 {
			t.Errorf("the help of %s does not list %s once, below the options", c.base[0], name)
		}
	}
	_, _, errs := pare(append(lasso, "-features", "a", "-tol", "1e-3", "-lambda", "0.1")...)
	contains(t, errs, "older names of options: write -columns for -features, -tolerance for -tol\n")
}

// TestSharedOptions: lasso, glasso and diffusion call the same thing by the same name, and
// their results have the same frame.
func TestSharedOptions(t *testing.T) {
	data := textFile(t, "d.csv", "a,b,k,y,e\n1,2,u,4,7\n2,,v,3,7\n4,1,u,2,7\n0,5,v,6,7\n3,3,v,5,7\n7,4,u,1,7\n")
	shared := []string{"-data", data, "-complete", "-drop-constant", "-one-hot", "-drop", "a", "-ratio", "0.1",
		"-path", "4", "-cv", "2", "-one-se", "-seed", "3",
		"-tolerance", "1e-5", "-max-iterations", "900", "-sep", ",", "-missing", "NA", "-decimal", ".", "-json"}
	lasso := append([]string{"lasso", "-target", "y"}, shared...)
	glasso := append([]string{"glasso"}, shared...)
	diffusion := append([]string{"diffusion", "-outputs", data, "-inputs"}, shared[1:]...)
	for _, args := range [][]string{lasso, glasso, diffusion} {
		dir := filepath.Join(t.TempDir(), "out")
		status, out, errs := pare(append(args, "-out", dir)...)
		if status != 0 || !strings.HasPrefix(out, `{"format":1,"command":"`+args[0]+`","file":"d.csv","observations":5,`) {
			t.Errorf("%s: status %d, %.200s, %s", args[0], status, out, errs)
		}
		contains(t, errs, "note: 1 of 6 rows with a missing cell are left out", "note: constant, left out: e")
		contains(t, out, `"notes":["`)
		for _, name := range []string{"result.json", "path.csv"} {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(text) < 50 {
				t.Errorf("%s: %s is %q, %v", args[0], name, text, err)
			}
		}
		fail(t, cli.ExitBadInput, "is not empty", append(args, "-out", dir)...)
	}
}

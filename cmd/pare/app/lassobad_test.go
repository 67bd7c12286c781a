package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

func TestLassoTargetFile(t *testing.T) {
	x := file(t, "x.csv", "1 2\n2 1\n3 5\n4 0\n")
	m := fitJSON(t, "-data", x, "-no-header", "-sep", " ", "-target-file", file(t, "y.csv", "1\n2\n3\n4\n"), "-lambda", "0.01")
	if !(m.Coefficients["x1"] > 0.9) {
		t.Errorf("%v", m.Coefficients)
	}
	fail(t, cli.ExitBadInput, "y.csv has 3 rows, x.csv has 4", "lasso", "-data", x, "-no-header", "-sep", " ",
		"-target-file", file(t, "y.csv", "1\n2\n3\n"), "-lambda", "1")
}

func TestLassoBadInput(t *testing.T) {
	data := grades(t)
	for _, c := range []struct{ text, csv, args string }{
		{"row 2, column a: the cell has no number (it is empty, NA, NaN or another word for a missing value); leave such rows out with -complete, or the column with -drop a", "a,b,y\n1,2,3\nNaN,1,2\n3,3,1\n", "-target y"},
		{"row 3, column b: +Inf is not finite", "a,b,y\n1,2,3\n2,1,2\n3,Inf,1\n", "-target y"},
		{"row 1, column y: the cell has no number (it is empty, NA, NaN or another word for a missing value); leave such rows out with -complete", "a,b,y\n1,2,\n2,1,2\n3,4,1\n", "-target y"},
		{"row 1, column y: the value is missing; leave such rows out with -complete", "a,b,y\n1,2,\n2,1,u\n3,4,v\n", "-target y -family binomial"},
		{"row 2, column w: the cell has no number (it is empty, NA, NaN or another word for a missing value); leave such rows out with -complete", "a,w,y\n1,1,2\n2,,1\n3,4,5\n", "-target y -weights w"},
		{"column b is constant", "a,b,y\n1,2,3\n2,2,2\n3,2,1\n", "-target y"},
		{"columns b, c are constant", "a,b,c,y\n1,2,0,3\n2,2,0,2\n3,2,0,1\n", "-target y"},
		{"at least 2 observations are needed", "a,b,y\n1,2,3\n", "-target y"},
		{"row 2 has 2 cells", "a,b,y\n1,2,3\n1,2\n", "-target y"},
		{"1, column b: \"u\" is not a number; the column is text with 2 different values; -one-hot replaces it by a column of 0 and 1 for each value, -drop b leaves it out", "a,b,y\n1,u,3\n2,v,2\n3,u,1\n", "-target y"},
		{"is 3 in every row", "a,b,y\n1,2,3\n2,1,3\n3,0,3\n", "-target y"},
		{"yes in every row", "a,y\n1,yes\n2,yes\n", "-target y -family binomial"},
		{"has 3 values (p, q, r); -family binomial needs 2", "a,y\n1,p\n2,q\n3,r\n", "-target y -family binomial"},
		{"too many for classes", "a,y\n1,1\n2,2\n3,3\n", "-target y -family multinomial"},
		{"is text (p, q); for classes use -family binomial", "a,y\n1,p\n2,q\n", "-target y"},
		{`no column "yy"; did you mean y?`, "a,y\n1,1\n2,2\n", "-target yy"},
		{"no column is left", "y\n1\n2\n", "-target y"},
		{"negative", "a,w,y\n1,1,1\n2,-1,2\n", "-target y -weights w"},
		{"row 2, column y: 3e+77 is too large", "a,y\n1,1e77\n2,3e77\n3,-1e77\n", "-target y"},
		{"row 3, column a: 4e-200 is too small", "a,b,y\n0,2,1\n1e-200,1,2\n4e-200,3,3\n", "-target y"},
	} {
		fail(t, cli.ExitBadInput, c.text,
			append([]string{"lasso", "-lambda", "0.1", "-data", file(t, "t.csv", c.csv)}, strings.Fields(c.args)...)...)
	}
	for args, text := range map[string]string{
		"-lambda -1":                          "-lambda is -1",
		"-lambda NaN":                         "-lambda is NaN",
		"-lambda 1 -path 5":                   "-lambda is one λ",
		"-lambda 1 -cv 5":                     "-cv chooses a λ of a path",
		"-lambda 1 -ratio 0.1":                "-lambda is one λ",
		"-path 1":                             "at least 2",
		"-cv 1":                               "at least 2",
		"-cv 1000":                            "120 rows",
		"-alpha -0.1":                         "-alpha is -0.1",
		"-alpha 1.1":                          "-alpha is 1.1",
		"-penalty lasso":                      `-penalty is "lasso"`,
		"-penalty mcp -alpha 0.5":             "-penalty and -alpha contradict",
		"-penalty mcp -concavity 1":           "-concavity is 1; mcp takes more than 1",
		"-penalty scad -concavity 2":          "-concavity is 2; scad takes more than 2",
		"-concavity 3":                        "-concavity",
		"-alpha 0 -relax":                     "-relax refits",
		"-alpha 0 -guard stability":           "-guard judges by the lasso",
		"-penalty mcp -robust 0.1":            "-robust compares with the lasso",
		"-one-hot -group-columns nowhere*":    "no column matches nowhere*",
		"-group-columns x* -penalty mcp":      "-group-lasso is a penalty of its own",
		"-group-columns x* -group-file g.csv": "contradict each other",
		"-offset nowhere":                     "nowhere",
		"-offset y":                           "cannot be two of",
		"-family poisson":                     "is negative; -family poisson takes counts from 0",
		"-alpha 1.5":                          "-alpha is 1.5",
		"-guard knockoffs -q 0":               "-q is 0",
		"-guard knockoffs -q 1":               "-q is 1",
		"-guard magic":                        `-guard is "magic"`,
		"-q 0.1":                              "give -guard too",
		"-guard stability -fixed-x":           "-fixed-x is for",
		"-guard stability -knockoffs 2":       "-knockoffs is for",
		"-guard permutation -q 0.01 -permutations 10": "at least 99",
		"-guard knockoffs -interactions":              "use -guard permutation",
		"-guard knockoffs -penalty-factor a=2":        "alike",
		"-guard knockoffs -weights w":                 "contradict",
		"-knockoffs 3":                                "give -guard too",
		"-robust 0":                                   "-robust is 0",
		"-robust 0.1 -interactions":                   "contradict",
		"-family cauchy":                              `-family is "cauchy"`,
		"-nonnegative -lower-limits a=-1":             "contradict",
		"-lower-limits a=1":                           "at most 0",
		"-upper-limits a=-1":                          "at least 0",
		"-penalty-factor a=-1":                        "at least 0",
		"-penalty-factor a":                           "not column=number",
		"-penalty-factor bb=1":                        "did you mean",
		"-penalty-factor a=0 -nonnegative":            "contradict each other",
		"-group-lasso":                                "give both",
		"-drop-first":                                 "give both",
		"-one-se=false":                               "give -cv too",
		"-cv 5 -select best":                          "it is an older name of -one-se",
		"-groups team":                                "give -cv or -test-size",
		"-groups team -foldid w":                      "contradict",
		"-foldid w -cv 3":                             "contradict",
		"-columns a -drop a":                          "no column is left to explain y with",
		"-test-size 1":                                "between 0 and 1",
		"-tolerance -1":                               "-tolerance is -1",
		"-tolerance 0":                                "-tolerance is 0",
		"-tolerance inf":                              "-tolerance is +Inf",
		"-max-iterations 0":                           "-max-iterations is 0",
		"-ratio 0":                                    "-ratio is 0",
		"-cv 0":                                       "-cv is 0",
		"-guard knockoffs -knockoffs 0":               "-knockoffs is 0",
		"-guard permutation -permutations 0":          "-permutations is 0",
		"-guard permutation -q 2":                     "-q is 2",
		"-guard stability -q 0":                       "-q is 0",
		"-guard stability -q 1000":                    "which allows every column (5) to be a false selection",
		"-target-file x.csv":                          "contradict",
		"-audit nosuch":                               `no column "nosuch"`,
		"-audit a":                                    "at most 50 groups",
		"-audit y":                                    "column y is the target, an audit compares groups of rows whatever the target is",
		"-ols -weights w":                             "contradict",
		"-decimal , -sep ab":                          "one character",
		"-sep ab":                                     "one character",
	} {
		given := []string{"lasso", "-data", data, "-target", "y"}
		if !strings.HasPrefix(args, "-columns") && !strings.Contains(args, " -columns") {
			given = append(given, "-drop", "school,pass,level")
		}
		fail(t, cli.ExitBadInput, text, append(given, strings.Fields(args)...)...)
	}
	fail(t, cli.ExitBadInput, "no -data FILE given", "lasso")
	fail(t, cli.ExitBadInput, "no -target COLUMN given", "lasso", "-data", data)
	fail(t, cli.ExitBadInput, "there is no such file", "lasso", "-data", "nosuch.csv", "-target", "y")
	fail(t, cli.ExitBadInput, "is a file; choose a folder", "lasso", "-data", data, "-target", "y", "-out", data)
	fail(t, cli.ExitBadInput, "there is no folder", "lasso", "-data", data, "-target", "y", "-out", filepath.Join(t.TempDir(), "a", "b"))
	fail(t, cli.ExitBadInput, "not multinomial", "lasso", "-data", data, "-target", "level", "-family", "multinomial",
		"-columns", numbers, "-guard", "knockoffs")
	fail(t, cli.ExitBadInput, "not multinomial", "lasso", "-data", data, "-target", "level", "-family", "multinomial",
		"-columns", numbers, "-audit", "school")
	// The options that the errors name make the fit go through.
	fitJSON(t, "-data", file(t, "t.csv", "a,b,c,y\n1,2,1,3\n2,2,NA,2\n3,2,5,1\n4,2,2,0\n"), "-target", "y",
		"-drop-constant", "-complete", "-lambda", "0.1")
}

func TestLassoNotConverged(t *testing.T) {
	status, out, errs := pare("lasso", "-data", grades(t), "-target", "pass", "-family", "binomial", "-columns",
		numbers, "-lambda", "1e-4", "-max-iterations", "1", "-tolerance", "1e-15", "-json")
	var m fitted
	if err := json.Unmarshal([]byte(out), &m); err != nil || status != 0 {
		t.Fatal(status, err, errs)
	}
	if m.Converged {
		t.Skip("one sweep was enough")
	}
	if !(m.Gap > m.Tolerance) || math.IsInf(m.Gap, 0) {
		t.Errorf("gap %v, tolerance %v", m.Gap, m.Tolerance)
	}
	contains(t, errs, "not converged", "gap", "tolerance")
}

func TestLassoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if status := execute(ctx, []string{"lasso", "-data", grades(t), "-target", "y", "-columns", numbers, "-out", dir},
		&out, &errs); status != cli.ExitInterrupted {
		t.Errorf("status %d, %s", status, errs.String())
	}
	absent(t, dir)
}

// TestLassoFoldOfAClass: without a fold that has all of a class there is nothing to fit.
func TestLassoFoldOfAClass(t *testing.T) {
	rows := "a,y,f\n1,u,p\n2,u,p\n3,v,q\n1,v,r\n2,w,q\n4,w,r\n"
	data := file(t, "t.csv", rows)
	fail(t, cli.ExitBadInput, "all rows of class u of y are in fold p", "lasso", "-data", data, "-target", "y",
		"-family", "multinomial", "-foldid", "f")
	one := file(t, "t.csv", "a,y\n1,u\n2,v\n3,v\n1,v\n2,v\n4,v\n")
	fail(t, cli.ExitBadInput, "all rows of class u of y are in one fold", "lasso", "-data", one, "-target", "y",
		"-family", "binomial", "-cv", "3")
}

// TestLassoStabilityTakesANumber: q of stability selection is an expected number of false
// selections; more of them let more columns pass.
func TestLassoStabilityTakesANumber(t *testing.T) {
	var passed [2]int
	for k, q := range []string{"0.1", "2.5"} {
		var m struct {
			Guard struct {
				Q, Bound float64
				Selected []string
			}
		}
		out := succeed(t, "lasso", "-json", "-data", grades(t), "-target", "y", "-columns", numbers, "-guard", "stability", "-q", q)
		if err := json.Unmarshal([]byte(out), &m); err != nil {
			t.Fatal(err)
		}
		if passed[k] = len(m.Guard.Selected); m.Guard.Bound > m.Guard.Q || m.Guard.Bound <= 0 {
			t.Errorf("-q %s: %+v", q, m.Guard)
		}
	}
	if passed[0] > passed[1] || passed[1] == 0 {
		t.Errorf("%d columns pass at q 0.1, %d at 2.5", passed[0], passed[1])
	}
}

// TestLassoWithoutAPenalty: the summary says where there is no fit, or more than one.
func TestLassoWithoutAPenalty(t *testing.T) {
	data := file(t, "t.csv", "a,b,c,y,k\n1,2,3,1,u\n2,1,3,2,u\n3,5,8,2,u\n4,0,4,5,v\n5,1,6,4,v\n6,1,7,7,v\n")
	out := succeed(t, "lasso", "-data", data, "-target", "y", "-drop", "k", "-lambda", "0")
	contains(t, out, "not the only solution: one feature", "no penalty: the gradient is at most")
	out = succeed(t, "lasso", "-data", data, "-target", "k", "-family", "binomial", "-drop", "y,c", "-lambda", "0")
	contains(t, out, "no fit exists at lambda 0", "grow without bound")
}

// numbered is a table of n rows with a column that is numbers but for some cells.
func numbered(n int, cell func(i int) string) string {
	var b strings.Builder
	b.WriteString("x,z,y\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,%d,%d\n", cell(i), i*i%7, i*3%11)
	}
	return b.String()
}

// TestLassoStrayText: a column of numbers with a cell of text is refused, never taken as a
// column of categories that nobody named.
func TestLassoStrayText(t *testing.T) {
	odd := func(word string) string {
		return file(t, "t.csv", numbered(40, func(i int) string {
			if i == 6 || i == 9 {
				return word
			}
			return fmt.Sprint(float64(i%13) / 2)
		}))
	}
	for _, args := range []string{"", "-one-hot", "-one-hot -complete"} {
		fail(t, cli.ExitBadInput, `row 7, column x: "12b" is not a number, as 38 of 40 cells of the column are; correct the cell, name it in -missing, or take every value as a category with -categorical x`,
			append([]string{"lasso", "-lambda", "0.1", "-data", odd("12b"), "-target", "y"}, strings.Fields(args)...)...)
	}
	fail(t, cli.ExitBadInput, "is not a number, as 38 of 40", "lasso", "-lambda", "0.1", "-data", odd("12b"), "-target", "x")
	for _, word := range []string{"?", ".", "null", "None", "N/A", "#N/A", "n/a", "NULL", "nan", "-NaN", "<NA>"} {
		m := fitJSON(t, "-data", odd(word), "-target", "y", "-one-hot", "-complete", "-lambda", "0.1")
		if len(m.Coefficients) != 2 || m.Rows != 38 {
			t.Errorf("%s: %d rows, %v", word, m.Rows, m.Coefficients)
		}
	}
	for _, words := range []string{"-", "12b", "-999"} {
		if m := fitJSON(t, "-data", odd(words), "-target", "y", "-complete", "-missing", words+",n", "-lambda", "0.1"); m.Rows != 38 {
			t.Errorf("-missing %s: %d rows", words, m.Rows)
		}
	}
	m := fitJSON(t, "-data", odd("12b"), "-target", "y", "-categorical", "x", "-drop-constant", "-lambda", "0.1")
	if len(m.Coefficients) != 15 { // 13 numbers, the text and z
		t.Errorf("%d columns: %v", len(m.Coefficients), m.Coefficients)
	}
	names := file(t, "t.csv", numbered(40, func(i int) string { return fmt.Sprintf("id%d", i) }))
	fail(t, cli.ExitBadInput, "column x has 40 different values in 40 rows, as an identifier or free text has; "+
		"leave the column out with -drop x, or keep it with -categorical x",
		"lasso", "-lambda", "0.1", "-data", names, "-target", "y", "-one-hot")
	fail(t, cli.ExitBadInput, `-categorical names "xx"`, "lasso", "-lambda", "0.1", "-data", names, "-target", "y", "-categorical", "xx")
	fail(t, cli.ExitBadInput, `-decimal is ";"`, "lasso", "-lambda", "0.1", "-data", names, "-target", "y", "-decimal", ";")
	fail(t, cli.ExitBadInput, "with -categorical x", "glasso", "-lambda", "0.1", "-data", odd("12b"), "-one-hot")
}

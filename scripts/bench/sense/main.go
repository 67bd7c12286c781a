// Command sense shows whether the linear estimators say something true: on data
// with columns that cannot matter, on data whose truth is known, and on groups of
// rows. docs/estimators-linear.md has its output.
//
//	go run ./scripts/bench/sense student DATA
//	go run ./scripts/bench/sense truth
//	go run ./scripts/bench/sense gb1 DATA
//	go run ./scripts/bench/sense groups DATA
//	go run ./scripts/bench/sense worst DATA
//
// DATA is a folder with student/student-mat.csv, compas/compas-scores-two-years.csv,
// gb1/four_mutations_full_data.csv.zip and diabetes/*.csv.gz.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"

	"pare/internal/kernel/parallel"
	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
)

func main() {
	most := flag.Int("repetitions", 0, "at most so many; 0: as many as documented")
	threads := flag.Int("threads", 2, "repetitions at a time")
	only := flag.String("only", "", "rows of student, truth and groups with this in their names")
	rows := flag.Int("rows", 20000, "variants of gb1 to fit to")
	flag.Parse()
	folder := flag.Arg(1)
	s := study{folder: folder, most: *most, threads: *threads, only: *only, rows: *rows}
	parts := map[string]func() error{"student": s.student, "truth": s.truth, "gb1": s.epistasis, "groups": s.groups, "worst": s.worst}
	part, ok := parts[flag.Arg(0)]
	if !ok || folder == "" && flag.Arg(0) != "truth" {
		fmt.Fprintln(os.Stderr, "usage: sense [-repetitions N] [-only ROWS] [-rows N] student|truth|gb1|groups|worst DATA")
		os.Exit(2)
	}
	if err := part(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// study is the folder of the data and the size of the study.
type study struct {
	folder  string
	most    int
	threads int
	only    string
	rows    int
}

// repetitions is n, or fewer.
func (s study) repetitions(n int) int {
	if s.most > 0 {
		return min(n, s.most)
	}
	return n
}

// measure takes measures of all k below n, some at a time: do fills the values of one k. It
// returns the values of each measure.
func (s study) measure(n, measures int, do func(k int, values []float64) error) ([][]float64, error) {
	columns, errs := make([][]float64, measures), make([]error, n)
	for m := range columns {
		columns[m] = make([]float64, n)
	}
	parallel.Of(s.threads, n, func(k int) {
		values := make([]float64, measures)
		errs[k] = do(k, values)
		for m, v := range values {
			columns[m][k] = v
		}
	})
	return columns, errors.Join(errs...)
}

// fit is lasso.Run on the columns of a table.
func fit(t *table.Table, c lasso.Table, o lasso.Options) (*lasso.Result, error) {
	d, err := lasso.Load(t, o.Family, c)
	if err != nil {
		return nil, err
	}
	return lasso.Run(d, o)
}

// way is a way to select features.
type way struct {
	name    string
	options lasso.Options
}

// guarded are ways to select that bound false discoveries by q.
func guarded(q float64) []way {
	path := estimate.Search{Count: 5} // guards choose λ of their own
	return []way{
		{"knockoffs, 10 copies", lasso.Options{Search: path, Guard: lasso.Knockoffs, Q: q}},
		{"knockoffs, 5 copies", lasso.Options{Search: path, Guard: lasso.Knockoffs, Q: q, Copies: 5}},
		{"knockoffs, 1 copy", lasso.Options{Search: path, Guard: lasso.Knockoffs, Q: q, Copies: 1}},
		{"stability", lasso.Options{Search: path, Guard: lasso.Stability, Q: q}},
		{"permutation", lasso.Options{Search: path, Guard: lasso.Permutation, Q: q}},
	}
}

// mean is the mean of values and its standard error.
func mean(v []float64) (m, se float64) {
	for _, x := range v {
		m += x / float64(len(v))
	}
	for _, x := range v {
		se += (x - m) * (x - m)
	}
	return m, math.Sqrt(se / float64(len(v)) / float64(max(1, len(v)-1)))
}

func plus(v []float64) string {
	m, se := mean(v)
	if math.IsNaN(m) {
		return "–" // not measured
	}
	return fmt.Sprintf("%.4f ± %.4f", m, se)
}

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// irrelevant adds columns that have nothing to do with grades, some of them
// correlated with each other, and returns their names.
func irrelevant(t *table.Table, r *rand.Rand) (*table.Table, []string, error) {
	n := t.Rows()
	make1 := func(f func(i int) float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	height := make1(func(int) float64 { return r.NormFloat64() })
	season := make1(func(int) float64 { return r.NormFloat64() })
	columns := []struct {
		name string
		v    []float64
	}{
		{"shoe size", make1(func(i int) float64 { return math.Round(41 + 1.8*height[i] + 0.8*r.NormFloat64()) })},
		{"glove size", make1(func(i int) float64 { return 8 + 0.6*height[i] + 0.3*r.NormFloat64() })},
		{"pollen count", make1(func(i int) float64 { return math.Exp(3 + season[i] + 0.5*r.NormFloat64()) })},
		{"humidity", make1(func(i int) float64 { return 60 + 8*season[i] + 6*r.NormFloat64() })},
		{"birthday", make1(func(int) float64 { return float64(1 + r.IntN(31)) })},
		{"coin", make1(func(int) float64 { return float64(r.IntN(2)) })},
	}
	for k := range 6 {
		columns = append(columns, struct {
			name string
			v    []float64
		}{fmt.Sprintf("noise %d", k+1), make1(func(int) float64 { return r.NormFloat64() })})
	}
	var names []string
	var err error
	for _, c := range columns {
		if t, err = t.With(c.name, c.v); err != nil {
			return nil, nil, err
		}
		names = append(names, c.name)
	}
	return t, names, nil
}

// five is a path of five λ, for guards, which have λ of their own.
var five = estimate.Search{Count: 5}

// student counts the features that guards let pass at q = 0.1 in 20 seeds.
func (s study) student() error {
	const q = 0.1
	students, err := table.Read(filepath.Join(s.folder, "student", "student-mat.csv"), table.Options{})
	if err != nil {
		return err
	}
	seeds := s.repetitions(20)
	fmt.Printf("%d rows, 12 irrelevant columns added, q = %v, %d seeds\n\n", students.Rows(), q, seeds)
	fmt.Println("| guard | features that pass, a run | irrelevant ones, in all runs | share of irrelevant, mean | runs with any irrelevant | G1 passes | G2 passes |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, c := range []struct {
		name    string
		options lasso.Options
	}{
		{"none: λ.min of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10}}},
		{"none: λ.1se of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10, OneSE: true}}},
		{"knockoffs, 10 copies", lasso.Options{Search: five, Guard: lasso.Knockoffs, Q: q}},
		{"knockoffs, 5 copies", lasso.Options{Search: five, Guard: lasso.Knockoffs, Q: q, Copies: 5}},
		{"knockoffs, 1 copy", lasso.Options{Search: five, Guard: lasso.Knockoffs, Q: q, Copies: 1}},
		{"stability", lasso.Options{Search: five, Guard: lasso.Stability, Q: q}},
		{"permutation", lasso.Options{Search: five, Guard: lasso.Permutation, Q: q}},
	} {
		if !strings.Contains(c.name, s.only) {
			continue
		}
		passed, wrong, share, any := make([]float64, seeds), make([]float64, seeds), make([]float64, seeds), make([]float64, seeds)
		first, second := make([]float64, seeds), make([]float64, seeds)
		err := s.each(seeds, func(k int) error {
			with, added, err := irrelevant(students, rand.New(rand.NewPCG(uint64(k), 77)))
			if err != nil {
				return err
			}
			d, err := lasso.Load(with, linear.Gaussian, lasso.Table{Source: estimate.Source{OneHot: true}, Target: "G3"})
			if err != nil {
				return err
			}
			o := c.options
			o.Seed, o.Threads = uint64(k), 1
			r, err := lasso.Run(d, o)
			if err != nil {
				return err
			}
			selected := r.Selected()
			for _, j := range selected {
				switch name := r.Name(j); {
				case slices.Contains(added, name):
					wrong[k]++
					any[k] = 1
				case name == "G1":
					first[k] = 1
				case name == "G2":
					second[k] = 1
				}
			}
			passed[k], share[k] = float64(len(selected)), wrong[k]/float64(max(1, len(selected)))
			return nil
		})
		if err != nil {
			return err
		}
		sum := func(v []float64) int { m, _ := mean(v); return int(math.Round(m * float64(seeds))) }
		p, _ := mean(passed)
		fmt.Printf("| %s | %.1f | %d | %s | %d | %d | %d |\n", c.name, p, sum(wrong), plus(share), sum(any), sum(first), sum(second))
	}
	return nil
}

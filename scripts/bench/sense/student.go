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
)

// irrelevant adds columns that have nothing to do with grades, some of them
// correlated with each other, and returns their names.
func irrelevant(t *table.Table, r *rand.Rand) (*table.Table, []string, error) {
	draw := func(f func(i int) float64) []float64 {
		v := make([]float64, t.Rows())
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	noise := func(int) float64 { return r.NormFloat64() }
	height, season := draw(noise), draw(noise)
	type column struct {
		name string
		v    []float64
	}
	columns := []column{
		{"shoe size", draw(func(i int) float64 { return math.Round(41 + 1.8*height[i] + 0.8*r.NormFloat64()) })},
		{"glove size", draw(func(i int) float64 { return 8 + 0.6*height[i] + 0.3*r.NormFloat64() })},
		{"pollen count", draw(func(i int) float64 { return math.Exp(3 + season[i] + 0.5*r.NormFloat64()) })},
		{"humidity", draw(func(i int) float64 { return 60 + 8*season[i] + 6*r.NormFloat64() })},
		{"birthday", draw(func(int) float64 { return float64(1 + r.IntN(31)) })},
		{"coin", draw(func(int) float64 { return float64(r.IntN(2)) })},
	}
	for k := range 6 {
		columns = append(columns, column{fmt.Sprintf("noise %d", k+1), draw(noise)})
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

// student counts the features that guards let pass at q = 0.1 in 20 seeds.
func (s study) student() error {
	const q = 0.1
	students, err := table.Read(filepath.Join(s.folder, "student", "student-mat.csv"), table.Options{})
	if err != nil {
		return err
	}
	seeds := s.repetitions(20)
	fmt.Printf("%d rows, 12 irrelevant columns added, q = %v, %d seeds\n\n", students.Rows(), q, seeds)
	fmt.Println("| guard | features that pass, a run | irrelevant ones, in all runs | share of irrelevant, mean | " +
		"runs with any irrelevant | G1 passes | G2 passes |")
	fmt.Println("|---|---|---|---|---|---|---|")
	ways := []way{{"none: λ.min of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10}}},
		{"none: λ.1se of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10, OneSE: true}}}}
	for _, c := range append(ways, guarded(q)...) {
		if !strings.Contains(c.name, s.only) {
			continue
		}
		v, err := s.measure(seeds, 6, func(k int, v []float64) error {
			with, added, err := irrelevant(students, rand.New(rand.NewPCG(uint64(k), 77)))
			if err != nil {
				return err
			}
			o := c.options
			o.Seed, o.Threads = uint64(k), 1
			r, err := fit(with, lasso.Table{Source: estimate.Source{OneHot: true}, Target: "G3"}, o)
			if err != nil {
				return err
			}
			selected := r.Selected()
			var wrong, any, first, second float64
			for _, j := range selected {
				switch name := r.Name(j); {
				case slices.Contains(added, name):
					wrong++
					any = 1
				case name == "G1":
					first = 1
				case name == "G2":
					second = 1
				}
			}
			copy(v, []float64{float64(len(selected)), wrong, wrong / float64(max(1, len(selected))), any, first, second})
			return nil
		})
		if err != nil {
			return err
		}
		sum := func(v []float64) int { m, _ := mean(v); return int(math.Round(m * float64(seeds))) }
		passed, _ := mean(v[0])
		fmt.Printf("| %s | %.1f | %d | %s | %d | %d | %d |\n", c.name, passed, sum(v[1]), plus(v[2]), sum(v[3]), sum(v[4]), sum(v[5]))
	}
	return nil
}

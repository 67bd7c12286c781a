package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
)

// planted draws n rows of p features whose neighbours have correlation 0.3. Every step-th
// feature has an effect of ±size on y, and y has noise of variance 1.
func planted(n, p, step int, size float64, r *rand.Rand) (*table.Table, error) {
	columns := make([]table.Column, p+1)
	y := make([]float64, n)
	for i := range y {
		y[i] = r.NormFloat64()
	}
	for j := range p {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
			if j > 0 {
				v[i] = 0.3*columns[j-1].Numbers[i] + math.Sqrt(1-0.09)*v[i]
			}
		}
		columns[j] = table.Column{Name: fmt.Sprintf("x%d", j), Numbers: v}
		if j%step == 0 {
			b := size
			if r.IntN(2) == 1 {
				b = -size
			}
			for i, x := range v {
				y[i] += b * x
			}
		}
	}
	columns[p] = table.Column{Name: "y", Numbers: y}
	return table.New("planted", columns)
}

// truth measures false discoveries and power where the truth is known.
func (s study) truth() error {
	const n, p, step, size, q = 120, 300, 20, 1.0, 0.1
	repetitions := s.repetitions(200)
	fmt.Printf("%d rows and %d features, %d of them with effects of ±%v, noise 1; %d repetitions, q = %v\n\n",
		n, p, p/step, size, repetitions, q)
	fmt.Println("| | features selected | false discovery rate | power | R² on 1,000 other rows |")
	fmt.Println("|---|---|---|---|---|")
	ways := []way{{"least squares of least norm", lasso.Options{Search: estimate.Search{Count: 5}, OLS: true}},
		{"lasso, λ.min of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10}}},
		{"lasso, λ.1se of 10 folds", lasso.Options{Search: estimate.Search{Folds: 10, OneSE: true}}}}
	for _, c := range append(ways, guarded(q)...) {
		if !strings.Contains(c.name, s.only) {
			continue
		}
		v, err := s.measure(repetitions, 4, func(k int, v []float64) error {
			const other = 1000
			t, err := planted(n+other, p, step, size, rand.New(rand.NewPCG(uint64(k), 77)))
			if err != nil {
				return err
			}
			o := c.options
			o.Seed, o.Threads = uint64(k), 1
			r, err := fit(t, lasso.Table{Target: "y", TestSize: float64(other) / (n + other), Seed: uint64(k)}, o)
			if err != nil {
				return err
			}
			selected := r.Selected()
			if r.OLS != nil {
				selected = nil
				for j, b := range r.OLS.Coefficients {
					if b != 0 {
						selected = append(selected, j)
					}
				}
				v[3] = r.OLS.Test.R2
			} else if r.Chosen != nil {
				v[3] = r.Chosen.Test.R2
			}
			right := 0
			for _, j := range selected {
				if j%step == 0 {
					right++
				}
			}
			v[0] = float64(len(selected))
			v[1] = float64(len(selected)-right) / float64(max(1, len(selected)))
			v[2] = float64(right) / (p / step)
			return nil
		})
		if err != nil {
			return err
		}
		count, _ := mean(v[0])
		r2 := "–"
		if c.options.Guard == "" {
			r2 = plus(v[3])
		}
		fmt.Printf("| %s | %.1f | %s | %s | %s |\n", c.name, count, plus(v[1]), plus(v[2]), r2)
	}
	return nil
}

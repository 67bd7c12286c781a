package main

import (
	"fmt"
	"path/filepath"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// worst compares the lasso with models that are trained for the worst case, on rows
// left out of both.
func (s study) worst() error {
	x, err := table.Read(filepath.Join(s.folder, "diabetes", "diabetes_data_raw.csv.gz"), table.Options{NoHeader: true, Comma: ' '})
	if err != nil {
		return err
	}
	y, err := table.Read(filepath.Join(s.folder, "diabetes", "diabetes_target.csv.gz"), table.Options{NoHeader: true})
	if err != nil {
		return err
	}
	diabetes, target, err := lasso.Join(x, y)
	if err != nil {
		return err
	}
	people, err := table.Read(filepath.Join(s.folder, "compas", "compas-scores-two-years.csv"), table.Options{})
	if err != nil {
		return err
	}
	if err := s.attack("diabetes", diabetes, linear.Gaussian, lasso.Table{Target: target}); err != nil {
		return err
	}
	return s.attack("compas", people, linear.Binomial, lasso.Table{Target: "two_year_recid", Source: estimate.Source{OneHot: true,
		Columns: []string{"age", "priors_count", "juv_fel_count", "juv_misd_count", "juv_other_count", "sex", "c_charge_degree"}}})
}

func (s study) attack(name string, t *table.Table, family linear.Family, c lasso.Table) error {
	draws := s.repetitions(20)
	fmt.Printf("%s: %d draws of 30 %% of rows left out; worst case within ±ε standard deviations of every feature\n\n", name, draws)
	fmt.Println("| ε | model | features | loss | worst-case loss | worst-case loss less that of λ.min |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, epsilon := range []float64{0.05, 0.1, 0.2} {
		models := []string{"lasso, λ.min", "lasso, λ.1se", "lasso, λ of least worst case on its rows", "trained for the worst case"}
		v, err := s.measure(draws, 4*len(models), func(k int, v []float64) error {
			columns := c
			columns.TestSize, columns.Seed = 0.3, uint64(k)
			search := estimate.Search{Folds: 10, Seed: uint64(k), Threads: 1}
			r, err := fit(t, columns, lasso.Options{Family: family, Search: search, Robust: epsilon})
			if err != nil {
				return err
			}
			b := r.Robust
			if !b.Converged {
				return fmt.Errorf("%s, ε = %v, draw %d: not converged, gap %v", name, epsilon, k, b.Gap)
			}
			for i, w := range []lasso.WorstCase{b.Path[r.CV.Min], b.Path[r.CV.OneSE], b.Path[b.Best], b.Trained} {
				copy(v[4*i:], []float64{float64(w.Selected), w.Clean, w.Loss, w.Loss - b.Path[r.CV.Min].Loss})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, model := range models {
			features, _ := mean(v[4*i])
			fmt.Printf("| %v | %s | %.1f | %s | %s | %s |\n", epsilon, model, features, plus(v[4*i+1]), plus(v[4*i+2]), plus(v[4*i+3]))
		}
	}
	fmt.Println()
	return nil
}

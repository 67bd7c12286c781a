package main

import (
	"fmt"
	"math"
	"path/filepath"
	"time"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// epistasis compares single sites with pairs of sites on the variants of GB1.
func (s study) epistasis() error {
	t, err := table.Read(filepath.Join(s.folder, "gb1", "four_mutations_full_data.csv.zip"),
		table.Options{Columns: []string{"Variants", "Fitness"}})
	if err != nil {
		return err
	}
	variants, err := t.Column("Variants")
	if err != nil {
		return err
	}
	fitness, err := t.Target("Fitness")
	if err != nil {
		return err
	}
	if s.rows < 2 || s.rows >= t.Rows() {
		return fmt.Errorf("-rows is %d, it must be at least 2 and less than the %d variants", s.rows, t.Rows())
	}
	fmt.Printf("%d variants, fitted to %d drawn at random, measured on all others; λ.min of 5 folds\n\n", t.Rows(), s.rows)
	fmt.Println("| target | model | features that vary | selected | R² on other variants | seconds |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, target := range []struct {
		name string
		of   func(f float64) float64
	}{
		{"fitness", func(f float64) float64 { return f }},
		{"log10(fitness + 0.01)", func(f float64) float64 { return math.Log10(f + 0.01) }},
	} {
		y := make([]float64, len(fitness))
		for i, f := range fitness {
			y[i] = target.of(f)
		}
		sites, err := siteTable(variants.Texts(), y)
		if err != nil {
			return err
		}
		d, err := lasso.Load(sites, linear.Gaussian,
			lasso.Table{Source: estimate.Source{OneHot: true}, Target: "y", TestSize: 1 - float64(s.rows)/float64(len(y)), Seed: 1})
		if err != nil {
			return err
		}
		for _, pairs := range []bool{false, true} {
			begin := time.Now()
			r, err := lasso.Run(d, lasso.Options{Interactions: pairs,
				Search: estimate.Search{Folds: 5, Count: 30, Ratio: 0.003, Threads: s.threads}})
			if err != nil {
				return err
			}
			name, features := "single sites", len(d.Names)
			if pairs {
				name, features = "sites and pairs", len(d.Names)+6*400
			}
			if !r.Converged() {
				name += " (not converged)"
			}
			fmt.Printf("| %s | %s | %d | %d | %.4f | %.1f |\n",
				target.name, name, features, len(r.Selected()), r.Chosen.Test.R2, time.Since(begin).Seconds())
		}
	}
	return nil
}

// siteTable has a column for each of the four sites.
func siteTable(variants []string, y []float64) (*table.Table, error) {
	var columns []table.Column
	for site := range 4 {
		c := table.Column{Name: fmt.Sprintf("site%d", []int{39, 40, 41, 54}[site])}
		code := map[string]int32{}
		for _, v := range variants {
			if len(v) != 4 {
				return nil, fmt.Errorf("variant %q does not have four sites", v)
			}
			aa := v[site : site+1]
			if _, ok := code[aa]; !ok {
				code[aa] = int32(len(c.Levels))
				c.Levels = append(c.Levels, aa)
			}
			c.Codes = append(c.Codes, code[aa])
		}
		columns = append(columns, c)
	}
	return table.New("gb1", append(columns, table.Column{Name: "y", Numbers: y}))
}

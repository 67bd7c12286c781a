package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"pare/lasso"
	"pare/linear"
	"pare/table"
)

// groups compares what models do to groups with and without weights of rows and
// penalty factors.
func (s study) groups() error {
	students, err := table.Read(filepath.Join(s.folder, "student", "student-mat.csv"), table.Options{})
	if err != nil {
		return err
	}
	people, err := table.Read(filepath.Join(s.folder, "compas", "compas-scores-two-years.csv"), table.Options{})
	if err != nil {
		return err
	}
	if err := s.compare(students, "school", "MS", linear.Gaussian, lasso.Columns{Target: "G3", Drop: []string{"G1", "G2"}, OneHot: true, Audit: "school"}); err != nil {
		return err
	}
	return s.compare(people, "race", "Hispanic", linear.Binomial, lasso.Columns{Target: "two_year_recid", OneHot: true, Audit: "race", DropConstant: true,
		Features: []string{"age", "priors_count", "juv_fel_count", "juv_misd_count", "juv_other_count", "sex", "race", "c_charge_degree"}})
}

// balanced adds a column of weights with which every group counts alike.
func balanced(t *table.Table, group string) (*table.Table, error) {
	codes, levels, err := t.Classes(group)
	if err != nil {
		return nil, err
	}
	size := make([]float64, len(levels))
	for _, k := range codes {
		size[k]++
	}
	w := make([]float64, len(codes))
	for i, k := range codes {
		w[i] = float64(len(codes)) / float64(len(levels)) / size[k]
	}
	return t.With("balance", w)
}

// compare prints losses of a group and gaps on rows left out, over draws of them, at
// λ.min and the mean along the path.
func (s study) compare(t *table.Table, group, minority string, family linear.Family, c lasso.Columns) error {
	t, err := balanced(t, group)
	if err != nil {
		return err
	}
	draws := s.repetitions(20)
	fmt.Printf("%s of %s, groups by %s; %d draws of 40 %% of rows left out, λ.min of 10 folds\n\n", c.Target, t.Source, group, draws)
	fmt.Printf("| | loss, all | loss of %s | gap of loss | gap of predictions | gap of false positives | mean gap of loss along the path | %s in the model |\n", minority, group)
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, v := range []struct {
		name    string
		weights bool
		factor  float64
	}{{"as it is", false, 1}, {"rows weighted, groups alike", true, 1}, {group + " out (factor ∞)", false, math.Inf(1)},
		{group + " out, rows weighted", true, math.Inf(1)}, {group + " unpenalised (factor 0)", false, 0}} {
		all, small, loss, predicted, positive, along, in := make([]float64, draws), make([]float64, draws), make([]float64, draws), make([]float64, draws), make([]float64, draws), make([]float64, draws), make([]float64, draws)
		err := s.each(draws, func(k int) error {
			columns := c
			columns.TestSize, columns.Seed = 0.4, uint64(k)
			if v.weights {
				columns.Weights = "balance"
			} else if len(c.Features) == 0 {
				columns.Drop = append(append([]string(nil), c.Drop...), "balance")
			}
			d, err := lasso.Load(t, family, columns)
			if err != nil {
				return err
			}
			r, err := lasso.Run(context.Background(), d, lasso.Options{Family: family, Folds: 10, Rule: lasso.Min, Count: 50, Seed: uint64(k), Threads: 1,
				PenaltyFactors: map[string]float64{group: v.factor}})
			if err != nil {
				return err
			}
			for _, step := range r.Audit.Steps {
				along[k] += step.Gaps.Loss / float64(len(r.Audit.Steps))
				if step.Lambda != r.Chosen.Lambda {
					continue
				}
				all[k], loss[k], predicted[k], positive[k], in[k] = step.All.Loss, step.Gaps.Loss, step.Gaps.Predicted, step.Gaps.FalsePositive, float64(min(1, len(step.Protected)))
				for _, g := range step.Groups {
					if g.Group == minority {
						small[k] = g.Loss
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		share, _ := mean(in)
		fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %.0f %% |\n", v.name, plus(all), plus(small), plus(loss), plus(predicted), plus(positive), plus(along), 100*share)
	}
	fmt.Println()
	return nil
}

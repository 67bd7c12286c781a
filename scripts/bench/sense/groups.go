package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// groups compares the effect of models on groups, with and without weights of rows and
// penalty factors.
func (s study) groups() error {
	people, err := table.Read(filepath.Join(s.folder, "compas", "compas-scores-two-years.csv"), table.Options{})
	if err != nil {
		return err
	}
	if people, err = largeGroups(people, "race", 300); err != nil {
		return err
	}
	columns := []string{"age", "priors_count", "juv_fel_count", "juv_misd_count", "juv_other_count",
		"sex", "race", "c_charge_degree"}
	if err := s.compare(people, "race", "Hispanic", linear.Binomial, lasso.Table{Target: "two_year_recid", Audit: "race",
		Source: estimate.Source{OneHot: true, Columns: columns}}); err != nil {
		return err
	}
	minority, err := twoKinds()
	if err != nil {
		return err
	}
	return s.compare(minority, "kind", "few", linear.Gaussian, lasso.Table{Source: estimate.Source{OneHot: true}, Target: "y", Audit: "kind"})
}

// largeGroups keeps the rows of groups with enough of them.
func largeGroups(t *table.Table, group string, least int) (*table.Table, error) {
	codes, levels, err := t.Classes(group)
	if err != nil {
		return nil, err
	}
	size := make([]int, len(levels))
	for _, k := range codes {
		size[k]++
	}
	var rows []int
	for i, k := range codes {
		if size[k] >= least {
			rows = append(rows, i)
		}
	}
	return t.Take(rows)
}

// twoKinds draws rows; a tenth of them depend on other features than the rest.
func twoKinds() (*table.Table, error) {
	const n, p = 2000, 30
	r := rand.New(rand.NewPCG(9, 9))
	columns := make([]table.Column, p)
	for j := range columns {
		columns[j] = table.Column{Name: fmt.Sprintf("x%d", j+1), Numbers: make([]float64, n)}
	}
	kind := table.Column{Name: "kind", Levels: []string{"most", "few"}, Codes: make([]int32, n)}
	y := make([]float64, n)
	for i := range n {
		for j := range columns {
			columns[j].Numbers[i] = r.NormFloat64()
		}
		x := func(j int) float64 { return columns[j].Numbers[i] }
		y[i] = x(0) + x(1) + r.NormFloat64()
		if i%10 == 0 {
			kind.Codes[i] = 1
			y[i] += x(2) + x(3) - x(1)
		}
	}
	return table.New("two kinds of rows, simulated", append(columns, kind, table.Column{Name: "y", Numbers: y}))
}

// weighted adds two columns of weights: balance gives every group the same total;
// reweighed, for a target of classes, gives every group the class frequencies of the whole
// table (Kamiran & Calders 2012).
func weighted(t *table.Table, group, target string, classes bool) (*table.Table, error) {
	codes, levels, err := t.Classes(group)
	if err != nil {
		return nil, err
	}
	size := make([]float64, len(levels))
	for _, k := range codes {
		size[k]++
	}
	n := float64(len(codes))
	w := make([]float64, len(codes))
	for i, k := range codes {
		w[i] = n / float64(len(levels)) / size[k]
	}
	if t, err = t.With("balance", w); err != nil || !classes {
		return t, err
	}
	outcomes, values, err := t.Classes(target)
	if err != nil {
		return nil, err
	}
	joint, marginal := make([]float64, len(levels)*len(values)), make([]float64, len(values))
	for i, k := range codes {
		joint[k*len(values)+outcomes[i]]++
		marginal[outcomes[i]]++
	}
	w = make([]float64, len(codes))
	for i, k := range codes {
		w[i] = size[k] * marginal[outcomes[i]] / n / joint[k*len(values)+outcomes[i]]
	}
	return t.With("reweighed", w)
}

// compare prints losses of a group and gaps on rows left out, over draws of them, at
// λ.min and the mean along the path.
func (s study) compare(t *table.Table, group, minority string, family linear.Family, c lasso.Table) error {
	t, err := weighted(t, group, c.Target, family == linear.Binomial)
	if err != nil {
		return err
	}
	draws := s.repetitions(20)
	fmt.Printf("%s of %s, groups by %s; %d draws of 40 %% of rows left out, λ.min of 10 folds\n\n", c.Target, t.Source, group, draws)
	fmt.Printf("| | loss, all | loss of %s | gap of loss | gap of predictions | gap of false positives | "+
		"mean gap of loss along the path | %s in the model |\n", minority, group)
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, v := range []struct {
		name    string
		weights string
		factor  float64
	}{{"as it is", "", 1}, {group + " unpenalised (factor 0)", "", 0}, {group + " at factor 5", "", 5},
		{group + " out (factor ∞)", "", math.Inf(1)},
		{"groups weigh alike", "balance", 1}, {"groups weigh alike, " + group + " out", "balance", math.Inf(1)},
		{"reweighed", "reweighed", 1}, {"reweighed, " + group + " out", "reweighed", math.Inf(1)}} {
		if !strings.Contains(v.name, s.only) || v.weights == "reweighed" && family != linear.Binomial {
			continue
		}
		// Losses of all and of the minority, gaps of loss, predictions and false positives, the
		// mean gap of loss along the path, and whether protected columns are in the model.
		m, err := s.measure(draws, 7, func(k int, m []float64) error {
			columns := c
			columns.TestSize, columns.Seed = 0.4, uint64(k)
			columns.Weights = v.weights
			if v.weights == "" && len(c.Columns) == 0 {
				columns.Drop = append(append([]string(nil), c.Drop...), "balance")
			}
			r, err := fit(t, columns, lasso.Options{Family: family, Search: estimate.Search{Folds: 10, Count: 50, Seed: uint64(k), Threads: 1},
				PenaltyFactors: map[string]float64{group: v.factor}})
			if err != nil {
				return err
			}
			along := 0.0
			for _, step := range r.Audit.Steps {
				along += step.Gaps.Loss / float64(len(r.Audit.Steps))
				if step.Lambda != r.Chosen.Lambda {
					continue
				}
				m[0], m[2], m[3], m[4] = step.All.Loss, step.Gaps.Loss, step.Gaps.Predicted, step.Gaps.FalsePositive
				m[6] = float64(min(1, len(step.Protected)))
				for _, g := range step.Groups {
					if g.Group == minority {
						m[1] = g.Loss
					}
				}
			}
			m[5] = along
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Printf("| %s |", v.name)
		for _, values := range m[:6] {
			fmt.Printf(" %s |", plus(values))
		}
		share, _ := mean(m[6])
		fmt.Printf(" %.0f %% |\n", 100*share)
	}
	fmt.Println()
	return nil
}

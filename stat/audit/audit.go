package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pare/stat/internal/logistic"
)

// Fit is a model of a path: score = Intercept + Σ Coefficients·x.
type Fit struct {
	Lambda, Intercept float64
	Coefficients      []float64
}

// Data are the rows of an audit, best rows that the models were not trained on.
type Data struct {
	// X has len(Y) rows, column after column.
	X []float64
	// Y are numbers, or 0 and 1 where Classes.
	Y []float64
	// Classes: scores are log odds of the class 1.
	Classes bool
	// Groups is the label of each row.
	Groups []string
	// Protected are columns of protected features; nil: none.
	Protected []int
	// Threshold is the probability from which on the class is predicted as 1;
	// 0: 0.5.
	Threshold float64
	// MinRows is the least number of rows of a group that counts in the gaps; 0: 30.
	MinRows int
}

// Rates are NaN where their cases do not occur, and rates of classes in a regression.
type Rates struct {
	// Base is the mean of y, Predicted the mean of predictions or probabilities.
	Base, Predicted float64
	// Loss is the mean square error, or the mean logistic loss in nats.
	Loss float64
	// Positive is the share predicted as 1, Error the share predicted wrongly.
	Positive, Error float64
	// FalsePositive is the share of the rows of class 0 predicted as 1,
	// FalseNegative the share of the rows of class 1 predicted as 0.
	FalsePositive, FalseNegative float64
}

func (r Rates) values() [7]float64 {
	return [...]float64{r.Base, r.Predicted, r.Loss, r.Positive, r.Error, r.FalsePositive, r.FalseNegative}
}

// Measures describe one group, or all rows.
type Measures struct {
	Group string
	Rows  int
	Rates
}

// Gaps are the largest differences between two groups with enough rows; NaN
// where fewer than two have the measure.
type Gaps struct{ Rates }

// Step is the audit of one λ.
type Step struct {
	Lambda float64
	// Selected is the number of columns with a coefficient, Protected are those
	// of protected features.
	Selected  int
	Protected []int
	All       Measures
	// Groups are in alphabetical order, numbers by size.
	Groups []Measures
	Gaps   Gaps
}

// Along audits every model of a path.
func Along(path []Fit, d Data) ([]Step, error) {
	if err := d.check(path); err != nil {
		return nil, err
	}
	d.Threshold = cmp.Or(d.Threshold, 0.5)
	d.MinRows = cmp.Or(d.MinRows, 30)
	names, rows := d.groups()
	steps := make([]Step, len(path))
	score := make([]float64, len(d.Y))
	for k, f := range path {
		s := Step{Lambda: f.Lambda, Protected: []int{}}
		for i := range score {
			score[i] = f.Intercept
		}
		for j, c := range f.Coefficients {
			if c == 0 {
				continue
			}
			s.Selected++
			for i, v := range d.X[j*len(d.Y) : (j+1)*len(d.Y)] {
				score[i] += c * v
			}
		}
		for _, j := range d.Protected {
			if f.Coefficients[j] != 0 {
				s.Protected = append(s.Protected, j)
			}
		}
		s.All = d.measure("", score, nil)
		for g, name := range names {
			s.Groups = append(s.Groups, d.measure(name, score, rows[g]))
		}
		s.Gaps = d.gaps(s.Groups)
		steps[k] = s
	}
	return steps, nil
}

func (d Data) check(path []Fit) error {
	n := len(d.Y)
	switch {
	case n == 0:
		return fmt.Errorf("there are no rows to audit")
	case len(d.Groups) != n:
		return fmt.Errorf("there are %d group labels for %d rows", len(d.Groups), n)
	case len(d.X)%n != 0:
		return fmt.Errorf("the design has %d values, which is no multiple of %d rows", len(d.X), n)
	case !(d.Threshold >= 0 && d.Threshold < 1):
		return fmt.Errorf("the threshold has to be between 0 and 1, not %v", d.Threshold)
	case d.MinRows < 0:
		return fmt.Errorf("a group cannot need %d rows", d.MinRows)
	}
	p := len(d.X) / n
	for k, f := range path {
		if len(f.Coefficients) != p {
			return fmt.Errorf("model %d has %d coefficients, the design %d columns", k+1, len(f.Coefficients), p)
		}
	}
	for _, j := range d.Protected {
		if j < 0 || j >= p {
			return fmt.Errorf("the protected column %d is not among %d columns", j, p)
		}
	}
	for i, v := range d.Y {
		if d.Classes && v != 0 && v != 1 {
			return fmt.Errorf("row %d of the target: %v is neither 0 nor 1", i+1, v)
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d of the target: %v is not finite", i+1, v)
		}
	}
	return nil
}

// groups are the labels in order and the rows of each.
func (d Data) groups() ([]string, [][]int) {
	byName := map[string][]int{}
	for i, g := range d.Groups {
		byName[g] = append(byName[g], i)
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.SortFunc(names, byValue)
	rows := make([][]int, len(names))
	for g, name := range names {
		rows[g] = byName[name]
	}
	return names, rows
}

// measure measures some rows; nil: all.
func (d Data) measure(group string, score []float64, rows []int) Measures {
	m := Measures{Group: group, Rows: len(rows)}
	if rows == nil {
		m.Rows = len(d.Y)
	}
	n := float64(m.Rows)
	var positive, wrongPositive, wrongNegative, ones float64
	for k := range m.Rows {
		i := k
		if rows != nil {
			i = rows[k]
		}
		y, s := d.Y[i], score[i]
		m.Base += y / n
		if !d.Classes {
			m.Predicted += s / n
			m.Loss += (y - s) * (y - s) / n
			continue
		}
		p := logistic.Sigmoid(s)
		m.Predicted += p / n
		m.Loss += (logistic.Softplus(s) - y*s) / n
		ones += y
		if p >= d.Threshold {
			positive++
			wrongPositive += 1 - y
		} else {
			wrongNegative += y
		}
	}
	m.Positive, m.Error, m.FalsePositive, m.FalseNegative = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if d.Classes {
		m.Positive = positive / n
		m.Error = (wrongPositive + wrongNegative) / n
		if ones < n {
			m.FalsePositive = wrongPositive / (n - ones)
		}
		if ones > 0 {
			m.FalseNegative = wrongNegative / ones
		}
	}
	return m
}

func (d Data) gaps(groups []Measures) Gaps {
	var v [7]float64
	for k := range v {
		var known []float64
		for _, m := range groups {
			if x := m.values()[k]; m.Rows >= d.MinRows && !math.IsNaN(x) {
				known = append(known, x)
			}
		}
		v[k] = math.NaN()
		if len(known) > 1 {
			v[k] = slices.Max(known) - slices.Min(known)
		}
	}
	return Gaps{Rates{v[0], v[1], v[2], v[3], v[4], v[5], v[6]}}
}

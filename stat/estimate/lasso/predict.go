package lasso

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// Prediction asks for the predictions of a fitted model on new rows.
type Prediction struct {
	Model  string // folder or file, as ReadModel takes it
	Path   string // table of the new rows
	Cells  table.Options
	Target string // file of one column, the true target; "": the target column of the table, if it has one
	// Lambda is the λ of the model; nil: the chosen one. Between two λ of the path coefficients
	// are interpolated, and outside it the nearest λ counts, as predict does in R's glmnet.
	Lambda *float64
	// Gamma is the share of the penalised fit of a relaxed lasso, 1 − Gamma the share of its refit;
	// nil: the chosen one or, if there is none, 0.
	Gamma *float64
	// Complete leaves out rows with a missing cell in a column that the model uses. The rule of
	// the fit counts, too.
	Complete bool
}

// Predictions are the values of a model on new rows.
type Predictions struct {
	estimate.Head
	Model  *Model
	Lambda float64
	Gamma  float64     // 1 unless the model is relaxed
	Row    []int       // of the file, counted from 1, of each prediction
	Link   [][]float64 // linear predictors: one, or one for each class
	Truth  []string    // the targets in the file; nil: it has none
	Score  *Score      // of the rows with a target; nil: none has
}

// Run reads model and table and predicts.
func (q Prediction) Run() (*Predictions, error) {
	m, err := ReadModel(q.Model)
	if err != nil {
		return nil, err
	}
	t, err := table.Read(q.Path, m.options(q.Path, q.Cells))
	if err != nil {
		return nil, err
	}
	target := m.Target
	if q.Target != "" {
		y, err := table.Read(q.Target, q.Cells)
		if err != nil {
			return nil, err
		}
		if t, target, err = Join(t, y); err != nil {
			return nil, err
		}
	}
	return m.predict(t, target, &q)
}

// Predict returns the predictions for a table in memory at one λ; nil: the chosen one.
func (m *Model) Predict(t *table.Table, lambda *float64) (*Predictions, error) {
	return m.predict(t, m.Target, &Prediction{Lambda: lambda})
}

func (m *Model) predict(t *table.Table, target string, q *Prediction) (*Predictions, error) {
	fit, gamma, err := m.at(q)
	if err != nil {
		return nil, err
	}
	p := &Predictions{Head: estimate.Head{Command: "lasso", File: t.Source, Notes: slices.Clone(t.Notes)},
		Model: m, Lambda: fit.Lambda, Gamma: gamma}
	if first, last := m.Fits[0].Lambda, m.Fits[len(m.Fits)-1].Lambda; q.Lambda != nil && *q.Lambda != fit.Lambda {
		p.Notes = append(p.Notes, fmt.Sprintf("-lambda %.6g is outside the λ of the model, %.6g to %.6g; λ = %.6g is taken", *q.Lambda,
			first, last, fit.Lambda))
	}
	rows, err := m.Read(t, []*SavedFit{fit}, q.Complete)
	if err != nil {
		return nil, err
	}
	p.Notes, p.Row, p.Observations = append(p.Notes, rows.Notes...), rows.Row, len(rows.Row)
	for k := range fit.Terms {
		p.Link = append(p.Link, rows.Link(&fit.Terms[k]))
	}
	return p, p.score(t, target, rows)
}

// At returns the fit at a λ, with the share gamma of the penalised fit in a relaxed one: the mixture
// that Prediction describes.
func (m *Model) At(lambda, gamma *float64) (*SavedFit, error) {
	fit, _, err := m.at(&Prediction{Lambda: lambda, Gamma: gamma})
	return fit, err
}

// at returns the fit at a λ; nil: the chosen one, or the only one.
func (m *Model) at(q *Prediction) (*SavedFit, float64, error) {
	fits, lambda, gamma := m.Fits, q.Lambda, 1.0
	relaxed := slices.ContainsFunc(fits, func(f SavedFit) bool { return f.Refit != nil })
	switch {
	case q.Gamma != nil && !relaxed:
		return nil, 0, errors.New("-gamma is the mixture of a relaxed lasso, and the model was fitted without -relax")
	case q.Gamma != nil && !(*q.Gamma >= 0 && *q.Gamma <= 1):
		return nil, 0, fmt.Errorf("-gamma is %v, it must be between 0 and 1", *q.Gamma)
	case q.Gamma != nil:
		gamma = *q.Gamma
	case m.Chosen != nil:
		gamma = m.Chosen.Gamma
	case relaxed:
		gamma = 0
	}
	switch {
	case lambda == nil && m.Chosen != nil:
		lambda = &m.Chosen.Lambda
	case lambda == nil && len(fits) == 1:
		lambda = &fits[0].Lambda
	case lambda == nil:
		return nil, 0, fmt.Errorf("the model is a path of %d λ, from %.6g to %.6g, and none is chosen; give -lambda, or fit with -cv", len(fits),
			fits[0].Lambda, fits[len(fits)-1].Lambda)
	}
	above := -1
	for k := range fits {
		if fits[k].Lambda >= *lambda {
			above = k
		}
	}
	blend := func(f *SavedFit) (*SavedFit, error) {
		switch {
		case gamma == 1:
			return f, nil
		case f.Refit == nil:
			return nil, fmt.Errorf("at lambda %.6g the model has no fit without a penalty, as it selects too many features; "+
				"take -gamma 1 or a larger -lambda", f.Lambda)
		}
		return mix(f.Terms, f.Refit, gamma, f.Lambda), nil
	}
	a, err := blend(&fits[max(above, 0)])
	if err != nil || above < 0 || above == len(fits)-1 || a.Lambda == *lambda {
		return a, gamma, err
	}
	b, err := blend(&fits[above+1])
	if err != nil {
		return nil, 0, err
	}
	return mix(a.Terms, b.Terms, (*lambda-b.Lambda)/(a.Lambda-b.Lambda), *lambda), gamma, nil
}

// mix returns share·a + (1−share)·b, coefficient by coefficient.
func mix(a, b []Terms, share, lambda float64) *SavedFit {
	out := &SavedFit{Lambda: lambda}
	for k := range a {
		x, y := &a[k], &b[k]
		sum := map[int]float64{}
		for i, j := range x.Feature {
			sum[j] += share * x.Value[i]
		}
		for i, j := range y.Feature {
			sum[j] += (1 - share) * y.Value[i]
		}
		terms := Terms{Intercept: share*x.Intercept + (1-share)*y.Intercept}
		for j := range sum {
			terms.Feature = append(terms.Feature, j)
		}
		slices.Sort(terms.Feature)
		for _, j := range terms.Feature {
			terms.Value = append(terms.Value, sum[j])
		}
		out.Terms = append(out.Terms, terms)
	}
	return out
}

// needed returns the columns that any of some fits use. One that the table does not have is an error.
func (m *Model) needed(t *table.Table, fits []*SavedFit) ([]int, error) {
	uses := make([]bool, len(m.Columns))
	for _, fit := range fits {
		for _, terms := range fit.Terms {
			for _, k := range terms.Feature {
				f := &m.Features[k]
				uses[f.Column] = true
				if f.Times != nil {
					uses[f.Times.Column] = true
				}
			}
		}
	}
	var out []int
	var absent []string
	for c, used := range uses {
		if !used {
			continue
		}
		out = append(out, c)
		if !t.Has(m.Columns[c].Name) && !t.Open {
			absent = append(absent, m.Columns[c].Name)
		}
	}
	switch {
	case m.Offset != "" && !t.Has(m.Offset) && !t.Open:
		return nil, fmt.Errorf("%s: no column %q, which is the offset of the model%s", t.Source,
			m.Offset, table.Suggestion(m.Offset, "columns", t.Names()))
	case len(absent) == 1:
		return nil, fmt.Errorf("%s: no column %q, which the model uses%s", t.Source, absent[0], table.Suggestion(absent[0], "columns", t.Names()))
	case absent != nil:
		return nil, fmt.Errorf("%s: %d columns that the model uses are not there: %s", t.Source, len(absent), estimate.Few(absent))
	}
	return out, nil
}

// values are the values of a column in the rows to predict.
type values struct {
	number []float64      // of a column of numbers, or
	few    *table.Entries // those that are not 0, or
	level  []int          // places in Column.Levels
}

// read returns the values of a column.
func (c *Column) read(t *table.Table, rows []int) (*values, error) {
	if !t.Has(c.Name) { // the table is open: all cells are 0
		none := &table.Column{Name: c.Name, Entries: &table.Entries{Rows: t.Rows()}}
		if c.Levels != nil {
			return c.levels(t, none, rows)
		}
		return &values{few: &table.Entries{Rows: len(rows)}}, nil
	}
	column, err := t.Column(c.Name)
	if err != nil {
		return nil, err
	}
	if c.Levels == nil {
		if len(rows) < t.Rows() {
			part, err := t.Take(rows)
			if err != nil {
				return nil, err
			}
			t = part
		}
		var out values
		if column.Entries != nil {
			var s *table.Sparse
			if s, err = t.Sparse(c.Name); err == nil {
				out.few = s.Entries(0)
			}
		} else {
			out.number, err = t.Target(c.Name)
		}
		if err != nil && column.Numeric() {
			err = fmt.Errorf("%w; leave such rows out with -complete", err)
		}
		return &out, err
	}
	return c.levels(t, column, rows)
}

// levels returns the level of each row. Values that the model does not know are one error.
func (c *Column) levels(t *table.Table, column *table.Column, rows []int) (*values, error) {
	place := make(map[string]int, len(c.Levels))
	for k, level := range c.Levels {
		place[level] = k
	}
	out := &values{level: make([]int, len(rows))}
	var strange []string
	seen := map[string]bool{}
	for k, row := range rows {
		text := column.Level(row, c.Numbers)
		level, known := place[text]
		out.level[k] = level
		if !known && !seen[text] {
			seen[text] = true
			strange = append(strange, fmt.Sprintf("%q (row %d)", text, row+1))
		}
	}
	switch {
	case strange == nil:
		return out, nil
	case len(strange) == 1 && column.Missing(rows[slices.IndexFunc(rows, func(r int) bool { return seen[column.Level(r, c.Numbers)] })]):
		return nil, fmt.Errorf("%s: column %s: the cell %s is missing; leave such rows out with -complete", t.Source, c.Name, strange[0])
	}
	return nil, fmt.Errorf("%s: column %s has %s that the model does not know, %s; it knows %s", t.Source, c.Name,
		estimate.Plural(len(strange), "value"), estimate.Few(strange), estimate.Few(c.Levels))
}

// link returns a linear predictor of n rows.
func (m *Model) link(terms *Terms, columns []*values, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = terms.Intercept
	}
	byLevel := map[int][]float64{} // of each column with levels, the coefficients
	for k, j := range terms.Feature {
		f, v := &m.Features[j], terms.Value[k]
		x := columns[f.Column]
		switch {
		case f.Times != nil:
			y := columns[f.Times.Column]
			for i := range out {
				out[i] += v * x.at(i, f.Level) * y.at(i, f.Times.Level)
			}
		case x.number != nil:
			for i, x := range x.number {
				out[i] += v * x
			}
		case x.few != nil:
			for k, row := range x.few.Row {
				out[row] += v * x.few.Value[k]
			}
		default:
			if byLevel[f.Column] == nil {
				byLevel[f.Column] = make([]float64, len(m.Columns[f.Column].Levels))
			}
			byLevel[f.Column][f.Level] += v
		}
	}
	for c := range m.Columns {
		if add := byLevel[c]; add != nil {
			for i, level := range columns[c].level {
				out[i] += add[level]
			}
		}
	}
	return out
}

// at returns the value of a row: the number, or 1 for a level.
func (v *values) at(i, level int) float64 {
	switch {
	case v.number != nil:
		return v.number[i]
	case v.few != nil:
		return v.few.At(i)
	case v.level[i] == level:
		return 1
	}
	return 0
}

// score reads the true target, where the table has it, and measures the predictions of the
// rows that have one.
func (p *Predictions) score(t *table.Table, target string, rows *NewRows) error {
	if !t.Has(target) {
		return nil
	}
	column, err := t.Column(target)
	if err != nil {
		return err
	}
	m := p.Model
	family, _ := familyOf(m.Family)
	s, base := &Score{}, 0.0
	scores, null := make([]float64, len(p.Link)), make([]float64, len(p.Link))
	for i, number := range rows.Row {
		row := number - 1
		p.Truth = append(p.Truth, column.Text(row))
		if column.Missing(row) {
			continue
		}
		y, complaint := m.response(column, target, row)
		if complaint != "" {
			p.Notes = append(p.Notes, complaint+"; predictions are not compared with the targets")
			return nil
		}
		for k := range scores {
			scores[k], null[k] = p.Link[k][i], m.Null[k]+rows.Offset[i]
		}
		loss, wrong := lossOf(family, scores, y)
		s.Rows++
		s.Loss += loss
		if wrong {
			s.Error++
		}
		loss, _ = lossOf(family, null, y)
		base += loss
	}
	if s.Rows == 0 {
		return nil
	}
	s.R2 = 1 - s.Loss/base
	s.Loss /= float64(s.Rows)
	s.Error /= float64(s.Rows)
	p.Score = s
	return nil
}

// Probabilities returns the probability of each class in every row, class by class; nil for
// numbers.
func (p *Predictions) Probabilities() [][]float64 { return probabilities(p.Model.Classes, p.Link) }

// Class returns the most probable class of prediction i.
func (p *Predictions) Class(i int) string { return mostProbable(p.Model.Classes, p.Link, i) }

// table returns the names and cells of predictions.csv.
func (p *Predictions) table() (header []string, rows [][]string) {
	header, rows = predictionTable(p.family(), p.Model.Classes, p.Link)
	header = slices.Insert(header, 0, "row")
	if p.Truth != nil {
		header = append(header, "target")
	}
	for i, row := range p.Row {
		rows[i] = slices.Insert(rows[i], 0, strconv.Itoa(row))
		if p.Truth != nil {
			rows[i] = append(rows[i], p.Truth[i])
		}
	}
	return header, rows
}

// WriteCSV writes a line for each prediction: the row of the file, then the predicted number,
// or the class, the probability of each class and the linear predictors, then the target if
// the file has it.
func (p *Predictions) WriteCSV(w io.Writer) error {
	header, rows := p.table()
	return csv.NewWriter(w).WriteAll(slices.Concat([][]string{header}, rows))
}

// WriteText writes a summary of a line or two.
func (p *Predictions) WriteText(w io.Writer) {
	p.WriteHead(w, "%s: predictions for %s rows at λ = %.6g", p.Model.Target, count(len(p.Row)), p.Lambda)
	if line := p.scoreLine(); line != "" {
		fmt.Fprintln(w, line)
	}
}

// scoreLine compares with the targets; "" where there are none.
func (p *Predictions) scoreLine() string {
	s := p.Score
	if s == nil {
		return ""
	}
	family, _ := familyOf(p.Model.Family)
	line := fmt.Sprintf("against the target in %s rows: %s %.4g, R² %.4f", count(s.Rows), lossName(family), s.Loss, s.R2)
	if p.Model.Classes != nil {
		line += fmt.Sprintf(", %.2f %% in the wrong class", 100*s.Error)
	}
	return line
}

// JSON returns the predictions as one object, with a list for each column of the CSV.
func (p *Predictions) JSON() estimate.Object {
	out := object{"target", p.Model.Target, "family", p.Model.Family, "lambda", p.Lambda, "gamma", p.Gamma, "row", p.Row}
	if p.Model.Classes == nil {
		out = append(out, "prediction", means(p.family(), p.Link[0]))
		if p.family() == linear.Poisson {
			out = append(out, "link", p.Link[0])
		}
	} else {
		classes := make([]string, len(p.Row))
		for i := range classes {
			classes[i] = p.Class(i)
		}
		probabilities := object{}
		for k, v := range p.Probabilities() {
			probabilities = append(probabilities, p.Model.Classes[k], v)
		}
		out = append(out, "class", classes, "probability", probabilities)
		if len(p.Link) == 1 {
			out = append(out, "link", p.Link[0])
		} else {
			links := object{}
			for k, v := range p.Link {
				links = append(links, p.Model.Classes[k], v)
			}
			out = append(out, "link", links)
		}
	}
	if s := p.Score; s != nil {
		score := object{"rows", s.Rows, "loss", s.Loss, "r2", s.R2}
		if p.Model.Classes != nil {
			score = append(score, "error", s.Error)
		}
		out = append(out, "test", score)
	}
	return p.Envelope(out)
}

// Files returns result.json and predictions.csv.
func (p *Predictions) Files() ([]estimate.File, error) {
	return []estimate.File{estimate.JSONFile(p.JSON()), {Name: "predictions.csv", Write: p.WriteCSV}}, nil
}

// Warnings returns nothing: the fit has warned.
func (p *Predictions) Warnings() []string { return nil }

// Remarks returns the notes, and how the predictions compare with the targets.
func (p *Predictions) Remarks() []string {
	out := slices.Clone(p.Notes)
	if line := p.scoreLine(); line != "" {
		out = append(out, strings.TrimSpace(line))
	}
	return out
}

func (p *Predictions) family() linear.Family {
	family, _ := familyOf(p.Model.Family)
	return family
}

// lossName is the loss of a family in words.
func lossName(f linear.Family) string {
	if f == linear.Gaussian {
		return "mean square"
	}
	return "deviance"
}

package lasso

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// ModelFile is the name of a Model in the folder of a result.
const ModelFile = "model.json"

// modelKind marks the file of a Model.
const modelKind = "pare lasso model"

// Model is a fitted path with all that predictions on new rows need: the columns, their
// levels, the rules by which cells are read, and coefficients on the scale of the columns.
type Model struct {
	Kind    string   `json:"kind"`
	Format  int      `json:"format"`
	Family  string   `json:"family"`
	Target  string   `json:"target"`
	Classes []string `json:"classes,omitempty"`
	Offset  string   `json:"offset,omitempty"` // a column that is added to the linear predictor
	Cells   Cells    `json:"cells"`
	// Complete: rows with a missing cell are left out.
	Complete bool      `json:"complete"`
	Columns  []Column  `json:"columns"`  // that any fit uses
	Features []Feature `json:"features"` // that any fit uses
	// Null has the linear predictors, one for each class, of the model without features.
	Null   []float64  `json:"null"`
	Fits   []SavedFit `json:"fits"` // by falling λ
	Chosen *Choice    `json:"chosen,omitempty"`
	// LeftOut are the rows for testing; nil: there were none, or the model is of an earlier version.
	LeftOut *LeftOut `json:"left_out,omitempty"`
}

// LeftOut are rows of the file of a fit that no fit has seen.
type LeftOut struct {
	File string `json:"file"` // without its folder
	Row  []int  `json:"row"`  // from 1, in ascending order
}

// Cells says how the cells of a file are read; table.Options has the meaning of each.
type Cells struct {
	NoHeader  bool     `json:"no_header"`
	Separator string   `json:"separator,omitempty"`
	Decimal   string   `json:"decimal,omitempty"`
	Missing   []string `json:"missing"` // null: the usual words
}

// Column is a column of the table.
type Column struct {
	Name   string   `json:"name"`
	Levels []string `json:"levels,omitempty"` // nil: a column of numbers
	// Numbers: the levels are numbers as text.
	Numbers bool `json:"numbers,omitempty"`
}

// Cell is a column of the design: a column of the table, by its place in Model.Columns, or a
// level of it, by its place in Column.Levels.
type Cell struct {
	Column int `json:"column"`
	Level  int `json:"level"` // −1 for a column of numbers
}

// Feature is a column of the design, or the product of two.
type Feature struct {
	Cell
	Times *Cell `json:"times,omitempty"`
	// Mean and Deviation (divisor n) of a single column in the rows that were fitted; a Deviation of 0:
	// not known, of a product or in a model of an earlier version.
	Mean      float64 `json:"mean,omitempty"`
	Deviation float64 `json:"deviation,omitempty"`
}

// Terms is a linear predictor: the intercept plus values times features.
type Terms struct {
	Intercept float64   `json:"intercept"`
	Feature   []int     `json:"feature"` // places in Model.Features
	Value     []float64 `json:"value"`
}

// SavedFit has a linear predictor for each class, or one.
type SavedFit struct {
	Lambda float64 `json:"lambda"`
	Terms  []Terms `json:"terms"`
	Refit  []Terms `json:"refit,omitempty"` // of the fit without a penalty, for relaxed models
}

// Choice is the model of a path that predicts unless another is asked for.
type Choice struct {
	Lambda float64 `json:"lambda"`
	Gamma  float64 `json:"gamma"` // the share of the penalised fit; 1 − Gamma of its refit
}

// Model returns the models of a result for predictions.
func (r *Result) Model() *Model {
	d := r.Data
	m := &Model{Kind: modelKind, Format: estimate.Format, Family: r.Options.Family.String(), Target: d.Target,
		Classes: d.Classes, Offset: d.Exposure,
		Complete: d.Source.Complete, Null: d.null(r.Options.Family)}
	o := d.Source.Cells
	m.Cells = Cells{NoHeader: o.NoHeader, Missing: o.Missing}
	if o.Comma != 0 {
		m.Cells.Separator = string(o.Comma)
	}
	if o.Decimal != 0 {
		m.Cells.Decimal = string(o.Decimal)
	}
	w := writer{m: m, r: r, columns: map[string]int{}, levels: map[string]map[string]int{}, features: map[int]int{}}
	fits := slices.Clone(r.Path)
	if r.Chosen != nil && r.place() < 0 { // of a guard
		fits = append(fits, r.Chosen)
	}
	slices.SortStableFunc(fits, func(a, b *Fit) int { return cmp.Compare(b.Lambda, a.Lambda) })
	for _, f := range fits {
		saved := SavedFit{Lambda: f.Lambda, Terms: w.fit(f)}
		if f.Refit != nil {
			saved.Refit = w.fit(&Fit{Model: f.Refit})
		}
		m.Fits = append(m.Fits, saved)
	}
	if r.Chosen != nil {
		m.Chosen = &Choice{Lambda: r.Chosen.Lambda, Gamma: r.Chosen.Gamma}
	}
	if d.Test != nil {
		m.LeftOut = &LeftOut{File: d.File, Row: slices.Sorted(slices.Values(d.Test.Row))}
	}
	return m
}

// writer fills in the columns and features of a model as fits use them.
type writer struct {
	m        *Model
	r        *Result
	columns  map[string]int            // places in m.Columns
	levels   map[string]map[string]int // of each column
	features map[int]int               // places in m.Features
}

// fit returns the linear predictors of a fit.
func (w *writer) fit(f *Fit) []Terms {
	var out []Terms
	_, classes := w.r.classes(f)
	for _, c := range classes {
		out = append(out, w.terms(c))
	}
	return out
}

func (w *writer) terms(p linear.Predictor) Terms {
	out := Terms{Intercept: p.Intercept, Feature: []int{}, Value: []float64{}}
	for k, j := range p.Index {
		out.Feature, out.Value = append(out.Feature, w.feature(j)), append(out.Value, p.Value[k])
	}
	return out
}

func (w *writer) feature(j int) int {
	if at, ok := w.features[j]; ok {
		return at
	}
	var f Feature
	a, b := j, -1
	if pairs := w.r.problem.pairs; pairs != nil {
		a, b = pairs.Pair(j)
	}
	f.Cell = w.cell(a)
	if b >= 0 {
		cell := w.cell(b)
		f.Times = &cell
	} else {
		f.Mean, f.Deviation = w.r.problem.moments(j)
	}
	w.features[j] = len(w.m.Features)
	w.m.Features = append(w.m.Features, f)
	return w.features[j]
}

// cell returns column j of the design as a column of the table or a level of it.
func (w *writer) cell(j int) Cell {
	d := w.r.Data
	name := d.Of[j]
	at, ok := w.columns[name]
	if !ok {
		at = len(w.m.Columns)
		c := Column{Name: name}
		if k := slices.IndexFunc(d.Factors, func(f estimate.Factor) bool { return f.Column == name }); k >= 0 {
			c.Levels, c.Numbers = d.Factors[k].Levels, d.Factors[k].Numbers
			w.levels[name] = map[string]int{}
			for l, level := range c.Levels {
				w.levels[name][level] = l
			}
		}
		w.columns[name] = at
		w.m.Columns = append(w.m.Columns, c)
	}
	if w.m.Columns[at].Levels == nil {
		return Cell{at, -1}
	}
	return Cell{at, w.levels[name][strings.TrimPrefix(d.Names[j], name+"=")]}
}

// file returns model.json.
func (m *Model) file() estimate.File {
	return estimate.File{Name: ModelFile, Write: func(w io.Writer) error { return json.NewEncoder(w).Encode(m) }}
}

// maxModelFile bounds the file of a model.
const maxModelFile = 1 << 30

// ReadModel reads the model of a folder that a fit has written, or of a file.
func ReadModel(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, ModelFile)
		info, err = os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file; pare lasso -out DIR writes it", path)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file or folder", path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case info.Size() > maxModelFile:
		return nil, fmt.Errorf("%s has %d bytes; a model has at most %d", path, info.Size(), maxModelFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := decodeModel(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func decodeModel(text []byte) (*Model, error) {
	var m Model
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("not the model of a lasso: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not the model of a lasso: the file goes on after the model")
	}
	if m.Kind != modelKind {
		return nil, fmt.Errorf("not the model of a lasso: its kind is %q, expected %q", m.Kind, modelKind)
	}
	if m.Format != estimate.Format {
		return nil, fmt.Errorf("format %d; this version reads format %d", m.Format, estimate.Format)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("the model is damaged: %w", err)
	}
	return &m, nil
}

// check finds parts that do not fit together.
func (m *Model) check() error {
	family, ok := familyOf(m.Family)
	predictors := 1
	switch {
	case !ok:
		return fmt.Errorf("unknown family %q", m.Family)
	case family == linear.Binomial && len(m.Classes) != 2, family == linear.Multinomial && len(m.Classes) < 2:
		return fmt.Errorf("%d classes", len(m.Classes))
	case m.Offset != "" && family == linear.Multinomial, !family.Classes() && m.Classes != nil:
		return fmt.Errorf("family %s has no offset, or no classes", family)
	case family == linear.Multinomial:
		predictors = len(m.Classes)
	}
	if len(m.Fits) == 0 || len(m.Null) != predictors {
		return errors.New("it has no fits")
	}
	if len([]rune(m.Cells.Separator)) > 1 || len([]rune(m.Cells.Decimal)) > 1 {
		return errors.New("a separator or decimal mark is no single character")
	}
	for k, f := range m.Features {
		if f.Deviation < 0 {
			return fmt.Errorf("feature %d has the deviation %v", k, f.Deviation)
		}
		for _, c := range []*Cell{&f.Cell, f.Times} {
			if c == nil {
				continue
			}
			if c.Column < 0 || c.Column >= len(m.Columns) {
				return fmt.Errorf("feature %d is of column %d of %d", k, c.Column, len(m.Columns))
			}
			if levels := m.Columns[c.Column].Levels; levels == nil && c.Level != -1 || levels != nil && (c.Level < 0 || c.Level >= len(levels)) {
				return fmt.Errorf("feature %d is level %d of %d", k, c.Level, len(levels))
			}
		}
	}
	if l := m.LeftOut; l != nil && (len(l.Row) == 0 || l.Row[0] < 1 || !slices.IsSorted(l.Row)) {
		return errors.New("the rows left out are out of order")
	}
	last := math.Inf(1)
	for _, f := range m.Fits {
		if !(f.Lambda >= 0 && f.Lambda <= last) || len(f.Terms) != predictors || f.Refit != nil && len(f.Refit) != predictors {
			return fmt.Errorf("the fit at lambda %v has %d predictors, or is out of order", f.Lambda, len(f.Terms))
		}
		last = f.Lambda
		for _, t := range slices.Concat(f.Terms, f.Refit) {
			if len(t.Feature) != len(t.Value) || slices.ContainsFunc(t.Feature, func(k int) bool { return k < 0 || k >= len(m.Features) }) {
				return fmt.Errorf("the fit at lambda %v names features that are not there", f.Lambda)
			}
		}
	}
	if c := m.Chosen; c != nil {
		k := slices.IndexFunc(m.Fits, func(f SavedFit) bool { return f.Lambda == c.Lambda })
		if k < 0 || !(c.Gamma >= 0 && c.Gamma <= 1) || c.Gamma != 1 && m.Fits[k].Refit == nil {
			return errors.New("the chosen model is not among the fits")
		}
	}
	return nil
}

// familyOf returns the family of a name.
func familyOf(name string) (linear.Family, bool) {
	for f := linear.Gaussian; f <= linear.Poisson; f++ {
		if f.String() == name {
			return f, true
		}
	}
	return 0, false
}

// Distribution returns the family of the model.
func (m *Model) Distribution() (linear.Family, error) {
	family, ok := familyOf(m.Family)
	if !ok {
		return 0, fmt.Errorf("unknown family %q", m.Family)
	}
	return family, nil
}

// Table reads a file by the rules of the model.
func (m *Model) Table(path string) (*table.Table, error) {
	return table.Read(path, m.options(path, table.Options{}))
}

// options returns how a file is read for the model; cells override its own rules.
func (m *Model) options(path string, cells table.Options) table.Options {
	o := cells
	if !table.NamesColumns(path) {
		o.NoHeader = o.NoHeader || m.Cells.NoHeader
		for _, mark := range m.Cells.Separator {
			if o.Comma == 0 {
				o.Comma = mark
			}
		}
		for _, mark := range m.Cells.Decimal {
			if o.Decimal == 0 {
				o.Decimal = mark
			}
		}
	}
	if o.Missing == nil {
		o.Missing = m.Cells.Missing
	}
	o.Sparse = true
	for _, c := range m.Columns {
		if c.Levels != nil && !c.Numbers {
			o.Text = append(o.Text, c.Name)
		}
	}
	return o
}

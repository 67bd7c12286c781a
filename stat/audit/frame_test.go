package audit

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
)

// golden is a data set of testdata/fairlearn.json with the measures of Fairlearn and scikit-learn.
type golden struct {
	Y, P    []float64
	Classes int
	Columns map[string][]string
	Tables  map[string]struct {
		Overall             map[string]float64
		GroupMin            map[string]float64 `json:"group_min"`
		GroupMax            map[string]float64 `json:"group_max"`
		Difference          map[string]float64
		DifferenceToOverall map[string]float64 `json:"difference_to_overall"`
		Ratio               map[string]float64
		RatioToOverall      map[string]float64 `json:"ratio_to_overall"`
		Groups              map[string]map[string]float64
		Disparities         map[string]float64
	}
}

func (d golden) outcomes(t Task) *Outcomes {
	o := &Outcomes{Task: t}
	if t.Numbers > 0 {
		o.Y, o.Prediction = d.Y, d.P
		return o
	}
	for i := range d.Y {
		o.Truth, o.Predicted = append(o.Truth, int32(d.Y[i])), append(o.Predicted, int32(d.P[i]))
	}
	o.Score, o.Loss = make([]float64, len(d.Y)), make([]float64, len(d.Y))
	return o
}

// near compares to 1e-12, relative to numbers above 1.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) }

func TestFairlearn(t *testing.T) {
	text, err := os.ReadFile("testdata/fairlearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string]golden
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	for name, task := range map[string]Task{"binary": {Classes: 2, Positive: 1}, "multiclass": {Classes: 4, Positive: -1}, "numbers": {Numbers: 1}} {
		d := sets[name]
		if len(d.Tables) < 2 {
			t.Fatalf("%s: %d tables", name, len(d.Tables))
		}
		for by, want := range d.Tables {
			var columns []Column
			for _, c := range strings.Split(by, " × ") {
				column, err := NewColumn(c, d.Columns[c])
				if err != nil {
					t.Fatal(err)
				}
				columns = append(columns, column)
			}
			got, err := Compare([]*Outcomes{d.outcomes(task)}, GroupBy(columns...), Options{MinRows: 1})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, m := range got.Measures {
				key := strings.TrimSpace(m.Name + " " + m.Class)
				if _, ok := want.Overall[key]; !ok {
					continue
				}
				found++
				f := m.Stages[0]
				check := func(part string, v Value, want float64) {
					if !near(v.Value, want) {
						t.Errorf("%s by %s: %s of %s is %v, Fairlearn's %v", name, by, part, key, v.Value, want)
					}
				}
				check("overall", f.Overall, want.Overall[key])
				check("group_min", f.Min, want.GroupMin[key])
				check("group_max", f.Max, want.GroupMax[key])
				check("difference", f.Difference, want.Difference[key])
				check("difference to overall", f.DifferenceToOverall, want.DifferenceToOverall[key])
				check("ratio", f.Ratio, want.Ratio[key])
				check("ratio to overall", f.RatioToOverall, want.RatioToOverall[key])
				if len(got.Groups) != len(want.Groups) {
					t.Errorf("%s by %s: %d groups, want %d", name, by, len(got.Groups), len(want.Groups))
				}
				for k, g := range got.Groups {
					check(g.Name(), f.Groups[k], want.Groups[g.Name()][key])
				}
			}
			if found != len(want.Overall) {
				t.Errorf("%s by %s: %d of %d measures found", name, by, found, len(want.Overall))
			}
			for _, d := range got.Disparities {
				if w, ok := want.Disparities[d.Name]; !ok || !near(d.Stages[0].Value, w) {
					t.Errorf("%s by %s: %s is %v, Fairlearn's %v", name, by, d.Name, d.Stages[0].Value, w)
				}
			}
			if len(got.Disparities) != len(want.Disparities) {
				t.Errorf("%s: %d disparities, want %d", name, len(got.Disparities), len(want.Disparities))
			}
		}
	}
}

// halves are rows of two groups; a prediction is right with the probability of its group.
func halves(n int, right ...float64) (*Outcomes, *Groups) {
	r := rand.New(rand.NewPCG(1, 2))
	o, g := &Outcomes{Task: Task{Classes: 2, Positive: 1}}, &Groups{By: []string{"g"}}
	for k := range right {
		g.Values = append(g.Values, []string{string(rune('a' + k))})
	}
	for i := range n {
		k := i % len(right)
		y := int32(r.IntN(2))
		p := y
		if r.Float64() >= right[k] {
			p = 1 - y
		}
		o.Truth, o.Predicted = append(o.Truth, y), append(o.Predicted, p)
		o.Score, o.Loss, g.Of = append(o.Score, float64(p)), append(o.Loss, 0), append(g.Of, int32(k))
	}
	return o, g
}

// TestBootstrap: the bootstrap distribution of an accuracy is binomial, so its percentiles are
// known; the interval of a difference of two independent groups follows a normal distribution.
func TestBootstrap(t *testing.T) {
	o, g := halves(2000, 0.9, 0.7)
	table, err := Compare([]*Outcomes{o, o}, g, Options{MinRows: 30, Resamples: 1500, Confidence: 0.95, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	m := table.Measure("accuracy")
	p := m.Stages[0].Overall.Value
	half := 1.96 * math.Sqrt(p*(1-p)/2000)
	if v := m.Stages[0].Overall; math.Abs(v.Low-(p-half)) > 0.12*half || math.Abs(v.High-(p+half)) > 0.12*half {
		t.Errorf("accuracy %+v, want %.4f ± %.4f", v, p, half)
	}
	a, b := m.Stages[0].Groups[0].Value, m.Stages[0].Groups[1].Value
	d, half := a-b, 1.96*math.Sqrt(a*(1-a)/1000+b*(1-b)/1000)
	if v := m.Stages[0].Difference; v.Value != d || math.Abs(v.Low-(d-half)) > 0.12*half || math.Abs(v.High-(d+half)) > 0.12*half {
		t.Errorf("difference %+v, want %.4f ± %.4f", v, d, half)
	}
	if c := m.Change; c.Overall != (Value{}) || c.Groups[1] != (Value{}) || c.Difference != (Value{}) {
		t.Errorf("a network differs from itself: %+v", c)
	}
}

// TestPasses: intervals do not depend on how many numbers of the samples are in memory at once.
func TestPasses(t *testing.T) {
	defer func(old int) { sampleMemory = old }(sampleMemory)
	o, g := halves(300, 0.9, 0.7, 0.5)
	other, _ := halves(300, 0.8, 0.7, 0.9)
	var texts []string
	for _, sampleMemory = range []int{1 << 20, 50 * 7, 1} {
		table, err := Compare([]*Outcomes{o, other}, g, Options{MinRows: 1, Resamples: 50, Confidence: 0.9, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		if texts = append(texts, string(text)); texts[0] != string(text) {
			t.Errorf("with %d numbers in memory the intervals differ", sampleMemory)
		}
	}
}

// TestThreads: the samples do not depend on the number of threads.
func TestThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	o, g := halves(300, 0.9, 0.7, 0.5)
	var first string
	for _, threads := range []int{1, 3} {
		parallel.SetThreads(threads)
		table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1, Resamples: 50, Confidence: 0.9, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		} else if first != string(text) {
			t.Error("the intervals depend on the number of threads")
		}
		var back Table
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(back)
		if err != nil || string(again) != first {
			t.Errorf("read back and written: %v, %s", err, again)
		}
	}
}

// TestCalibration: by hand, two bins.
func TestCalibration(t *testing.T) {
	o := &Outcomes{Task: Task{Classes: 2, Positive: 1}, Truth: []int32{1, 0, 1, 0}, Predicted: []int32{1, 1, 1, 0},
		Score: []float64{0.95, 0.95, 0.95, 0.25}, Loss: []float64{1, 2, 3, 6}}
	g := &Groups{By: []string{"g"}, Values: [][]string{{"a"}, {"b"}}, Of: []int32{0, 0, 1, 1}}
	table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := table.Measure("calibration_error").Stages[0]
	if want := 0.75*math.Abs(0.95-2.0/3) + 0.25*0.25; !near(f.Overall.Value, want) || !near(f.Groups[0].Value, 0.45) || !near(f.Groups[1].Value, 0.15) {
		t.Errorf("calibration error %+v, want %v overall", f, want)
	}
	if f := table.Measure("loss").Stages[0]; f.Overall.Value != 3 || f.Groups[1].Value != 4.5 {
		t.Errorf("loss %+v", f)
	}
	if f := table.Measure("true_positive_rate").Stages[0]; f.Groups[0].Value != 1 || f.Difference.Value != 0 {
		t.Errorf("true positive rate %+v", f)
	}
}

// TestUndefined: a rate without cases is not a number, and does not count in gaps.
func TestUndefined(t *testing.T) {
	o := &Outcomes{Task: Task{Classes: 2, Positive: 1}, Truth: []int32{1, 0, 0, 0, 1, 1}, Predicted: []int32{1, 1, 0, 0, 1, 0},
		Score: make([]float64, 6), Loss: make([]float64, 6)}
	g := &Groups{By: []string{"g"}, Values: [][]string{{"a"}, {"b"}, {"c"}}, Of: []int32{0, 0, 1, 1, 2, 2}}
	table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1, Resamples: 20, Confidence: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	f := table.Measure("true_positive_rate").Stages[0]
	if !math.IsNaN(f.Groups[1].Value) || f.Difference.Value != 0.5 || f.Min.Value != 0.5 {
		t.Errorf("true positive rate %+v", f)
	}
	if text, err := json.Marshal(f.Groups[1]); err != nil || string(text) != `{"value":null}` {
		t.Errorf("%s, %v", text, err)
	}
	few, err := Compare([]*Outcomes{o}, g, Options{MinRows: 3})
	if err != nil {
		t.Fatal(err)
	}
	if m := few.Measure("accuracy").Stages[0]; !math.IsNaN(m.Difference.Value) || m.Groups[2].Value != 0.5 {
		t.Errorf("groups of two rows count in gaps: %+v", m)
	}
	if len(few.Notes) != 1 || few.Notes[0] != "groups with fewer than 3 rows are not in differences and ratios: a (2), b (2), c (2)" {
		t.Errorf("notes %q", few.Notes)
	}
}

// TestUndefinedOdds: equalized odds are not defined where a gap of one of the two rates is not,
// whichever it is.
func TestUndefinedOdds(t *testing.T) {
	for _, rare := range []int32{0, 1} {
		o := &Outcomes{Task: Task{Classes: 2, Positive: 1}, Predicted: []int32{0, 1, 1, 0, 1, 1}, Score: make([]float64, 6), Loss: make([]float64, 6)}
		for _, isRare := range []bool{true, false, false, false, false, false} { // in the first group alone
			y := 1 - rare
			if isRare {
				y = rare
			}
			o.Truth = append(o.Truth, y)
		}
		g := &Groups{By: []string{"g"}, Values: [][]string{{"a"}, {"b"}}, Of: []int32{0, 0, 0, 1, 1, 1}}
		table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range table.Disparities {
			if v := d.Stages[0].Value; strings.HasPrefix(d.Name, "equalized_odds") && !math.IsNaN(v) {
				t.Errorf("class %d in one group alone: %s is %v", rare, d.Name, v)
			}
		}
	}
}

// TestLabels: each label is a class of its own.
func TestLabels(t *testing.T) {
	o := &Outcomes{Task: Task{Labels: 2, Names: []string{"cat", "dog"}, Positive: -1}}
	for _, row := range [][2][]float32{{{2, -1}, {1, 0}}, {{-2, 3}, {1, 1}}, {{1, 1}, {0, 1}}, {{-1, -1}, {0, 0}}} {
		if err := o.Add(row[0], row[1]); err != nil {
			t.Fatal(err)
		}
	}
	g := &Groups{By: []string{"g"}, Values: [][]string{{"a"}, {"b"}}, Of: []int32{0, 0, 1, 1}}
	table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	if f := table.Measure("accuracy").Stages[0]; f.Overall.Value != 0.75 || f.Groups[0].Value != 0.75 {
		t.Errorf("accuracy %+v", f)
	}
	for _, m := range table.Measures {
		if m.Name == "false_positive_rate" && m.Class == "cat" && m.Stages[0].Overall.Value != 0.5 {
			t.Errorf("%+v", m.Stages[0])
		}
	}
	if f := table.Measure("macro_true_positive_rate").Stages[0]; f.Overall.Value != 0.75 {
		t.Errorf("macro %+v", f)
	}
	if err := o.Add([]float32{1}, []float32{1}); err == nil {
		t.Error("a row of one output was added")
	}
}

// TestAdd: probabilities and cross-entropy of classes.
func TestAdd(t *testing.T) {
	for _, positive := range []int{-1, 1} {
		o := &Outcomes{Task: Task{Classes: 3, Positive: positive}}
		if err := o.Add([]float32{1, 2, 0}, []float32{0}); err != nil {
			t.Fatal(err)
		}
		sum := math.Exp(1) + math.Exp(2) + 1
		if o.Predicted[0] != 1 || !near(o.Score[0], math.Exp(2)/sum) || !near(o.Loss[0], math.Log(sum)-1) {
			t.Errorf("%+v", o)
		}
		if err := o.Add([]float32{1, 2, 0}, []float32{3}); err == nil {
			t.Error("class 3 of 3 was added")
		}
	}
}

// TestManyClasses: of many classes there are means alone.
func TestManyClasses(t *testing.T) {
	o, g := halves(100, 0.9, 0.8)
	o.Classes, o.Positive = 21, -1
	table, err := Compare([]*Outcomes{o}, g, Options{MinRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range table.Measures {
		if m.Class != "" {
			t.Errorf("%s of class %s", m.Name, m.Class)
		}
	}
	if want := "21 classes are too many to measure one by one in 2 groups"; len(table.Notes) != 1 || table.Notes[0] != want {
		t.Errorf("notes %q", table.Notes)
	}
	if tpr := table.Measure("macro_true_positive_rate").Stages[0].Overall.Value; math.Abs(tpr-0.85) > 0.06 {
		t.Errorf("macro true positive rate %v of two classes that occur", tpr)
	}
}

func TestOptions(t *testing.T) {
	o, g := halves(10, 1, 0.5)
	for want, options := range map[string]Options{
		"least number of rows":        {},
		"number of bootstrap samples": {MinRows: 1, Resamples: -1},
		"confidence":                  {MinRows: 1, Resamples: 5, Confidence: 1},
	} {
		if _, err := Compare([]*Outcomes{o}, g, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Compare([]*Outcomes{o}, &Groups{Of: make([]int32, 3)}, Options{MinRows: 1}); err == nil || err.Error() != "there are groups of 3 rows and predictions of 10" {
		t.Error(err)
	}
}

package linear

import (
	"math"
	"strings"
	"testing"
)

// foreign is a design that has no more than the methods of Design.
type foreign struct{ dense Dense }

func (f *foreign) Dims() (n, p int)                    { return f.dense.Dims() }
func (f *foreign) Dot(j int, v []float64) float64      { return f.dense.Dot(j, v) }
func (f *foreign) AddTo(v []float64, j int, a float64) { f.dense.AddTo(v, j, a) }

func TestErrorsAreOneClearLine(t *testing.T) {
	d, y := randomRows(1, 6, 3, 1, 1)
	bad := &foreign{Dense{6, 3, append([]float64(nil), d.data...)}}
	bad.dense.data[1*6+4] = math.NaN()
	infinite := math.Inf(1)
	for _, c := range []struct {
		want string
		err  func() error
	}{
		{"row 4, column 1 is NaN", func() error { _, err := NewDense(6, 3, bad.dense.data); return err }},
		{"row 4, column 1 is NaN", func() error { _, err := Fit(Problem{X: bad, Y: y}, 1, Options{}); return err }},
		{"row 1, column 0 is +Inf", func() error { _, err := NewSparse(2, 1, []int{0, 1}, []int{1}, []float64{infinite}); return err }},
		{"do not ascend", func() error { _, err := NewSparse(2, 1, []int{0, 2}, []int{1, 0}, []float64{1, 1}); return err }},
		{"row 1 has 1 columns, the first one 2", func() error { _, err := NewDenseRows([][]float64{{1, 2}, {3}}); return err }},
		{"5 responses for 6 observations", func() error { _, err := Fit(Problem{X: d, Y: y[:5]}, 1, Options{}); return err }},
		{"1 observations; at least 2", func() error {
			_, err := Fit(Problem{X: &Dense{1, 1, []float64{1}}, Y: []float64{1}}, 1, Options{})
			return err
		}},
		{"lambda -1", func() error { _, err := Fit(Problem{X: d, Y: y}, -1, Options{}); return err }},
		{"lambda NaN", func() error { _, err := Fit(Problem{X: d, Y: y}, math.NaN(), Options{}); return err }},
		{"alpha 2", func() error { _, err := Fit(Problem{X: d, Y: y, Alpha: 2}, 1, Options{}); return err }},
		{"response 2 is NaN", func() error {
			_, err := Fit(Problem{X: d, Y: []float64{1, 2, math.NaN(), 1, 2, 3}}, 1, Options{})
			return err
		}},
		{"a binomial one is 0 or 1", func() error { _, err := Fit(Problem{X: d, Y: y, Family: Binomial}, 1, Options{}); return err }},
		{"needs both 0 and 1", func() error {
			_, err := Fit(Problem{X: d, Y: make([]float64, 6), Family: Binomial}, 1, Options{})
			return err
		}},
		{"class 1 has no observations", func() error {
			_, err := Fit(Problem{X: d, Y: []float64{0, 0, 2, 2, 0, 2}, Family: Multinomial}, 1, Options{})
			return err
		}},
		{"offsets are too large for means to be numbers", func() error {
			_, err := Fit(Problem{X: d, Y: []float64{1, 0, 2, 2, 0, 2}, Family: Poisson, Offset: []float64{0, 0, 999, 0, 0, 0}, NoIntercept: true},
				1, Options{})
			return err
		}},
		{"penalty factor 1 is -1", func() error {
			_, err := Fit(Problem{X: d, Y: y, PenaltyFactor: []float64{1, -1, 1}}, 1, Options{})
			return err
		}},
		{"do not include 0", func() error {
			_, err := Fit(Problem{X: d, Y: y, Lower: []float64{1, 0, 0}}, 1, Options{})
			return err
		}},
		{"all weights are 0", func() error {
			_, err := Fit(Problem{X: d, Y: y, Weights: make([]float64, 6)}, 1, Options{})
			return err
		}},
		{"without gaps", func() error { _, err := Fit(Problem{X: d, Y: y, Groups: []int{0, 2, 2}}, 1, Options{}); return err }},
	} {
		err := c.err()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestConstantColumnsStayZero(t *testing.T) {
	d, y := randomRows(1, 20, 4, 2, 1)
	for i := range 20 {
		d.data[3*20+i] = 1e8 / 3
	}
	p := Problem{X: d, Y: y}
	m, err := Fit(p, 0.001, Options{Tolerance: 1e-12, KeepDual: true})
	if err != nil {
		t.Fatal(err)
	}
	check(t, p, m)
	if m.Constant != 1 || m.Coefficients(4)[3] != 0 {
		t.Errorf("%d constant columns, coefficients %v", m.Constant, m.Coefficients(4))
	}
}

func TestForeignDesign(t *testing.T) {
	d, y := randomRows(1, 30, 50, 2, 1)
	a, err := Fit(Problem{X: d, Y: y}, 0.2, Options{Tolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(Problem{X: &foreign{*d}, Y: y}, 0.2, Options{Tolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(a.Objective-b.Objective) > 1e-12*a.Null {
		t.Errorf("objectives %v and %v", a.Objective, b.Objective)
	}
}

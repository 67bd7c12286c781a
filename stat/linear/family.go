package linear

import (
	"fmt"
	"math"

	"pare/stat/internal/logistic"
)

// Family is the distribution of the response, which chooses the loss.
type Family int

const (
	Gaussian    Family = iota // numbers; half the squared error
	Binomial                  // 0 or 1; logistic loss
	Multinomial               // classes 0 to Classes−1; cross-entropy of a softmax
	Poisson                   // counts, or other numbers from 0; half the deviance, with log link
)

// families holds the facts of each family. A solver knows a family by its loss.
var families = [...]struct {
	name string
	// check returns an error if response i is not of the family.
	check func(p *Problem, i int, y float64) error
	// enough returns why the responses of a task, without responses of weight 0, have no model.
	enough func(t *task) error
	// loss is nil for a family with several predictors.
	loss    func(t *task) loss
	classes bool // responses are classes
	// mean is the inverse link and deviance the deviance of one observation; nil with several predictors.
	mean     func(eta float64) float64
	deviance func(eta, y float64) float64
}{
	Gaussian: {name: "gaussian", loss: func(t *task) loss { return &squares{t.y, t.v} },
		mean:     func(eta float64) float64 { return eta },
		deviance: func(eta, y float64) float64 { return (y - eta) * (y - eta) }},
	Binomial: {name: "binomial", check: checkBinary, enough: bothClasses, classes: true,
		loss: func(t *task) loss { return &logisticLoss{t.y, t.v, t.offset} }, mean: logistic.Sigmoid,
		deviance: func(eta, y float64) float64 { return 2 * logistic.Softplus((1-2*y)*eta) }},
	Multinomial: {name: "multinomial", check: checkClass, classes: true},
	Poisson: {name: "poisson", check: checkCount, enough: anyCount,
		loss: func(t *task) loss { return newPoissonLoss(t) }, mean: math.Exp,
		deviance: func(eta, y float64) float64 { return 2 * (math.Exp(eta) - y*eta + entropy(y) - y) }},
}

// String returns gaussian, binomial, multinomial or poisson.
func (f Family) String() string {
	if f.known() {
		return families[f].name
	}
	return fmt.Sprintf("Family(%d)", int(f))
}

func (f Family) known() bool { return f >= 0 && int(f) < len(families) }

// Classes reports whether responses are classes, not numbers.
func (f Family) Classes() bool { return families[f].classes }

// Mean is the expected response where the linear predictor, with its offset, is eta: the
// probability of 1 for Binomial. Multinomial has Model.Probabilities instead, and NaN here.
func (f Family) Mean(eta float64) float64 {
	if families[f].mean == nil {
		return math.NaN()
	}
	return families[f].mean(eta)
}

// Deviance is twice the loss of an observation with response y where the linear predictor,
// with its offset, is eta: the square of the error for Gaussian. It is NaN for Multinomial.
func (f Family) Deviance(eta, y float64) float64 {
	if families[f].deviance == nil {
		return math.NaN()
	}
	return families[f].deviance(eta, y)
}

func checkBinary(_ *Problem, i int, y float64) error {
	if y != 0 && y != 1 {
		return fmt.Errorf("linear: response %d is %v; a binomial one is 0 or 1", i, y)
	}
	return nil
}

func checkClass(p *Problem, i int, y float64) error {
	if y < 0 || y != math.Trunc(y) || y > 1e6 || p.Classes > 0 && int(y) >= p.Classes {
		return fmt.Errorf("linear: response %d is %v, not the index of a class", i, y)
	}
	return nil
}

func checkCount(_ *Problem, i int, y float64) error {
	if y < 0 {
		return fmt.Errorf("linear: response %d is %v; a poisson one is not negative", i, y)
	}
	return nil
}

func bothClasses(t *task) error {
	if rate := mean(t.y, t.v); !(rate > 0 && rate < 1) {
		return fmt.Errorf("linear: all responses are %v; a binomial model needs both 0 and 1", t.y[0])
	}
	return nil
}

func anyCount(t *task) error {
	switch size := mean(t.y, t.v); {
	case size == 0:
		return fmt.Errorf("linear: all responses are 0; a poisson model needs some above 0")
	case !inRange(t.y):
		return fmt.Errorf("linear: responses are too large or too small for their squares to be numbers; scale them")
	}
	return nil
}

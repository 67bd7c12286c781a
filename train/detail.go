package train

import (
	"math"

	"pare/layers"
	"pare/nn"
)

// Detail is a closer look at the quality of a network on a set of examples than Metrics.
// Which fields there are depends on the targets.
type Detail struct {
	// Classes, or labels, in their order; nil for numbers.
	Classes []ClassResult `json:"classes,omitempty"`
	// MacroF1 is the mean of F1, over the classes that are a target or were predicted
	// (scikit-learn's f1_score with average="macro").
	MacroF1 *float64 `json:"macro_f1,omitempty"`
	// Top5 is the share of targets among the five largest outputs, where there are at least
	// ten classes.
	Top5 *float64 `json:"top5,omitempty"`
	// Confusion counts targets by their class (row) and the predicted one (column); nil for
	// labels and for more than MaxConfusion classes.
	Confusion [][]int `json:"confusion,omitempty"`
	// R2 is the coefficient of determination 1 − Σ(t−o)²/Σ(t−mean)², the mean of those of
	// several numbers an example (scikit-learn's r2_score); nil for a single example.
	R2 *float64 `json:"r2,omitempty"`
	// MAE is the mean of |t−o|.
	MAE *float64 `json:"mae,omitempty"`
}

// ClassResult counts the targets of a class, or the examples with a label.
type ClassResult struct {
	N         int     `json:"n"`         // targets of the class
	Predicted int     `json:"predicted"` // outputs of the class
	Correct   int     `json:"correct"`   // targets of the class that were predicted as it
	Accuracy  float64 `json:"accuracy"`  // recall, Correct/N; 0 without targets
	F1        float64 `json:"f1"`        // 2·Correct/(N+Predicted); 0 without either
}

// MaxConfusion is the most classes whose confusions are counted.
const MaxConfusion = 1000

// top5Classes is the fewest classes for which the five largest outputs say something.
const top5Classes = 10

// Tally collects the numbers of a Detail.
type Tally struct {
	classes []ClassResult // of classes and labels
	matrix  [][]int       // nil: not counted
	labels  bool
	top5, n int

	numbers []moments // of each number of an example; nil for classes and labels
	abs     float64
}

// moments are of the targets of one number, and the squares of its errors.
type moments struct {
	n                   int
	mean, spread, error float64 // spread is Σ(t−mean)² (Welford 1962)
}

// NewTally is for an evaluation by a loss with a number of targets an example, each with a
// number of outputs; nil where the loss is of another module.
func NewTally(loss nn.Loss, targets, outputs int) *Tally {
	switch loss.(type) {
	case nil, layers.CrossEntropy:
		t := &Tally{classes: make([]ClassResult, outputs)}
		if outputs <= MaxConfusion {
			t.matrix = make([][]int, outputs)
			cells := make([]int, outputs*outputs)
			for i := range t.matrix {
				t.matrix[i] = cells[i*outputs:][:outputs]
			}
		}
		return t
	case layers.BinaryCrossEntropy:
		return &Tally{classes: make([]ClassResult, targets), labels: true}
	case layers.MeanSquare:
		return &Tally{numbers: make([]moments, targets)}
	}
	return nil
}

// Add counts target number i of an example, with the outputs that belong to it.
func (t *Tally) Add(i int, output []float32, target float32) {
	t.n++
	switch {
	case t.numbers != nil:
		m, y := &t.numbers[i], float64(target)
		m.n++
		d := y - m.mean
		m.mean += d / float64(m.n)
		m.spread += d * (y - m.mean)
		e := float64(output[0]) - y
		m.error += e * e
		t.abs += math.Abs(e)
	case t.labels:
		t.count(i, i, target == 1, output[0] > 0)
	default:
		class, best, above := int(target), 0, 0
		for k, v := range output {
			if v > output[best] {
				best = k
			}
			if v > output[class] || v == output[class] && k < class {
				above++
			}
		}
		t.count(class, best, true, true)
		if above < 5 {
			t.top5++
		}
		if t.matrix != nil {
			t.matrix[class][best]++
		}
	}
}

// count counts a target and a prediction, as far as there are.
func (t *Tally) count(target, predicted int, is, says bool) {
	if is {
		t.classes[target].N++
	}
	if says {
		t.classes[predicted].Predicted++
	}
	if is && says && target == predicted {
		t.classes[target].Correct++
	}
}

// Detail is the result so far, of at least one target.
func (t *Tally) Detail() *Detail {
	if t.numbers != nil {
		return t.ofNumbers()
	}
	d := &Detail{Classes: t.classes, Confusion: t.matrix}
	sum, classes := 0.0, 0
	for i := range d.Classes {
		c := &d.Classes[i]
		if c.N > 0 {
			c.Accuracy = float64(c.Correct) / float64(c.N)
		}
		if c.N+c.Predicted > 0 {
			c.F1 = 2 * float64(c.Correct) / float64(c.N+c.Predicted)
		}
		if t.labels || c.N+c.Predicted > 0 {
			classes++
		}
		sum += c.F1
	}
	f1 := sum / float64(classes)
	d.MacroF1 = &f1
	if len(t.classes) >= top5Classes && !t.labels {
		top5 := float64(t.top5) / float64(t.n)
		d.Top5 = &top5
	}
	return d
}

func (t *Tally) ofNumbers() *Detail {
	mae := t.abs / float64(t.n)
	d := &Detail{MAE: &mae}
	if t.numbers[0].n < 2 {
		return d
	}
	sum := 0.0
	for _, m := range t.numbers {
		switch {
		case m.spread > 0:
			sum += 1 - m.error/m.spread
		case m.error == 0: // of a number that never varies, as scikit-learn has it
			sum++
		}
	}
	r2 := sum / float64(len(t.numbers))
	d.R2 = &r2
	return d
}

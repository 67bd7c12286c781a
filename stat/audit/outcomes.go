package audit

import (
	"fmt"
	"math"
	"strconv"
)

// Task is the meaning of the predictions that an audit measures.
type Task struct {
	// Classes is the number of classes of a target; 0: targets are labels or numbers.
	Classes int
	// Labels is the number of labels of a row, each of which applies or not; Numbers the number
	// of numbers to predict. One of Classes, Labels and Numbers is above 0.
	Labels, Numbers int
	// Names are the names of the classes, labels or numbers; nil: they are counted from 0.
	Names []string
	// Positive is the class whose rates are measured; −1: the rates of every class against the
	// others, and their means. It has no meaning for labels and numbers.
	Positive int
}

// name names class, label or number k.
func (t Task) name(k int) string {
	if k < len(t.Names) {
		return t.Names[k]
	}
	return strconv.Itoa(k)
}

// units is the number of targets of a row.
func (t Task) units() int { return max(1, t.Labels, t.Numbers) }

// rated is the number of classes or labels whose rates are measured.
func (t Task) rated() int {
	if t.Classes > 0 && t.Positive >= 0 {
		return 1
	}
	return t.Classes + t.Labels
}

// Outcomes are the targets of rows and the predictions of a network, row after row.
type Outcomes struct {
	Task
	// Truth and Predicted are classes, or 0 and 1 for each label.
	Truth, Predicted []int32
	// Score is the probability of the class Positive, of the predicted class where Positive
	// is −1, or of each label.
	Score []float64
	// Loss is the cross-entropy of a row in nats, the mean over its labels.
	Loss []float64
	// Y are numbers to predict, Numbers for each row, and Prediction the predicted ones.
	Y, Prediction []float64
}

// Rows is the number of rows.
func (o *Outcomes) Rows() int { return max(len(o.Truth), len(o.Y)) / o.units() }

// Add adds a row: the outputs of a network, which are logits of classes or labels, or numbers, and
// its targets.
func (o *Outcomes) Add(outputs, targets []float32) error {
	switch {
	case o.Classes > 0:
		class := int(targets[0])
		if len(outputs) != o.Classes || len(targets) != 1 || class < 0 || class >= o.Classes {
			return fmt.Errorf("%d outputs and the target %v do not fit %d classes", len(outputs), targets, o.Classes)
		}
		best := 0
		for k, v := range outputs {
			if v > outputs[best] {
				best = k
			}
		}
		most, sum := float64(outputs[best]), 0.0
		for _, v := range outputs {
			sum += math.Exp(float64(v) - most)
		}
		scored := best
		if o.Positive >= 0 {
			scored = o.Positive
		}
		o.Truth, o.Predicted = append(o.Truth, int32(class)), append(o.Predicted, int32(best))
		o.Score = append(o.Score, math.Exp(float64(outputs[scored])-most)/sum)
		o.Loss = append(o.Loss, math.Log(sum)-(float64(outputs[class])-most))
	case o.Labels > 0:
		if len(outputs) != o.Labels || len(targets) != o.Labels {
			return fmt.Errorf("%d outputs and %d targets do not fit %d labels", len(outputs), len(targets), o.Labels)
		}
		loss := 0.0
		for k, v := range outputs {
			s, says := float64(v), int32(0)
			if s > 0 {
				says = 1
			}
			o.Truth, o.Predicted = append(o.Truth, int32(targets[k])), append(o.Predicted, says)
			o.Score = append(o.Score, 1/(1+math.Exp(-s)))
			loss += max(s, 0) + math.Log1p(math.Exp(-math.Abs(s))) - float64(targets[k])*s
		}
		o.Loss = append(o.Loss, loss/float64(o.Labels))
	default:
		if len(outputs) != o.Numbers || len(targets) != o.Numbers {
			return fmt.Errorf("%d outputs and %d targets do not fit %d numbers", len(outputs), len(targets), o.Numbers)
		}
		for k, v := range outputs {
			o.Y, o.Prediction = append(o.Y, float64(targets[k])), append(o.Prediction, float64(v))
		}
	}
	return nil
}

// Take are the outcomes of some rows.
func (o *Outcomes) Take(rows []int) *Outcomes {
	out, u := &Outcomes{Task: o.Task}, o.units()
	for _, i := range rows {
		if o.Numbers > 0 {
			out.Y, out.Prediction = append(out.Y, o.Y[i*u:][:u]...), append(out.Prediction, o.Prediction[i*u:][:u]...)
			continue
		}
		out.Truth, out.Predicted = append(out.Truth, o.Truth[i*u:][:u]...), append(out.Predicted, o.Predicted[i*u:][:u]...)
		out.Score, out.Loss = append(out.Score, o.Score[i*u:][:u]...), append(out.Loss, o.Loss[i])
	}
	return out
}

// Append adds the rows of another network.
func (o *Outcomes) Append(more *Outcomes) {
	o.Truth, o.Predicted = append(o.Truth, more.Truth...), append(o.Predicted, more.Predicted...)
	o.Score, o.Loss = append(o.Score, more.Score...), append(o.Loss, more.Loss...)
	o.Y, o.Prediction = append(o.Y, more.Y...), append(o.Prediction, more.Prediction...)
}

// bins is the number of intervals of equal width of a calibration error (Guo et al. 2017 use 15,
// Naeini et al. 2015 ten).
const bins = 10

// tally adds up rows, each with a weight, for all measures.
type tally struct {
	n, right, loss, score float64
	class                 []counts // of classes or labels
	bin                   [bins]bin
	number                []moments
}

// counts are of one class or label: targets, predictions, and both at once.
type counts struct{ truth, predicted, both float64 }

// bin sums the scores of an interval, and how often they came true.
type bin struct{ score, hit float64 }

// moments are sums over one number: of targets less a shift, of errors, and of their squares.
type moments struct{ shift, y, yy, e, ee, abs float64 }

func newTally(t Task) *tally {
	return &tally{class: make([]counts, t.Classes+t.Labels), number: make([]moments, t.Numbers)}
}

// reset forgets all rows, but keeps the shifts.
func (t *tally) reset() {
	t.n, t.right, t.loss, t.score = 0, 0, 0, 0
	clear(t.class)
	t.bin = [bins]bin{}
	for k := range t.number {
		t.number[k] = moments{shift: t.number[k].shift}
	}
}

// add adds row i of o with a weight.
func (t *tally) add(o *Outcomes, i int, w float64) {
	t.n += w
	switch {
	case o.Classes > 0:
		truth, predicted := o.Truth[i], o.Predicted[i]
		t.class[truth].truth += w
		t.class[predicted].predicted += w
		if truth == predicted {
			t.class[truth].both += w
			t.right += w
		}
		hit := truth == predicted
		if o.Positive >= 0 {
			hit = int(truth) == o.Positive
		}
		t.scored(o.Score[i], hit, w)
		t.loss += w * o.Loss[i]
	case o.Labels > 0:
		for k := range o.Labels {
			at := i*o.Labels + k
			truth, predicted, c := o.Truth[at], o.Predicted[at], &t.class[k]
			c.truth += w * float64(truth)
			c.predicted += w * float64(predicted)
			c.both += w * float64(truth*predicted)
			if truth == predicted {
				t.right += w
			}
			t.scored(o.Score[at], truth == 1, w)
		}
		t.loss += w * o.Loss[i]
	default:
		for k := range o.Numbers {
			m, at := &t.number[k], i*o.Numbers+k
			y, e := o.Y[at]-m.shift, o.Prediction[at]-o.Y[at]
			m.y += w * y
			m.yy += w * y * y
			m.e += w * e
			m.ee += w * e * e
			m.abs += w * math.Abs(e)
		}
	}
}

func (t *tally) scored(score float64, hit bool, w float64) {
	b := &t.bin[min(max(int(score*bins), 0), bins-1)]
	b.score += w * score
	t.score += w * score
	if hit {
		b.hit += w
	}
}

// merge adds the rows of another tally.
func (t *tally) merge(o *tally) {
	t.n += o.n
	t.right += o.right
	t.loss += o.loss
	t.score += o.score
	for k, c := range o.class {
		own := &t.class[k]
		own.truth += c.truth
		own.predicted += c.predicted
		own.both += c.both
	}
	for k, b := range o.bin {
		t.bin[k].score += b.score
		t.bin[k].hit += b.hit
	}
	for k, m := range o.number {
		own := &t.number[k]
		d := m.shift - own.shift // of the targets of o
		own.y += m.y + o.n*d
		own.yy += m.yy + 2*d*m.y + o.n*d*d
		own.e += m.e
		own.ee += m.ee
		own.abs += m.abs
	}
}

// metric is a measure of rows; NaN where it is not defined.
type metric struct {
	name, class string
	of          func(t *tally) float64
}

// signed reports whether a measure may be below and above 0, so that ratios have no meaning.
func (m metric) signed() bool { return m.name == "mean_error" }

// Classes and labels are measured one by one where there are few: at most maxRatedClasses, and at most
// maxRated pairs of a class and a group, as bootstrap samples of all numbers are in memory.
const (
	maxRatedClasses = 20
	maxRated        = 500
)

// oneByOne reports whether each class or label is measured.
func (t Task) oneByOne(groups int) bool {
	n := t.rated()
	return n > 1 && n <= maxRatedClasses && n*groups <= maxRated
}

// metrics are the measures of a task with so many groups in the order of tables.
func (t Task) metrics(groups int) []metric {
	if t.Numbers > 0 {
		return numberMetrics(t.Numbers)
	}
	units := float64(t.units())
	out := []metric{
		{"accuracy", "", func(t *tally) float64 { return t.right / (t.n * units) }},
	}
	switch {
	case t.Classes > 0 && t.Positive >= 0:
		out = append(out, rates("", func(of func(counts, float64) float64) func(*tally) float64 {
			return func(s *tally) float64 { return of(s.class[t.Positive], s.n) }
		})...)
		out = append(out, metric{"mean_score", "", func(t *tally) float64 { return t.score / t.n }})
	default:
		macro := rates("", func(of func(counts, float64) float64) func(*tally) float64 {
			return func(s *tally) float64 { return meanKnown(s, of) }
		})
		for _, m := range macro {
			if m.name != "base_rate" && (m.name != "selection_rate" || t.Labels > 0) { // 1/classes
				m.name = "macro_" + m.name
				out = append(out, m)
			}
		}
	}
	out = append(out, metric{"calibration_error", "", func(t *tally) float64 {
		sum := 0.0
		for _, b := range t.bin {
			sum += math.Abs(b.score - b.hit)
		}
		return sum / (t.n * units)
	}}, metric{"loss", "", func(t *tally) float64 { return t.loss / t.n }})
	if t.oneByOne(groups) {
		for k := range t.rated() {
			out = append(out, rates(t.name(k), func(of func(counts, float64) float64) func(*tally) float64 {
				return func(s *tally) float64 { return of(s.class[k], s.n) }
			})...)
		}
	}
	return out
}

// rates are the rates of a class against all others.
func rates(class string, of func(func(counts, float64) float64) func(*tally) float64) []metric {
	out := []metric{
		{"base_rate", class, of(func(c counts, n float64) float64 { return c.truth / n })},
		{"selection_rate", class, of(func(c counts, n float64) float64 { return c.predicted / n })},
		{"true_positive_rate", class, of(truePositive)},
		{"false_positive_rate", class, of(falsePositive)},
		{"true_negative_rate", class, of(func(c counts, n float64) float64 { return 1 - falsePositive(c, n) })},
		{"false_negative_rate", class, of(func(c counts, n float64) float64 { return 1 - truePositive(c, n) })},
	}
	return out
}

func truePositive(c counts, n float64) float64  { return quotient(c.both, c.truth) }
func falsePositive(c counts, n float64) float64 { return quotient(c.predicted-c.both, n-c.truth) }

// quotient is NaN where the whole is 0.
func quotient(part, whole float64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return part / whole
}

// meanKnown is the mean of a rate over the classes that have it.
func meanKnown(t *tally, of func(counts, float64) float64) float64 {
	sum, known := 0.0, 0.0
	for _, c := range t.class {
		if v := of(c, t.n); !math.IsNaN(v) {
			sum, known = sum+v, known+1
		}
	}
	return quotient(sum, known)
}

// numberMetrics are means over the numbers of a row.
func numberMetrics(numbers int) []metric {
	mean := func(of func(m moments, n float64) float64) func(*tally) float64 {
		return func(t *tally) float64 {
			sum := 0.0
			for _, m := range t.number {
				sum += of(m, t.n)
			}
			return sum / float64(numbers)
		}
	}
	return []metric{
		{"mean_squared_error", "", mean(func(m moments, n float64) float64 { return m.ee / n })},
		{"mean_absolute_error", "", mean(func(m moments, n float64) float64 { return m.abs / n })},
		{"mean_error", "", mean(func(m moments, n float64) float64 { return m.e / n })},
		{"r2", "", mean(func(m moments, n float64) float64 {
			spread := m.yy - m.y*m.y/n
			if n < 2 || spread <= 1e-14*m.yy {
				return math.NaN()
			}
			return 1 - m.ee/spread
		})},
		{"mean_target", "", mean(func(m moments, n float64) float64 { return m.shift + m.y/n })},
		{"mean_prediction", "", mean(func(m moments, n float64) float64 { return m.shift + (m.y+m.e)/n })},
	}
}

// shifted are empty tallies, one for all rows, one for each group and one for the rows of no group,
// whose shifts are the means of their own targets.
func shifted(o *Outcomes, g *Groups) []*tally {
	out := make([]*tally, len(g.Values)+2)
	for k := range out {
		out[k] = newTally(o.Task)
	}
	if o.Numbers == 0 {
		return out
	}
	for i := range o.Rows() {
		out[0].add(o, i, 1)
		place(out, g.Of[i%len(g.Of)]).add(o, i, 1)
	}
	for _, t := range out {
		for k, m := range t.number {
			t.number[k].shift = m.y / max(1, t.n)
		}
	}
	return out
}

// place is the tally of a group, −1 for none, in a list of shifted.
func place(tallies []*tally, group int32) *tally {
	if group < 0 {
		return tallies[len(tallies)-1]
	}
	return tallies[1+group]
}

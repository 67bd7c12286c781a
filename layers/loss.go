package layers

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/parallel"
	"pare/internal/option"
	"pare/nn"
)

// Losses are the kinds of training losses by name. A task has a loss of its own, by which
// networks are evaluated: cross_entropy for classes, bce for labels, mse for numbers.
var Losses = option.NewKinds[LossKind]("loss")

// LossKind is a training loss with its options.
type LossKind interface {
	// For is the loss for targets of that form, or an error about the first thing that does
	// not fit.
	For(t TargetForm) (nn.Loss, error)
}

// TargetForm is the form of targets: classes, labels, or numbers where it is zero.
type TargetForm struct {
	Classes      int       // of a target; 0: targets are labels or numbers
	Labels       bool      // targets are 0 or 1
	Smoothing    float64   // of classes, see CrossEntropy
	ClassWeights []float32 // one for each class, see CrossEntropy; nil: all 1
	Near         float64   // of numbers, see MeanSquare
	Units        []float32 // of numbers, see MeanSquare
}

func init() {
	Losses.Register("cross_entropy", "softmax cross-entropy: one class a target; the default for classes",
		func() LossKind { return &crossEntropyKind{} })
	Losses.Register("focal", "cross-entropy that counts examples less that are right already", func() LossKind { return &focalKind{Gamma: 2} })
	Losses.Register("bce", "binary cross-entropy: several labels an example; the default for labels", func() LossKind { return &bceKind{} })
	Losses.Register("mse", "mean square error; the default for numbers", func() LossKind { return &mseKind{} })
	Losses.Register("huber", "square of small errors, amount of large ones", func() LossKind { return &huberKind{Delta: 1} })
}

type (
	crossEntropyKind struct{}
	focalKind        struct {
		Gamma float64 `yaml:"gamma" range:"[0,)" doc:"power of the missing probability that weighs a target; 0: cross-entropy"`
	}
	bceKind   struct{}
	mseKind   struct{}
	huberKind struct {
		Delta float64 `yaml:"delta" range:"(0,)" doc:"error from which on the loss grows linearly; in standard deviations of the targets where these are standardised"`
	}
)

func (*crossEntropyKind) For(t TargetForm) (nn.Loss, error) {
	if err := t.classes("cross_entropy"); err != nil {
		return nil, err
	}
	return CrossEntropy{Smoothing: t.Smoothing, ClassWeights: t.ClassWeights}, nil
}

func (k *focalKind) For(t TargetForm) (nn.Loss, error) {
	if err := t.classes("focal"); err != nil {
		return nil, err
	}
	if t.Smoothing > 0 {
		return nil, fmt.Errorf("focal takes no label smoothing; remove one of them")
	}
	return CrossEntropy{Gamma: k.Gamma, ClassWeights: t.ClassWeights}, nil
}

func (*bceKind) For(t TargetForm) (nn.Loss, error) {
	if !t.Labels {
		return nil, fmt.Errorf("bce is for several labels an example, targets of 0 and 1, but these are %s; use %s", t.Noun(), t.fits())
	}
	return BinaryCrossEntropy{}, nil
}

func (*mseKind) For(t TargetForm) (nn.Loss, error) {
	return MeanSquare{Near: t.Near, Units: t.Units}, t.numbers("mse")
}

func (k *huberKind) For(t TargetForm) (nn.Loss, error) {
	return Huber{Delta: k.Delta, Units: t.Units}, t.numbers("huber")
}

func (t TargetForm) classes(loss string) error {
	if t.Classes == 0 {
		return fmt.Errorf("%s is for classes, but targets are %s; use %s", loss, t.Noun(), t.fits())
	}
	return nil
}

func (t TargetForm) numbers(loss string) error {
	if t.Classes > 0 || t.Labels {
		return fmt.Errorf("%s is for numbers, but targets are %s; use %s", loss, t.Noun(), t.fits())
	}
	return nil
}

// Default is the loss by which networks for such targets are evaluated.
func (t TargetForm) Default() LossKind {
	switch {
	case t.Classes > 0:
		return &crossEntropyKind{}
	case t.Labels:
		return &bceKind{}
	}
	return &mseKind{}
}

// Noun is the word for such targets: classes, labels or numbers.
func (t TargetForm) Noun() string {
	switch {
	case t.Classes > 0:
		return "classes"
	case t.Labels:
		return "labels"
	}
	return "numbers"
}

func (t TargetForm) fits() string {
	switch {
	case t.Classes > 0:
		return "cross_entropy or focal"
	case t.Labels:
		return "bce"
	}
	return "mse or huber"
}

// pointwise is a loss that is a weighted mean over rows of the output, each with targets of
// its own: Σ weight·loss / Σ weight.
type pointwise interface {
	nn.Targeter
	// row is the width of a row of an output of this shape, batch included, and the number
	// of its targets.
	row(shape tensor.Shape) (width, targets int)
	// weight is how much a row counts by its targets; NaN where they make no sense.
	weight(target []float32) float64
	// loss is the loss of a row, with the weights of its classes; it adds scale times its
	// gradient to grad, unless that is nil. scratch has the width of the row.
	loss(grad []float64, scale float64, output, target []float32, scratch []float64) float64
}

// Weighed is a loss whose examples have weights and may be mixed of two: their targets are
// those of Loss, then those of the second example, then the weights of both and the share of
// the first target for each example, as Pack writes them. The value is
// Σ share·w·loss(y) / Σ w·c(y) + Σ (1−share)·v·loss(second) / Σ v·c(second),
// where w and v are the weights of the first and the second example, and c is the weight of a
// target's class. Weights that are all 0 give 0.
type Weighed struct{ Loss nn.Loss }

// Targets implements nn.Targeter.
func (l Weighed) Targets(output nn.Shape) int { return 2*nn.TargetsOf(l.Loss, output) + 3 }

// Examples are the targets of a batch, their weights and the part of the first targets in the
// loss.
type Examples struct {
	Y, Second              []float32 // Second nil: examples are not mixed
	Weights, SecondWeights []float32 // one for each example; nil: 1
	Share                  float32   // of Y where there is Second
}

// Pack writes n examples to dst.
func (l Weighed) Pack(dst []float32, e Examples, n int) {
	targets := (len(dst)/n - 3) / 2 * n
	if e.Second == nil {
		e.Second, e.SecondWeights, e.Share = e.Y, e.Weights, 1
	}
	copy(dst, e.Y[:targets])
	copy(dst[targets:], e.Second[:targets])
	w, v, shares := dst[2*targets:][:n], dst[2*targets+n:][:n], dst[2*targets+2*n:][:n]
	for i := range n {
		w[i], v[i], shares[i] = 1, 1, e.Share
	}
	copy(w, e.Weights)
	copy(v, e.SecondWeights)
}

// Build implements nn.Loss.
func (l Weighed) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	p, ok := l.Loss.(pointwise)
	if !ok {
		return nil, fmt.Errorf("examples of %T cannot be weighed: it is no mean over examples", l.Loss)
	}
	return buildPointwise(p, true, output, target)
}

// buildPointwise builds the loss as one operation with one pass back. packed says that
// targets come as Weighed.Pack writes them.
func buildPointwise(l pointwise, packed bool, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	shape := output.Shape().Clone()
	s := newPointwiseSum(l, packed, shape)
	grad := nn.Gradient(nn.Op{Name: "loss/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { s.back(dst, in[0], in[1], float64(in[2][0])) }}, 0, 1, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "loss", Grad: []nn.GradFunc{grad, nil},
		Run: func(dst []float32, in [][]float32) { dst[0] = float32(s.value(in[0], in[1])) }}, output, target)
}

// pointwiseSum sums rows, in their order whatever the number of threads. Its memory is made
// once.
type pointwiseSum struct {
	of                             pointwise
	width, targets, rows, examples int
	packed                         bool

	chunk        int         // rows of a task
	scratch, row [][]float64 // by task
	losses       []float64   // by row
	values, grad func(task int)

	dst, output, all []float32             // of the run under way
	factors          [2]float64            // of its sides: 1 or the scale of the gradient, by the sum of weights; 0: no part
	factor           func(row int) float64 // of a row, besides; nil: 1
}

// chunkValues is about how many outputs a task has.
const chunkValues = 4096

func newPointwiseSum(l pointwise, packed bool, shape tensor.Shape) *pointwiseSum {
	width, targets := l.row(shape)
	s := &pointwiseSum{of: l, width: width, targets: targets, rows: shape.TotalSize() / width,
		examples: shape[0], packed: packed, chunk: max(1, chunkValues/width)}
	s.losses = make([]float64, s.rows)
	for range s.tasks() {
		s.scratch, s.row = append(s.scratch, make([]float64, width)), append(s.row, make([]float64, width))
	}
	s.values = func(task int) {
		for r := task * s.chunk; r < min((task+1)*s.chunk, s.rows); r++ {
			s.losses[r] = s.sum(r, nil, s.scratch[task])
		}
	}
	s.grad = func(task int) {
		row := s.row[task]
		for r := task * s.chunk; r < min((task+1)*s.chunk, s.rows); r++ {
			clear(row)
			s.sum(r, row, s.scratch[task])
			for j, v := range row {
				s.dst[r*s.width+j] = float32(v)
			}
		}
	}
	return s
}

func (s *pointwiseSum) tasks() int { return (s.rows + s.chunk - 1) / s.chunk }

// sum is the part of a row in the loss; it adds the gradient to grad, unless that is nil.
func (s *pointwiseSum) sum(r int, grad, scratch []float64) float64 {
	sum := 0.0
	for i, second := range [2]bool{false, true} {
		if s.factors[i] == 0 {
			continue
		}
		if t, w, share := s.side(s.all, second, r); w*share != 0 {
			f := s.factors[i] * w * share
			if s.factor != nil {
				f *= s.factor(r)
			}
			sum += f * s.of.loss(grad, f, s.output[r*s.width:][:s.width], t, scratch)
		}
	}
	return sum
}

// side is one of the two sets of targets, with the share of an example's loss and its weight.
func (s *pointwiseSum) side(all []float32, second bool, r int) (target []float32, weight, share float64) {
	at := r * s.targets
	if !s.packed {
		return all[at:][:s.targets], 1, 1
	}
	n := s.rows * s.targets
	w := 2*n + r/(s.rows/s.examples)
	share = float64(all[w+2*s.examples])
	if second {
		at, w, share = at+n, w+s.examples, 1-share
	}
	return all[at:][:s.targets], float64(all[w]), share
}

// total is the sum of the weights of one side; mixed is whether any of it has a share.
func (s *pointwiseSum) total(all []float32, second bool) (total float64, mixed bool) {
	if second && !s.packed {
		return 0, false
	}
	for r := range s.rows {
		t, w, share := s.side(all, second, r)
		total += w * s.of.weight(t)
		mixed = mixed || share != 0
	}
	return total, mixed
}

// prepare sets the factors of both sides.
func (s *pointwiseSum) prepare(output, all []float32, scale float64) {
	s.output, s.all, s.factors = output, all, [2]float64{}
	for i, second := range [2]bool{false, true} {
		if total, mixed := s.total(all, second); mixed && total != 0 {
			s.factors[i] = scale / total
		}
	}
}

func (s *pointwiseSum) value(output, all []float32) float64 {
	s.prepare(output, all, 1)
	parallel.Run(s.tasks(), s.values)
	sum := 0.0
	for _, v := range s.losses {
		sum += v
	}
	return sum // NaN where a target makes no sense: training stops and says so
}

func (s *pointwiseSum) back(dst, output, all []float32, scale float64) {
	s.prepare(output, all, scale)
	s.dst = dst
	parallel.Run(s.tasks(), s.grad)
}

// row, weight and loss implement pointwise.
func (l CrossEntropy) row(shape tensor.Shape) (width, targets int) { return shape[shape.Dims()-1], 1 }

func (l CrossEntropy) weight(target []float32) float64 {
	if l.ClassWeights == nil {
		return 1
	}
	if !indices(target, len(l.ClassWeights)) {
		return math.NaN()
	}
	return l.of(int(target[0]))
}

// of is the weight of a class.
func (l CrossEntropy) of(class int) float64 {
	if l.ClassWeights == nil {
		return 1
	}
	return float64(l.ClassWeights[class])
}

func (l CrossEntropy) loss(grad []float64, scale float64, output, target []float32, p []float64) float64 {
	if !indices(target, len(output)) {
		return math.NaN()
	}
	largest := output[0]
	for _, v := range output {
		largest = max(largest, v)
	}
	sum := 0.0
	for i, v := range output {
		p[i] = math.Exp(float64(v) - float64(largest))
		sum += p[i]
	}
	class, k := int(target[0]), float64(len(output))
	logSum := math.Log(sum) + float64(largest)
	missed := logSum - float64(output[class]) // −log p of the class
	total, pull := 0.0, 0.0                   // the loss, and the factor of p in its gradient
	if l.Gamma > 0 {
		right := p[class] / sum
		q := -math.Expm1(-missed) // 1−p without cancellation
		power := math.Pow(q, l.Gamma)
		total = l.of(class) * power * missed
		pull = l.of(class) * power
		if q > 0 {
			pull += l.of(class) * l.Gamma * power * right * missed / q
		}
		if grad != nil {
			grad[class] -= scale * pull
		}
	} else {
		own := (1 - l.Smoothing) * l.of(class)
		total, pull = own*missed, own
		if grad != nil {
			grad[class] -= scale * own
		}
		for j := range output {
			if l.Smoothing == 0 {
				break
			}
			other := l.Smoothing / k * l.of(j)
			total += other * (logSum - float64(output[j]))
			pull += other
			if grad != nil {
				grad[j] -= scale * other
			}
		}
	}
	for j := range grad {
		grad[j] += scale * pull * p[j] / sum
	}
	return total
}

// row, weight and loss implement pointwise: a row is an example.
func (MeanSquare) row(shape tensor.Shape) (width, targets int) { return exampleRow(shape) }
func (MeanSquare) weight([]float32) float64                    { return 1 }
func (l MeanSquare) loss(grad []float64, scale float64, output, target []float32, _ []float64) float64 {
	return errorMean(grad, scale, output, target, l.Units, func(d float64) (float64, float64) { return d * d, 2 * d })
}

func exampleRow(shape tensor.Shape) (width, targets int) {
	n := shape.TotalSize() / shape[0]
	return n, n
}

// errorMean is the mean of a loss of errors, divided by their units, over the values of a row.
func errorMean(grad []float64, scale float64, output, target, units []float32, f func(d float64) (loss, slope float64)) float64 {
	sum, n := 0.0, float64(len(output))
	for i, o := range output {
		d, unit := float64(o)-float64(target[i]), 1.0
		if units != nil {
			unit = float64(units[i])
		}
		loss, slope := f(d / unit)
		sum += loss
		if grad != nil {
			grad[i] += scale / n * slope / unit
		}
	}
	return sum / n
}

// meanOver is the mean of a loss over the values of a row, which f gives with its derivative.
func meanOver(grad []float64, scale float64, output, target []float32, f func(o, t float64) (loss, slope float64)) float64 {
	sum, n := 0.0, float64(len(output))
	for i, o := range output {
		loss, slope := f(float64(o), float64(target[i]))
		sum += loss
		if grad != nil {
			grad[i] += scale / n * slope
		}
	}
	return sum / n
}

// Huber is the mean over all outputs of d²/2 where the error d = output − target is at most
// Delta in size, and of Delta·(|d| − Delta/2) beyond (Huber 1964, as PyTorch's HuberLoss).
type Huber struct {
	Delta float64   // above 0; 0 means 1
	Units []float32 // that errors are divided by first, see MeanSquare
}

// Targets implements nn.Targeter: one number for every value of the output.
func (Huber) Targets(output nn.Shape) int { return output.Size() }

// Build implements nn.Loss, with targets as MeanSquare has them.
func (l Huber) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	return buildPointwise(l, false, output, target)
}

func (Huber) row(shape tensor.Shape) (width, targets int) { return exampleRow(shape) }
func (Huber) weight([]float32) float64                    { return 1 }
func (l Huber) loss(grad []float64, scale float64, output, target []float32, _ []float64) float64 {
	delta := l.Delta
	if delta == 0 {
		delta = 1
	}
	return errorMean(grad, scale, output, target, l.Units, func(d float64) (float64, float64) {
		if math.Abs(d) <= delta {
			return d * d / 2, d
		}
		return delta * (math.Abs(d) - delta/2), math.Copysign(delta, d)
	})
}

// BinaryCrossEntropy is the mean over all outputs of −t·log σ(o) − (1−t)·log(1−σ(o)): the
// loss of tasks with several labels an example, of which each target t says by 1 or 0
// whether it applies (PyTorch's BCEWithLogitsLoss). NaN when a target is neither.
type BinaryCrossEntropy struct{}

// Targets implements nn.Targeter: a label for every value of the output.
func (BinaryCrossEntropy) Targets(output nn.Shape) int { return output.Size() }

// Score implements train.Scorer: correct where the output is above 0 for a label that
// applies, and only then. output has one value.
func (l BinaryCrossEntropy) Score(output []float32, target float32) (loss float64, correct bool) {
	loss = l.loss(nil, 0, output, []float32{target}, nil)
	return loss, !math.IsNaN(loss) && output[0] > 0 == (target == 1)
}

// Build implements nn.Loss.
func (l BinaryCrossEntropy) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	return buildPointwise(l, false, output, target)
}

func (BinaryCrossEntropy) row(shape tensor.Shape) (width, targets int) { return exampleRow(shape) }
func (BinaryCrossEntropy) weight([]float32) float64                    { return 1 }
func (BinaryCrossEntropy) loss(grad []float64, scale float64, output, target []float32, _ []float64) float64 {
	return meanOver(grad, scale, output, target, func(o, t float64) (float64, float64) {
		if t != 0 && t != 1 {
			return math.NaN(), math.NaN()
		}
		return max(o, 0) - o*t + math.Log1p(math.Exp(-math.Abs(o))), 1/(1+math.Exp(-o)) - t
	})
}

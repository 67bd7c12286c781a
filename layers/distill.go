package layers

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// Distilled is the loss of a network that learns from targets and from a teacher, another
// network that sees the same examples (Hinton, Vinyals & Dean 2015, section 2):
// (1 − Weight)·Loss + Weight·D. D compares the outputs of the network with the teacher's,
// by the form of the targets:
//
//   - classes: T²·KL(p ‖ q), the mean over examples and positions, for the class probabilities
//     p of the teacher and q of the network, each the softmax of outputs divided by Temperature T
//   - labels: T²·KL of each label's probability, the logistic function of outputs divided by T,
//     the mean over labels
//   - numbers: the mean square difference, in the Units of the form; Temperature is not used
type Distilled struct {
	Loss        nn.Loss // of the targets
	Form        TargetForm
	Teacher     []float32 // outputs of the teacher for the batch, in the layout of the network's
	Temperature float64   // above 0, unless targets are numbers
	Weight      float64   // of the teacher, from 0 to 1
}

// Targets implements nn.Targeter.
func (l Distilled) Targets(output nn.Shape) int { return nn.TargetsOf(l.Loss, output) }

// Build implements nn.Loss.
func (l Distilled) Build(b *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	if n := output.Shape().TotalSize(); len(l.Teacher) != n {
		return nil, fmt.Errorf("the teacher has %d outputs for a batch, the network has %d", len(l.Teacher), n)
	}
	own, err := l.Loss.Build(b, output, target)
	if err != nil {
		return nil, err
	}
	teacher := b.Input("teacher", tensor.Shape{len(l.Teacher)}, l.Teacher)
	distance, err := buildPointwise(l.distance(), false, output, teacher)
	if err != nil {
		return nil, err
	}
	part := func(factor float64) nn.GradFunc {
		return nn.Gradient(nn.Op{Name: "distilled/dx",
			Run: func(dst []float32, in [][]float32) { dst[0] = float32(factor) * in[0][0] }}, nn.OutGrad)
	}
	return nn.Apply(nn.Op{Name: "distilled", Grad: []nn.GradFunc{part(1 - l.Weight), part(l.Weight)},
		Run: func(dst []float32, in [][]float32) {
			dst[0] = float32((1-l.Weight)*float64(in[0][0]) + l.Weight*float64(in[1][0]))
		}}, own, distance)
}

func (l Distilled) distance() pointwise {
	switch {
	case l.Form.Classes > 0:
		return softClasses{l.Temperature}
	case l.Form.Labels:
		return softLabels{l.Temperature}
	}
	return MeanSquare{Units: l.Form.Units}
}

// softClasses compares class probabilities with the teacher's.
type softClasses struct{ temperature float64 }

// Targets implements nn.Targeter: an output of the teacher for every output.
func (softClasses) Targets(output nn.Shape) int { return output.Size() }

func (softClasses) row(shape tensor.Shape) (width, targets int) {
	k := shape[shape.Dims()-1]
	return k, k
}

func (softClasses) weight([]float32) float64 { return 1 }

func (l softClasses) loss(grad []float64, scale float64, output, target []float32, q []float64) float64 {
	t := l.temperature
	logQ, logP := logSumExp(output, t), logSumExp(target, t)
	sum := 0.0
	for j, v := range output {
		ownLog, teacherLog := float64(v)/t-logQ, float64(target[j])/t-logP
		p := math.Exp(teacherLog)
		sum += p * (teacherLog - ownLog)
		if grad != nil {
			grad[j] += scale * t * (math.Exp(ownLog) - p)
		}
	}
	return t * t * sum
}

// logSumExp is log Σ exp(v/t).
func logSumExp(values []float32, t float64) float64 {
	largest := math.Inf(-1)
	for _, v := range values {
		largest = max(largest, float64(v)/t)
	}
	sum := 0.0
	for _, v := range values {
		sum += math.Exp(float64(v)/t - largest)
	}
	return math.Log(sum) + largest
}

// softLabels compares the probabilities of labels with the teacher's.
type softLabels struct{ temperature float64 }

// Targets implements nn.Targeter: an output of the teacher for every output.
func (softLabels) Targets(output nn.Shape) int { return output.Size() }

func (softLabels) row(shape tensor.Shape) (width, targets int) { return exampleRow(shape) }

func (softLabels) weight([]float32) float64 { return 1 }

func (l softLabels) loss(grad []float64, scale float64, output, target []float32, _ []float64) float64 {
	t := l.temperature
	softplus := func(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }
	return meanOver(grad, scale, output, target, func(o, teacher float64) (loss, slope float64) {
		o, teacher = o/t, teacher/t
		p := 1 / (1 + math.Exp(-teacher))
		kl := p*(teacher-o) + softplus(o) - softplus(teacher) // p·log p/q + (1−p)·log (1−p)/(1−q)
		return t * t * kl, t * (1/(1+math.Exp(-o)) - p)
	})
}

package train

import (
	"errors"
	"fmt"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// Distillation makes a network learn from a teacher beside its targets; see layers.Distilled.
type Distillation struct {
	// Teacher has inputs and outputs of the same shapes as the network. It is not changed, and
	// computes as in inference on the batches that the network trains on.
	Teacher *nn.Network
	Form    layers.TargetForm // of the targets
	// Scale and Shift make inputs of the teacher of the inputs of the network, for each unit;
	// nil: they are the same.
	Scale, Shift []float32
	DistillSpec
}

// DistillSpec holds the numbers of a distillation.
type DistillSpec struct {
	Temperature float64 `yaml:"temperature" range:"(0,1000]" doc:"number that outputs are divided by before they become probabilities; the larger, the more the classes count that are unlikely. Targets that are numbers do not use it"`
	Weight      float64 `yaml:"weight" range:"(0,1]" doc:"share of the teacher in the loss; the targets have the rest"`
}

// Defaults sets the values of the keys that a section leaves out.
func (s *DistillSpec) Defaults() { s.Temperature, s.Weight = 4, 0.5 }

// teacher is a Distillation that is ready to run. The program of a teacher outlives changes of
// the network.
type teacher struct {
	*Distillation
	program *nn.Program
}

// newTeacher compiles the teacher for batches; nil for a nil Distillation.
func newTeacher(d *Distillation, net *nn.Network, batch int) (*teacher, error) {
	if d == nil {
		return nil, nil
	}
	if d.Teacher == nil {
		return nil, errors.New("distillation: no teacher")
	}
	if err := option.Check(d.DistillSpec); err != nil {
		return nil, fmt.Errorf("distillation: %w", err)
	}
	if err := TeacherFits(d.Teacher, net); err != nil {
		return nil, fmt.Errorf("distillation: %w", err)
	}
	p, err := nn.Compile(d.Teacher, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	if err != nil {
		return nil, fmt.Errorf("distillation: %w", err)
	}
	return &teacher{d, p}, nil
}

// TeacherFits reports a teacher whose inputs or outputs differ from the network's.
func TeacherFits(teacher, net *nn.Network) error {
	in, out := teacher.Input, teacher.Output().Shape
	switch {
	case !in.Equal(net.Input) || teacher.Vocabulary != net.Vocabulary:
		return fmt.Errorf("the teacher reads %s, the network reads %s", inputText(teacher), inputText(net))
	case !out.Equal(net.Output().Shape):
		return fmt.Errorf("the teacher has %s outputs, the network has %s", out, net.Output().Shape)
	}
	return nil
}

func inputText(net *nn.Network) string {
	if net.Vocabulary > 0 {
		return fmt.Sprintf("%s tokens of a vocabulary of %d", net.Input, net.Vocabulary)
	}
	return net.Input.String()
}

// loss is the loss of steps: the one of the options or, with a teacher, the loss that it is
// part of.
func (t *Trainer) loss() nn.Loss {
	if t.teacher == nil {
		return t.ownLoss()
	}
	return layers.Distilled{Loss: t.ownLoss(), Form: t.teacher.Form, Teacher: t.teacher.program.Output(),
		Temperature: t.teacher.Temperature, Weight: t.teacher.Weight}
}

// see computes the outputs of the teacher for the batch of inputs.
func (t *teacher) see(x []float32, continues bool) {
	if !continues {
		t.program.ResetState()
	}
	copy(t.program.X, x)
	if units := len(t.Scale); units > 0 {
		for i, v := range x {
			t.program.X[i] = v*t.Scale[i%units] + t.Shift[i%units]
		}
	}
	t.program.Run()
}

// layerState is the state of layers that goes from batch to batch, of the network and of the
// teacher.
func (t *Trainer) layerState() []NamedTensor {
	state := stateTensors(t.program)
	if t.teacher == nil {
		return state
	}
	for _, s := range stateTensors(t.teacher.program) {
		state = append(state, NamedTensor{"teacher/" + s.Name, s.Data})
	}
	return state
}

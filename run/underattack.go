package run

import (
	"math"

	"pare/attack"
	"pare/config"
	"pare/datasets"
	"pare/nn"
	"pare/train"
)

// adversarial is the attack on the examples of a phase; nil: the config names none.
func (r *runner) adversarial(p phase) (*train.Adversarial, error) {
	const key = "adversarial"
	spec, d := r.c.Adversarial, r.data
	if spec == nil {
		return nil, nil
	}
	switch task := d.Set.Task; {
	case task.Vocabulary > 0:
		return nil, r.c.Errorf(key, "an attack moves pixels, but %s has tokens; remove it", r.c.Data.Dataset)
	case task.Classes == 0:
		return nil, r.c.Errorf(key, "it needs classes, but targets of %s are %s; remove it", r.c.Data.Dataset, targetForm(task).Noun())
	case d.Set.Images() == nil:
		return nil, r.c.Errorf(key, "it needs images, whose pixels lie in 0..1; the range of the inputs of %s is not known", r.c.Data.Dataset)
	}
	widest := 1.0 // the largest change that leaves pixels in 0..1
	if spec.Norm == string(attack.L2) {
		widest = math.Sqrt(float64(d.Set.Task.Size()))
	}
	if spec.Eps > widest {
		return nil, r.c.Errorf(key+".eps", "it is %g, but pixels lie in 0..1, where %.4g allows every image; 8 of 255 levels are 8/255 = 0.0314",
			spec.Eps, widest)
	}
	a := d.attack()
	if p.name != trainPhase {
		a.Warmup = 0
	}
	if spec.Examples > 0 {
		var err error
		if a.Val, err = d.Eval(d.Set.Validation, r.c.Train.Batch, spec.Examples); err != nil {
			return nil, err
		}
	}
	a.Warn = func(text string) { r.warn("%s: %s", p.name, text) }
	return a, nil
}

// seenBy is the data under the attack of a config with the same section data.
func (d *Data) seenBy(c *config.Config) *Data {
	if d.adversarial == c.Adversarial {
		return d
	}
	out := *d
	out.adversarial = c.Adversarial
	return &out
}

// attack is the attack of the config on the pixels of the images.
func (d *Data) attack() *train.Adversarial {
	norm := d.preprocess()
	return &train.Adversarial{Attack: d.adversarial.Kind, AdversarialSpec: d.adversarial.AdversarialSpec, Mean: norm.Mean, Std: norm.Std}
}

// underAttack makes an attacker of the examples of the data for a network; nil: it is trained on
// clean ones.
func (d *Data) underAttack(net *nn.Network, batch int) (*train.Attacker, error) {
	if d.adversarial == nil || d.Set.Images() == nil {
		return nil, nil
	}
	return train.NewAttacker(net, d.attack(), d.Loss(), batch, d.seed)
}

// importanceStream is the stream of random starts of attacks that importance is measured under.
const importanceStream = 5

// attackFor is importance.Data.Attack; nil: the network is trained on clean examples.
func (d *Data) attackFor(batch int) func(*nn.Network) (func(dst []float32, b datasets.Batch), error) {
	if d.adversarial == nil {
		return nil
	}
	return func(net *nn.Network) (func(dst []float32, b datasets.Batch), error) {
		a, err := d.underAttack(net, batch)
		if err != nil {
			return nil, err
		}
		return func(dst []float32, b datasets.Batch) { a.Move(dst, b, importanceStream<<32|uint64(b.Index)) }, nil
	}
}

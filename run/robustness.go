package run

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/attack"
	"pare/attack/certify"
	"pare/config"
	"pare/datasets"
	"pare/internal/limit"
	"pare/internal/option"
	"pare/nn"
	"pare/report"
)

// Robustness says how to measure robust accuracy: the section attack of a sweep.
type Robustness struct {
	Eps     []float64                     `yaml:"eps" required:"true" range:"[0,)" fraction:"yes" list:"single" empty:"no" doc:"sizes of perturbations, in units of the values: of images 0..1"`
	Norm    attack.Norm                   `yaml:"norm,omitempty" enum:"linf,l2" doc:"norm of perturbations; left out: linf"`
	Attacks []config.Named[attack.Attack] `yaml:"attacks,omitempty" list:"single" empty:"no" doc:"attacks, all of which an example must withstand; left out: fgsm and pgd"`
	Limit   int                           `yaml:"limit" range:"[0,)" doc:"test examples, the first ones; 0: all"`
	Range   []float64                     `yaml:"range,omitempty" fraction:"yes" doc:"lowest and highest valid value; left out: 0 and 1 for images, an error for other data, whose values are as the network reads them"`
	Certify bool                          `yaml:"certify,omitempty" doc:"find certified bounds, too"`
	Bounds  string                        `yaml:"bounds,omitempty" enum:"ibp,crown-ibp,crown" doc:"with certify: the last method to try; left out: crown where the networks are small, else crown-ibp; in sweeps crown-ibp"`
	Seed    uint64                        `yaml:"seed,omitempty" doc:"of the random numbers of attacks"`
	// Unbounded takes the place of Range.
	Unbounded bool `yaml:"unbounded,omitempty" doc:"values have no limits, in place of range"`

	// Pictures is the number of adversarial examples to show.
	Pictures int `yaml:"-"`
	// Progress may be nil.
	Progress func(what string, done, total int64) `yaml:"-"`
}

// DefaultLimit is the number of test examples that are attacked unless another one is asked for.
const DefaultLimit = 1000

// Defaults implements the defaults of the section.
func (o *Robustness) Defaults() { o.Limit = DefaultLimit }

// Validate implements option.Validator.
func (o *Robustness) Validate() error {
	for i, e := range o.Eps {
		if slices.Contains(o.Eps[:i], e) {
			return option.Errorf("eps", "has %g twice", e)
		}
	}
	if o.Bounds != "" && !o.Certify {
		return option.Errorf("bounds", "has no effect without certify")
	}
	if o.Range != nil && (len(o.Range) != 2 || !(o.Range[0] < o.Range[1])) {
		return option.Errorf("range", "must be two numbers, the lower one first")
	}
	if o.Range != nil && o.Unbounded {
		return option.Errorf("unbounded", "takes the place of range; leave one of them out")
	}
	return nil
}

// NamedAttacks are the attacks with their names, in their order; of several of a kind the second is
// called "pgd 2".
func (o *Robustness) NamedAttacks() (names []string, attacks []attack.Attack, err error) {
	if o.Attacks == nil {
		fgsm, err := attack.Kinds.New("fgsm")
		return []string{"fgsm", "pgd"}, []attack.Attack{fgsm, attack.NewPGD()}, err
	}
	for _, a := range o.Attacks {
		name := a.Type
		for n := 2; slices.Contains(names, name); n++ {
			name = fmt.Sprintf("%s %d", a.Type, n)
		}
		names, attacks = append(names, name), append(attacks, a.Kind)
	}
	return names, attacks, nil
}

// victims are the examples to attack.
type victims struct {
	x        []float32 // batched layout
	labels   []int
	n, size  int
	channels int
	images   bool
	classes  []string
	threat   attack.Threat // without Eps
	words    string        // for the range
}

// Attack measures how networks that fit the data withstand adversarial examples of the test set.
// All networks get the same examples.
func (d *Data) Attack(ctx context.Context, o Robustness, networks []Version) (*report.Robustness, error) {
	v, err := d.victims(&o)
	if err != nil {
		return nil, err
	}
	names, attacks, err := o.NamedAttacks()
	if err != nil {
		return nil, err
	}
	o.Eps = slices.Clone(o.Eps)
	slices.Sort(o.Eps)
	r := &report.Robustness{Data: d.Set.Name, Norm: string(v.threat.Norm), Range: v.words, Examples: v.n, Seed: o.Seed, Attacks: names,
		Classes: v.classes, Warnings: []string{}, Notes: []string{}}
	if widest := v.widest(); o.Eps[len(o.Eps)-1] > widest {
		r.Notes = append(r.Notes, fmt.Sprintf("eps %s is more than %.4g, which allows every point of the range %s: "+
			"eps is in units of the values, such as 8/255 for 8 of 255 levels", report.EpsText(o.Eps[len(o.Eps)-1]), widest, v.words))
	}
	var different []Version
	for i, version := range networks {
		if i+1 < len(networks) && same(version.Net, networks[i+1].Net) {
			r.Notes = append(r.Notes, fmt.Sprintf("the %s network is the %s one", networks[i+1].Name, version.Name))
			continue
		}
		different = append(different, version)
	}
	most := o.bounds(different, v.n*len(o.Eps))
	progress := &attackProgress{show: o.Progress, parts: int64(len(different)) * o.parts(len(attacks))}
	defer progress.finish()
	for _, version := range different {
		a := assault{Robustness: o, victims: v, names: names, attacks: attacks, version: version, most: most, r: r, progress: progress}
		n, err := a.run(ctx)
		if err != nil {
			return nil, err
		}
		r.Networks = append(r.Networks, *n)
	}
	return r, nil
}

// widest is the largest change of an example that leaves it in the range, infinite without limits.
func (v *victims) widest() float64 {
	w := v.threat.Range.Upper - v.threat.Range.Lower
	if v.threat.Norm == attack.L2 {
		w *= math.Sqrt(float64(v.size))
	}
	return w
}

// inRange reports values of the examples that lie outside of a range that the user has given.
func (v *victims) inRange(name string) error {
	if v.images {
		return nil
	}
	low, high := slices.Min(v.x), slices.Max(v.x)
	if r := v.threat.Range; float64(low) < r.Lower || float64(high) > r.Upper {
		return &InputError{fmt.Errorf("the range of values is %s, but the test examples of %s have values from %.4g to %.4g in units of the network's input; "+
			"give a range that holds them, or none", v.words, name, low, high)}
	}
	return nil
}

// bounds is the last method to try on so many examples: the one of the request, or else the tightest
// that all networks can afford, so that their certified accuracies compare.
func (o *Robustness) bounds(networks []Version, examples int) certify.Method {
	most := certify.CROWN
	for m := certify.IBP; m <= certify.CROWN; m++ {
		if o.Bounds == strings.ToLower(m.String()) {
			return m
		}
	}
	for _, n := range networks {
		if c, err := certify.New(n.Net); err == nil && o.Certify { // errors are notes of each network
			most = min(most, c.Affordable(examples))
		}
	}
	return most
}

// same reports whether two networks have the same layers and parameters.
func same(a, b *nn.Network) bool {
	p, q := a.Params(), b.Params()
	if len(p) != len(q) || len(a.Nodes) != len(b.Nodes) {
		return false
	}
	for i := range p {
		if p[i].Full != q[i].Full || !slices.Equal(p[i].Shape(), q[i].Shape()) || !slices.Equal(p[i].Data(), q[i].Data()) {
			return false
		}
	}
	for i, n := range a.Nodes {
		if m := b.Nodes[i]; n.Layer.Kind() != m.Layer.Kind() || !slices.Equal(n.Inputs, m.Inputs) || !n.Shape.Equal(m.Shape) {
			return false
		}
	}
	return true
}

// CheckAttack reports data whose networks cannot be attacked, as far as it shows before there are
// networks.
func (d *Data) CheckAttack(o Robustness) error {
	_, err := d.victims(&o)
	return err
}

// threat are victims without their values.
func (d *Data) threat(o *Robustness) (*victims, error) {
	t, refuse := d.Set.Task, func(format string, args ...any) (*victims, error) {
		return nil, &InputError{fmt.Errorf(format, args...)}
	}
	switch {
	case t.Vocabulary > 0:
		return refuse("the examples of %s are tokens: there are no small changes of a token, and so no attack", d.Set.Name)
	case t.Classes < 2 || t.Labels || t.Targets != 1:
		return refuse("%s has %s: robust accuracy is of one class for each example", d.Set.Name, taskText(t))
	case count(d.Set.Test) == 0:
		return refuse("%s has no test examples to attack", d.Set.Name)
	}
	p := d.preprocess()
	v := &victims{n: d.Set.Test.Len(), size: t.Size(), channels: nn.Shape(t.Input).Units(), images: d.images(), classes: d.Set.ClassNames,
		threat: attack.Threat{Norm: o.Norm, Range: attack.Range{Lower: 0, Upper: 1}}, words: "0..1"}
	if v.threat.Norm == "" {
		v.threat.Norm = attack.Linf
	}
	if v.images {
		for c, m := range p.Mean {
			v.threat.Range.Mean = append(v.threat.Range.Mean, float64(m))
			v.threat.Range.Std = append(v.threat.Range.Std, float64(p.Std[c]))
		}
	} else if o.Range == nil && !o.Unbounded {
		return refuse("%s has no images, so the range of its values is unknown: give -range, in a sweep attack.range, in units of the network's input, "+
			"or -range none, in a sweep attack.unbounded", d.Set.Name)
	}
	switch {
	case o.Unbounded:
		v.threat.Range.Lower, v.threat.Range.Upper, v.words = math.Inf(-1), math.Inf(1), "without limits"
	case o.Range != nil:
		v.threat.Range.Lower, v.threat.Range.Upper = o.Range[0], o.Range[1]
		v.words = fmt.Sprintf("%g..%g", o.Range[0], o.Range[1])
	}
	return v, nil
}

// victims are the first test examples, with the range of their values.
func (d *Data) victims(o *Robustness) (*victims, error) {
	v, err := d.threat(o)
	if err != nil {
		return nil, err
	}
	if o.Limit > 0 {
		v.n = min(v.n, o.Limit)
	}
	// Inputs of attacks are float64: examples, adversarial ones of an attack and of all.
	if err := limit.Check(fmt.Sprintf("an attack on %d examples of %d values", v.n, v.size), int64(v.n), 28*int64(v.size)); err != nil {
		return nil, &InputError{fmt.Errorf("%w; attack fewer", err)}
	}
	idx := make([]int, v.n)
	for i := range idx {
		idx[i] = i
	}
	y := make([]float32, v.n)
	v.x, v.labels = make([]float32, v.n*v.size), make([]int, v.n)
	if err := d.Set.Test.Fill(v.x, y, idx, datasets.Draw{}); err != nil {
		return nil, err
	}
	for i, c := range y {
		v.labels[i] = int(c)
	}
	return v, v.inRange(d.Set.Name)
}

// images reports whether the examples are pictures, whose values are in 0..1.
func (d *Data) images() bool {
	if d.Set.Images() != nil {
		return true
	}
	_, ok := d.Set.Recipe.(*datasets.ImageRecipe)
	return ok
}

// input is a row of examples in float64.
func (v *victims) rows(rows []int) (x []float64, labels []int) {
	x, labels = make([]float64, 0, len(rows)*v.size), make([]int, len(rows))
	for k, i := range rows {
		for _, value := range v.x[i*v.size:][:v.size] {
			x = append(x, float64(value))
		}
		labels[k] = v.labels[i]
	}
	return x, labels
}

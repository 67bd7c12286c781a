package run

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
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
	Eps     []float64                     `yaml:"eps" required:"true" range:"[0,)" list:"single" empty:"no" doc:"sizes of perturbations, in units of the values: of images 0..1"`
	Norm    attack.Norm                   `yaml:"norm,omitempty" enum:"linf,l2" doc:"norm of perturbations; left out: linf"`
	Attacks []config.Named[attack.Attack] `yaml:"attacks,omitempty" list:"single" empty:"no" doc:"attacks, all of which an example must withstand; left out: fgsm and pgd"`
	Limit   int                           `yaml:"limit,omitempty" range:"[1,)" doc:"test examples, the first ones; left out: 1000"`
	Range   []float64                     `yaml:"range,omitempty" doc:"lowest and highest valid value; left out: 0 and 1 for images, an error for other data, whose values are as the network reads them"`
	Certify bool                          `yaml:"certify,omitempty" doc:"find certified bounds, too"`
	Bounds  string                        `yaml:"bounds,omitempty" enum:"ibp,crown-ibp,crown" doc:"with certify: the last method to try; left out: crown where the networks are small, else crown-ibp; in sweeps crown-ibp"`
	Seed    uint64                        `yaml:"seed,omitempty" doc:"of the random numbers of attacks"`

	// Unbounded: values have no limits. It takes the place of Range.
	Unbounded bool `yaml:"-"`
	// Pictures is the number of adversarial examples to show.
	Pictures int `yaml:"-"`
	// Progress may be nil.
	Progress func(what string, done, total int64) `yaml:"-"`
}

// DefaultLimit is the number of test examples that are attacked unless another one is asked for.
const DefaultLimit = 1000

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
	return nil
}

// attacks are the attacks with their names, in their order.
func (o *Robustness) attacks() (names []string, attacks []attack.Attack, err error) {
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
	names, attacks, err := o.attacks()
	if err != nil {
		return nil, err
	}
	o.Eps = slices.Clone(o.Eps)
	slices.Sort(o.Eps)
	r := &report.Robustness{Data: d.Set.Name, Norm: string(v.threat.Norm), Range: v.words, Examples: v.n, Seed: o.Seed, Attacks: names,
		Classes: v.classes, Warnings: []string{}, Notes: []string{}}
	most := o.bounds(networks, v.n*len(o.Eps))
	for i, version := range networks {
		if i+1 < len(networks) && same(version.Net, networks[i+1].Net) {
			r.Notes = append(r.Notes, fmt.Sprintf("the %s network is the %s one", networks[i+1].Name, version.Name))
			continue
		}
		a := assault{Robustness: o, victims: v, names: names, attacks: attacks, version: version, most: most, r: r}
		n, err := a.run(ctx)
		if err != nil {
			return nil, err
		}
		r.Networks = append(r.Networks, *n)
	}
	return r, nil
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
	_, err := d.threat(&o)
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
		return refuse("%s has no images, so the range of its values is unknown: give -range, in a sweep attack.range, in units of the network's input", d.Set.Name)
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
	most := o.Limit
	if most == 0 {
		most = DefaultLimit
	}
	v.n = min(v.n, most)
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
	return v, nil
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

// assault is the attack on one network.
type assault struct {
	Robustness
	*victims
	names   []string
	attacks []attack.Attack
	version Version
	most    certify.Method // the last method to try
	r       *report.Robustness

	model  *attack.Network
	right  []int    // examples that the network gets right as they are
	broken [][]bool // by attack and example, at the present eps or a smaller one
	shown  map[int]bool
	out    *report.RobustNetwork
}

// mostAtOnce is the number of examples whose gradients are computed at once.
const mostAtOnce = 128

func (a *assault) run(ctx context.Context) (*report.RobustNetwork, error) {
	net := a.version.Net
	batch := min(a.n, net.BatchUpTo(mostAtOnce))
	for batch > 1 && net.CheckBatch(batch) != nil {
		batch /= 2
	}
	if err := net.CheckBatch(batch); err != nil {
		return nil, &InputError{err}
	}
	var err error
	if a.model, err = attack.NewNetwork(net, batch); err != nil {
		return nil, &InputError{err}
	}
	if k := a.model.Outputs(); slices.Max(a.labels) >= k {
		return nil, &InputError{fmt.Errorf("the %s network has %d outputs, an example has class %d", a.version.Name, k, slices.Max(a.labels))}
	}
	if err := a.clean(ctx); err != nil {
		return nil, err
	}
	a.broken = make([][]bool, len(a.attacks))
	for k := range a.broken {
		a.broken[k] = make([]bool, a.n)
	}
	a.shown = map[int]bool{}
	var open [][]int // examples that are left, by eps
	for _, eps := range a.Eps {
		if err := a.at(ctx, eps); err != nil {
			return nil, err
		}
		open = append(open, a.robust())
	}
	if err := a.beyond(ctx); err != nil {
		return nil, err
	}
	if a.Certify {
		if err := a.certify(ctx, open); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(a.out.Shown, func(x, y report.Adversarial) int { return x.Example - y.Example })
	return a.out, nil
}

// clean finds the examples that the network gets right.
func (a *assault) clean(ctx context.Context) error {
	all := make([]int, a.n)
	for i := range all {
		all[i] = i
	}
	x, _ := a.rows(all)
	k := a.model.Outputs()
	z := make([]float64, a.n*k)
	for first := 0; first < a.n; first += mostAtOnce {
		last := min(a.n, first+mostAtOnce)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.model.Forward(x[first*a.size:last*a.size], z[first*k:last*k]); err != nil {
			return err
		}
	}
	for i := range all {
		if attack.Predicted(z[i*k:][:k]) == a.labels[i] {
			a.right = append(a.right, i)
		}
	}
	counts := a.version.Net.Count()
	a.out = &report.RobustNetwork{Name: a.version.Name, Params: counts.Params, NonZero: counts.NonZero, Clean: a.share(len(a.right)),
		Targets: make([]int, k)}
	for _, c := range a.labels {
		a.out.Targets[c]++
	}
	a.out.ByClass = a.byClass(a.right)
	return nil
}

func (a *assault) share(n int) float64 { return float64(n) / float64(a.n) }

// byClass are the shares of the examples of each class that a list has.
func (a *assault) byClass(list []int) []float64 {
	out := make([]float64, a.model.Outputs())
	for _, i := range list {
		out[a.labels[i]]++
	}
	for c := range out {
		out[c] /= float64(max(1, a.out.Targets[c]))
	}
	return out
}

// robust lists the examples that no attack has broken.
func (a *assault) robust() []int {
	var out []int
	for _, i := range a.right {
		if !slices.ContainsFunc(a.broken, func(b []bool) bool { return b[i] }) {
			out = append(out, i)
		}
	}
	return out
}

// attack runs an attack on examples.
func (a *assault) attack(ctx context.Context, name string, how attack.Attack, eps float64, rows []int) (*attack.Result, error) {
	t := a.threat
	t.Eps = eps
	o := attack.Options{Random: rand.New(rand.NewPCG(a.Seed, math.Float64bits(eps))), Chunk: mostAtOnce}
	if a.Progress != nil {
		o.Progress = func(part string, done, total int) {
			if part == "" {
				part = name
			}
			a.Progress(fmt.Sprintf("%s, eps %s, %s", a.out.Title(), report.EpsText(eps), part), int64(done), int64(total))
		}
	}
	attacker, err := attack.New(a.model, t, how, o)
	if err != nil {
		return nil, &InputError{err}
	}
	x, labels := a.rows(rows)
	r, err := attacker.Run(ctx, attack.Examples{X: x, Labels: labels})
	if err != nil && ctx.Err() == nil {
		return nil, &InputError{fmt.Errorf("%s of the %s: %w", name, a.out.Title(), err)}
	}
	return r, err
}

// at attacks at one size, with every attack, the examples that it has not broken at smaller ones.
func (a *assault) at(ctx context.Context, eps float64) error {
	p := report.RobustPoint{Eps: eps}
	last := 0 // examples that only the last part of a set of attacks broke
	for k, how := range a.attacks {
		var rows []int
		for _, i := range a.right {
			if !a.broken[k][i] {
				rows = append(rows, i)
			}
		}
		r, err := a.attack(ctx, a.names[k], how, eps, rows)
		if err != nil {
			return err
		}
		for j, i := range rows {
			if !r.Broken[j] {
				continue
			}
			a.broken[k][i] = true
			if r.By[j] == blackBox && a.names[k] != blackBox {
				last++
			}
			a.show(i, eps, r.By[j], r.X[j*a.size:][:a.size])
		}
		accuracy := a.share(len(rows) - countTrue(r.Broken))
		p.ByAttack = append(p.ByAttack, report.AttackResult{Name: a.names[k], Accuracy: accuracy})
	}
	robust := a.robust()
	p.Robust, p.ByClass = a.share(len(robust)), a.byClass(robust)
	a.out.Points = append(a.out.Points, p)
	a.suspect(p, last)
	return nil
}

func countTrue(list []bool) (n int) {
	for _, b := range list {
		if b {
			n++
		}
	}
	return n
}

// blackBox is the attack that reads no gradients.
const blackBox = "square"

// notable is the share of examples by which a weaker attack may beat a stronger one by chance.
const notable = 0.01

func (a *assault) warn(format string, args ...any) {
	a.r.Warnings = append(a.r.Warnings, a.out.Title()+": "+fmt.Sprintf(format, args...))
}

// suspect warns of gradient masking: attacks that ought to be weaker are stronger (Athalye et al. 2018).
func (a *assault) suspect(p report.RobustPoint, byBlackBox int) {
	accuracy := map[string]float64{}
	gradients := 1.0
	for _, r := range p.ByAttack {
		accuracy[r.Name] = r.Accuracy
		if r.Name != blackBox {
			gradients = min(gradients, r.Accuracy)
		}
	}
	const advice = "gradients mislead attacks (gradient masking), or these are weak; " +
		"the robust accuracy may be too high, and standard attacks tell more"
	fgsm, one := accuracy["fgsm"]
	pgd, many := accuracy["pgd"]
	if one && many && fgsm < pgd-notable {
		a.warn("at eps %s one step (fgsm, %s) is stronger than many (pgd, %s): %s", report.EpsText(p.Eps), report.Percent(fgsm),
			report.Percent(pgd), advice)
	}
	if square, ok := accuracy[blackBox]; ok && len(p.ByAttack) > 1 && square < gradients-notable {
		a.warn("at eps %s an attack without gradients (square, %s) is stronger than those with (%s): %s", report.EpsText(p.Eps),
			report.Percent(square), report.Percent(gradients), advice)
	}
	if a.share(byBlackBox) > notable {
		a.warn("at eps %s only an attack without gradients (square) breaks %d examples: %s", report.EpsText(p.Eps), byBlackBox, advice)
	}
}

// examplesBeyond is the number of examples of beyond, resisted the share that warns.
const (
	examplesBeyond = 200
	resisted       = 0.05
)

// beyond attacks at a size at which every point of the range is allowed. Hardly an example resists
// an attack whose gradients lead it.
func (a *assault) beyond(ctx context.Context) error {
	eps := a.threat.Range.Upper - a.threat.Range.Lower
	if math.IsInf(eps, 0) || len(a.right) == 0 {
		return nil
	}
	if a.threat.Norm == attack.L2 {
		eps *= math.Sqrt(float64(a.size))
	}
	rows := a.right[:min(len(a.right), examplesBeyond)]
	r, err := a.attack(ctx, "pgd", attack.NewPGD(), eps, rows)
	if err != nil {
		return err
	}
	if left := 1 - float64(countTrue(r.Broken))/float64(len(rows)); left > resisted {
		a.warn("%s of %d examples withstand pgd at eps %s, where every point of the range is allowed: "+
			"gradients mislead it (gradient masking), and the robust accuracy may be too high", report.Percent(left), len(rows), report.EpsText(eps))
	}
	return nil
}

// certify proves decisions at every size, for the examples that withstand the attacks.
func (a *assault) certify(ctx context.Context, open [][]int) error {
	net, err := certify.New(a.version.Net)
	if err != nil {
		a.r.Notes = append(a.r.Notes, fmt.Sprintf("%s: no certified bounds: %v", a.out.Title(), err))
		return nil
	}
	scale, _ := certify.Scale(a.threat.Range, a.channels)
	lipschitz := net.Lipschitz(a.threat.Norm, scale)
	radius, err := a.radii(ctx, net, lipschitz)
	if err != nil {
		return err
	}
	most := a.most
	by := make([]certify.Method, a.n) // the first method at this eps or a larger one; 0: none
	for e := len(a.Eps) - 1; e >= 0; e-- {
		t := a.threat
		t.Eps = a.Eps[e]
		rows := open[e]
		err := net.Margins(ctx, len(rows), most, func(i int) (certify.Region, int) {
			return certify.Ball(t, a.channels, a.x[rows[i]*a.size:][:a.size]), a.labels[rows[i]]
		}, func(i int, m certify.Margin) {
			if at := &by[rows[i]]; m.Least > 0 && (*at == 0 || m.By < *at) {
				*at = m.By
			}
			if a.Progress != nil {
				a.Progress(fmt.Sprintf("%s, eps %s, certifying", a.out.Title(), report.EpsText(t.Eps)), int64(i+1), int64(len(rows)))
			}
		})
		if err != nil {
			return err
		}
		p := &a.out.Points[e]
		certified, byNorm := 0, 0
		counts := make([]int, most+1)
		for _, i := range a.right {
			norm := radius[i] > t.Eps
			if norm {
				byNorm++
			}
			if norm || by[i] > 0 {
				certified++
			}
			for m := certify.IBP; m <= most; m++ {
				if by[i] > 0 && by[i] <= m {
					counts[m]++
				}
			}
		}
		all := a.share(certified)
		p.Certified = &all
		p.ByMethod = []report.AttackResult{{Name: certify.Lipschitz.String(), Accuracy: a.share(byNorm)}}
		for m := certify.IBP; m <= most; m++ {
			p.ByMethod = append(p.ByMethod, report.AttackResult{Name: m.String(), Accuracy: a.share(counts[m])})
		}
	}
	return nil
}

// radii are the certified radii of the examples by the product of operator norms.
func (a *assault) radii(ctx context.Context, net *certify.Network, l certify.Norms) ([]float64, error) {
	out := make([]float64, a.n)
	t := a.threat
	t.Eps = 0
	for _, i := range a.right {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		low, high := net.Outputs(certify.Ball(t, a.channels, a.x[i*a.size:][:a.size]), certify.IBP)
		out[i] = l.Radius(low, high, a.labels[i])
	}
	sorted := slices.Sorted(slices.Values(out))
	a.out.Radius = &report.RadiusSummary{Median: sorted[len(sorted)/2]}
	if c := l.Layers[len(l.Layers)-1]; !math.IsInf(c, 0) {
		a.out.Radius.Constant = &c
	}
	return out, nil
}

// classText is the name of a class.
func (a *assault) classText(c int) string {
	if c < len(a.classes) {
		return strings.TrimSpace(a.classes[c])
	}
	return fmt.Sprint(c)
}

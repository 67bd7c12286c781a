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
	"pare/report"
)

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
	eps = min(eps, attack.LargestEps)
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
	radii, err := net.Radii(ctx, l, len(a.right), func(k int, eps float64) (certify.Region, int) {
		t, i := a.threat, a.right[k]
		t.Eps = eps
		return certify.Ball(t, a.channels, a.x[i*a.size:][:a.size]), a.labels[i]
	})
	if err != nil {
		return nil, err
	}
	out := make([]float64, a.n)
	for k, i := range a.right {
		out[i] = radii[k]
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

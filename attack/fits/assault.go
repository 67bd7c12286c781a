package fits

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"pare/attack"
	"pare/attack/certify"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
	"pare/stat/robust"
)

// assault is the attack on the model of one λ.
type assault struct {
	*victims
	weights [][]float64 // of each output, one for each column that moves, in Units
	base    [][]float64 // of each output, the part of the linear predictor of each row that stays
	x       []float64   // values that move, row after row
	d       int         // their number in a row
	groups  [][]int     // rows with the same base, by places in victims.at
	shifts  map[[2]int]float64
	out     Fit
}

// outputs is the number of outputs of the model: the classes, or 1.
func (a *assault) outputs() int { return len(a.weights) }

// fit attacks one fit.
func (v *victims) fit(ctx context.Context, f *lasso.SavedFit) (Fit, error) {
	a := &assault{victims: v}
	if err := a.arrange(f); err != nil {
		return Fit{}, err
	}
	if err := a.measure(ctx); err != nil {
		return Fit{}, fmt.Errorf("at λ = %.6g: %w", f.Lambda, err)
	}
	return a.out, nil
}

// arrange divides the linear predictors into the part that moves and the rest.
func (a *assault) arrange(f *lasso.SavedFit) error {
	place := map[int]int{} // of a feature among the columns that move
	uses := map[int]bool{}
	for _, terms := range f.Terms {
		for i, k := range terms.Feature {
			if terms.Value[i] == 0 {
				continue
			}
			uses[k] = true
			if _, there := place[k]; !there && a.value[k] != nil {
				place[k] = a.d
				a.d++
			}
		}
	}
	a.out.Lambda, a.out.Features, a.out.Moving = f.Lambda, len(uses), a.d
	for k := range f.Terms {
		terms := &f.Terms[k]
		stay, w := lasso.Terms{Intercept: terms.Intercept}, make([]float64, a.d)
		for i, k := range terms.Feature {
			at, moves := place[k]
			if !moves {
				stay.Feature, stay.Value = append(stay.Feature, k), append(stay.Value, terms.Value[i])
				continue
			}
			mean, unit, err := a.unit(&a.model.Features[k])
			if err != nil {
				return err
			}
			w[at] = terms.Value[i] * unit
			stay.Intercept += terms.Value[i] * mean
		}
		link := a.rows.Link(&stay)
		base := make([]float64, len(a.at))
		for i, row := range a.at {
			base[i] = link[row]
		}
		a.weights, a.base = append(a.weights, w), append(a.base, base)
	}
	if a.family == linear.Binomial { // the classes have the outputs 0 and η
		a.weights = slices.Insert(a.weights, 0, make([]float64, a.d))
		a.base = slices.Insert(a.base, 0, make([]float64, len(a.at)))
	}
	a.x = make([]float64, len(a.at)*a.d)
	for k, at := range place {
		for i, u := range a.value[k] {
			a.x[i*a.d+at] = u
		}
	}
	a.group()
	return nil
}

// group finds the rows that one model with constant intercepts describes.
func (a *assault) group() {
	places := map[string]int{}
	for i := range a.at {
		var key strings.Builder
		for _, base := range a.base {
			key.WriteString(strconv.FormatUint(math.Float64bits(base[i]), 36) + " ")
		}
		g, there := places[key.String()]
		if !there {
			g = len(a.groups)
			places[key.String()] = g
			a.groups = append(a.groups, nil)
		}
		a.groups[g] = append(a.groups[g], i)
	}
}

// row is the values of a row that move.
func (a *assault) row(i int) []float64 { return a.x[i*a.d:][:a.d] }

// link writes the outputs of row i at the point x to z.
func (a *assault) link(i int, x, z []float64) {
	for k, w := range a.weights {
		z[k] = a.base[k][i]
		for j, v := range w {
			z[k] += v * x[j]
		}
	}
}

// measure fills in the outcome.
func (a *assault) measure(ctx context.Context) error {
	for k := range a.weights {
		for l := range k {
			a.out.Norm = max(a.out.Norm, a.norm(difference(a.weights[k], a.weights[l])))
		}
	}
	if a.outputs() == 1 {
		a.out.Norm = a.norm(a.weights[0])
		return a.numbers(ctx)
	}
	return a.classes(ctx)
}

// norm is the dual norm of weights.
func (a *assault) norm(w []float64) float64 {
	t := a.threat(1)
	t.Range = attack.Unbounded
	return certify.LinearShift(t, w, make([]float64, len(w)))
}

func difference(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for j := range out {
		out[j] = a[j] - b[j]
	}
	return out
}

// shift is the largest increase of output k less output l of row i within a threat. An l below 0
// stands for none, a k below 0 for none too.
func (a *assault) shift(t attack.Threat, i, k, l int) float64 {
	if !a.bounded() {
		if s, there := a.shifts[[2]int{k, l}]; there {
			return s
		}
	}
	d := make([]float64, a.d)
	if k >= 0 {
		copy(d, a.weights[k])
	}
	if l >= 0 {
		d = difference(d, a.weights[l])
	}
	s := certify.LinearShift(t, d, a.row(i))
	if !a.bounded() {
		a.shifts[[2]int{k, l}] = s
	}
	return s
}

// run runs an attack on rows, and calls found with the point that it returns for each.
func (a *assault) run(ctx context.Context, k int, eps float64, rows []int, found func(i int, x []float64, broken bool)) error {
	if a.d == 0 || len(rows) == 0 {
		return nil
	}
	wanted := make([]bool, len(a.at))
	for _, i := range rows {
		wanted[i] = true
	}
	for _, group := range a.groups {
		var rows []int
		var e attack.Examples
		for _, i := range group {
			if !wanted[i] {
				continue
			}
			rows, e.X = append(rows, i), append(e.X, a.row(i)...)
			if y := a.y[a.at[i]]; a.outputs() == 1 {
				e.Values = append(e.Values, y)
			} else {
				e.Labels = append(e.Labels, int(y))
			}
		}
		if rows == nil {
			continue
		}
		intercepts := make([]float64, a.outputs())
		for k := range intercepts {
			intercepts[k] = a.base[k][group[0]]
		}
		e.First = rows[0]
		if err := a.search(ctx, k, eps, intercepts, e, func(j int, x []float64, broken bool) { found(rows[j], x, broken) }); err != nil {
			return err
		}
	}
	return nil
}

// search runs an attack on rows with the same intercepts.
func (a *assault) search(ctx context.Context, k int, eps float64, intercepts []float64, e attack.Examples,
	found func(j int, x []float64, broken bool)) error {
	model, err := attack.NewLinear(a.weights, intercepts)
	if err != nil {
		return err
	}
	o := attack.Options{Random: rand.New(rand.NewPCG(a.Seed, math.Float64bits(eps)))}
	if a.family == linear.Poisson {
		o.Loss = attack.Poisson{}
	}
	attacker, err := attack.New(model, a.threat(eps), a.Attacks[k], o)
	if err != nil {
		return err
	}
	r, err := attacker.Run(ctx, e)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Names[k], err)
	}
	for j := range len(e.X) / a.d {
		found(j, r.X[j*a.d:][:a.d], r.Broken != nil && r.Broken[j])
	}
	return nil
}

// numbers attacks a model with one linear predictor of numbers or counts.
func (a *assault) numbers(ctx context.Context) error {
	n := float64(len(a.at))
	eta, clean := make([]float64, len(a.at)), make([]float64, len(a.at))
	for i, row := range a.at {
		a.link(i, a.row(i), eta[i:][:1])
		clean[i] = a.family.Deviance(eta[i], a.y[row])
	}
	a.out.Loss = mean(clean)
	reached := make([][]float64, len(a.Attacks)) // by attack and row, at this eps or a smaller one
	for k := range reached {
		reached[k] = slices.Clone(clean)
	}
	rows := make([]int, len(a.at))
	for i := range rows {
		rows[i] = i
	}
	for _, eps := range a.Eps {
		t := a.threat(eps)
		a.shifts = map[[2]int]float64{}
		p := Point{Eps: eps}
		for k := range a.Attacks {
			err := a.run(ctx, k, eps, rows, func(i int, x []float64, _ bool) {
				z := []float64{0}
				a.link(i, x, z)
				reached[k][i] = max(reached[k][i], a.family.Deviance(z[0], a.y[a.at[i]]))
			})
			if err != nil {
				return err
			}
			p.ByAttack = append(p.ByAttack, AttackResult{Name: a.Names[k], Loss: mean(reached[k])})
		}
		attacked, worst, short := 0.0, 0.0, 0.0
		for i, row := range a.at {
			most := clean[i]
			for k := range reached {
				most = max(most, reached[k][i])
			}
			exact := robust.Deviance(a.family, eta[i], a.y[row], a.shift(t, i, -1, 0), a.shift(t, i, 0, -1))
			attacked, worst = attacked+most/n, worst+exact/n
			if exact > 0 && !math.IsInf(exact, 0) {
				short = max(short, (exact-most)/exact)
			}
		}
		p.Attacked, p.Worst, p.Short = finite(attacked), finite(worst), &short
		a.out.Points = append(a.out.Points, p)
	}
	return nil
}

// classes attacks a model of classes.
func (a *assault) classes(ctx context.Context) error {
	c := newTally(a)
	z := make([]float64, a.outputs())
	var right []int
	loss := 0.0
	var radii []float64
	for i, row := range a.at {
		a.link(i, a.row(i), z)
		label := int(a.y[row])
		loss += deviance(z, label) / float64(len(a.at))
		if attack.Predicted(z) != label {
			continue
		}
		right = append(right, i)
		if !a.bounded() {
			intercepts := make([]float64, a.outputs())
			for k := range intercepts {
				intercepts[k] = a.base[k][i]
			}
			radii = append(radii, certify.LinearRadius(a.threat(0).Norm, a.weights, intercepts, a.row(i), label))
		}
	}
	a.out.Loss = finite(loss)
	a.out.Clean, a.out.ByClass = c.share(right)
	if len(radii) > 0 {
		slices.Sort(radii)
		a.out.Radius = finite((radii[(len(radii)-1)/2] + radii[len(radii)/2]) / 2)
	}
	broken := make([][]bool, len(a.Attacks)) // by attack and row, at this eps or a smaller one
	for k := range broken {
		broken[k] = make([]bool, len(a.at))
	}
	for _, eps := range a.Eps {
		p := Point{Eps: eps}
		for k := range a.Attacks {
			open := slices.DeleteFunc(slices.Clone(right), func(i int) bool { return broken[k][i] })
			err := a.run(ctx, k, eps, open, func(i int, _ []float64, wrong bool) { broken[k][i] = wrong })
			if err != nil {
				return err
			}
			accuracy, _ := c.share(slices.DeleteFunc(slices.Clone(right), func(i int) bool { return broken[k][i] }))
			p.ByAttack = append(p.ByAttack, AttackResult{Name: a.Names[k], Accuracy: accuracy})
		}
		a.compare(&p, c, right, broken)
		a.out.Points = append(a.out.Points, p)
	}
	return nil
}

// compare sets the attacks beside the closed form.
func (a *assault) compare(p *Point, c *tally, right []int, broken [][]bool) {
	t := a.threat(p.Eps)
	a.shifts = map[[2]int]float64{}
	z := make([]float64, a.outputs())
	var withstand, proved []int
	differ, worst := 0, 0.0
	for _, i := range right {
		holds := !slices.ContainsFunc(broken, func(b []bool) bool { return b[i] })
		if holds {
			withstand = append(withstand, i)
		}
		a.link(i, a.row(i), z)
		certified := a.holds(t, i, z)
		if certified {
			proved = append(proved, i)
		}
		if holds != certified {
			differ++
		}
	}
	p.Robust, p.RobustByClass = c.share(withstand)
	p.Certified, p.CertifiedByClass = c.share(proved)
	p.Differ = &differ
	if a.family != linear.Binomial {
		return
	}
	for i, row := range a.at {
		a.link(i, a.row(i), z)
		worst += robust.Deviance(a.family, z[1], a.y[row], a.shift(t, i, -1, 1), a.shift(t, i, 1, -1)) / float64(len(a.at))
	}
	p.Worst = finite(worst)
}

// holds reports whether no point of the threat changes the class of a row whose outputs z are right.
// Of equal outputs the first one counts.
func (a *assault) holds(t attack.Threat, i int, z []float64) bool {
	label := int(a.y[a.at[i]])
	for k := range z {
		if k == label {
			continue
		}
		margin := z[label] - z[k] - a.shift(t, i, k, label)
		if margin < 0 || margin == 0 && k < label {
			return false
		}
	}
	return true
}

// deviance is twice the cross-entropy of the outputs for a class.
func deviance(z []float64, label int) float64 {
	return 2 * attack.CrossEntropy{}.Loss(z, attack.Target{Label: label}, nil)
}

// tally counts rows by class.
type tally struct {
	label []int
	of    []int // rows of each class
}

func newTally(a *assault) *tally {
	c := &tally{of: make([]int, a.outputs())}
	for _, row := range a.at {
		k := int(a.y[row])
		c.label = append(c.label, k)
		c.of[k]++
	}
	return c
}

// share is the share of all rows that a list has, and of the rows of each class; nil: a class
// without rows.
func (c *tally) share(list []int) (all *float64, byClass []*float64) {
	counts := make([]float64, len(c.of))
	for _, i := range list {
		counts[c.label[i]]++
	}
	byClass = make([]*float64, len(c.of))
	for k, n := range c.of {
		if n > 0 {
			s := counts[k] / float64(n)
			byClass[k] = &s
		}
	}
	s := float64(len(list)) / float64(len(c.label))
	return &s, byClass
}

// mean is nil where it is no number.
func mean(v []float64) *float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return finite(sum)
}

// finite is nil for infinities and NaN, which JSON cannot hold.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

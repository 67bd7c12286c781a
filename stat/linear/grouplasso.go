package linear

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"pare/internal/dense"
	"pare/internal/f64"
)

// checkGroups checks the groups of features and their factors.
func (p *Problem) checkGroups(features int) error {
	if len(p.Groups) != features {
		return fmt.Errorf("linear: groups of %d features for %d features", len(p.Groups), features)
	}
	sizes := groupSizes(p.Groups)
	if sizes == nil {
		return fmt.Errorf("linear: groups must be numbered from 0 without gaps")
	}
	if p.GroupFactor != nil && len(p.GroupFactor) != len(sizes) {
		return fmt.Errorf("linear: %d factors for %d groups", len(p.GroupFactor), len(sizes))
	}
	for g, w := range p.GroupFactor {
		if !(w >= 0) {
			return fmt.Errorf("linear: factor of group %d is %v", g, w)
		}
	}
	return nil
}

// groupSizes counts the features of each group; nil if a number is missing.
func groupSizes(groups []int) []int {
	var sizes []int
	for _, g := range groups {
		if g < 0 || g >= len(groups) {
			return nil
		}
		for len(sizes) <= g {
			sizes = append(sizes, 0)
		}
		sizes[g]++
	}
	for _, size := range sizes {
		if size == 0 {
			return nil
		}
	}
	return sizes
}

// groupFactors returns ω of the group of every feature.
func (p *Problem) groupFactors() []float64 {
	sizes := groupSizes(p.Groups)
	factors := make([]float64, len(p.Groups))
	for j, g := range p.Groups {
		factors[j] = math.Sqrt(float64(sizes[g]))
		if p.GroupFactor != nil {
			factors[j] = p.GroupFactor[g]
		}
	}
	return factors
}

// groupLasso is a penalty whose units are groups of features. The features of a group are
// next to each other in the working set.
type groupLasso struct {
	*task
	groups  []int          // of the features
	members [][]int        // features of each group that are neither constant nor excluded
	all     []int          // the groups that have members
	blocks  map[int]*block // by group, of a loss whose Hessian does not change
	list    []*block       // of the working set, in its order
}

func newGroupLasso(groups []int, t *task) *groupLasso {
	p := &groupLasso{task: t, groups: groups, members: make([][]int, len(groupSizes(groups))), blocks: map[int]*block{}}
	for j, g := range groups {
		if !math.IsInf(t.factor[j], 1) {
			p.members[g] = append(p.members[g], j)
		}
	}
	for g, list := range p.members {
		if len(list) > 0 {
			p.all = append(p.all, g)
		}
	}
	if s, ok := t.x.(*Sparse); ok {
		t.x = plain{s} // the columns of the working set are filled
	}
	return p
}

func (p *groupLasso) unit(j int) int { return p.groups[j] }

func (p *groupLasso) features(g int) []int { return p.members[g] }

func (p *groupLasso) first(g int) int { return p.members[g][0] }

func (p *groupLasso) weight(g int) float64 { return p.factor[p.first(g)] }

func (p *groupLasso) norm(g int, v func(int) float64) float64 {
	sum := 0.0
	for _, j := range p.members[g] {
		sum += v(j) * v(j)
	}
	return math.Sqrt(sum)
}

func (p *groupLasso) room(int, func(int) float64) float64 { return math.Inf(1) }

func (p *groupLasso) value(lambda float64, beta []float64, set []int) float64 {
	sum := 0.0
	for _, j := range set {
		if g := p.groups[j]; j == p.first(g) && p.factor[j] > 0 {
			norm := p.norm(g, func(j int) float64 { return beta[j] })
			sum += lambda * p.factor[j] * (p.alpha*norm + (1-p.alpha)/2*norm*norm)
		}
	}
	return sum
}

// fresh lists all groups: their correlations are all computed in every round.
func (p *groupLasso) fresh(*screen) []int { return p.all }

func (p *groupLasso) bound(float64) float64 { return -1 }

func (p *groupLasso) violation(f *fitter, lambda float64, c func(int) float64) float64 {
	worst := 0.0
	for _, j := range f.set {
		g := p.groups[j]
		if j != p.first(g) {
			continue
		}
		l1, l2 := lambda*p.factor[j]*p.alpha, lambda*p.factor[j]*(1-p.alpha)
		norm := p.norm(g, func(j int) float64 { return f.beta[j] })
		shrink := l2
		if norm > 0 {
			shrink += l1 / norm
			l1 = 0
		}
		worst = max(worst, p.norm(g, func(j int) float64 { return c(j) - shrink*f.beta[j] })-l1)
	}
	return worst
}

// slowGroups is the number of sweeps after which Newton steps on the nonzero groups begin:
// with nearly dependent columns sweeps make little progress.
const slowGroups = 20

// step sweeps over the groups and minimises over each exactly, with Anderson acceleration
// and Newton steps.
func (p *groupLasso) step(f *fitter, lambda, target float64) {
	f.loss.curvature(f.h, f.eta)
	columns := make([][]float64, len(f.set))
	all := make([]int, len(f.set))
	for k, j := range f.set {
		columns[k], all[k] = f.columns[j], k
	}
	r := newResidual(columns, f.h, f.u, f.t.intercept)
	f.load(lambda)
	p.prepare(f, lambda, columns)
	d := &f.descent
	d.smooth = r
	d.history.clear()
	first, start := -1.0, d.sweeps
	least, stale := math.Inf(1), 0
	for d.sweeps < d.limit && stale < staleSweeps {
		worst := r.settle()
		for _, b := range p.list {
			worst = max(worst, b.step(r, d.beta))
		}
		d.sweeps++
		if stale++; worst < 0.9*least {
			least, stale = worst, 0
		}
		if first < 0 {
			first = worst
		}
		if worst <= target || !f.loss.quadratic() && worst < 0.01*first {
			break
		}
		if d.history.push(d.beta, all, r.point) {
			if d.sweeps-start < slowGroups || !p.newton(f, r) {
				d.extrapolate(all, func() float64 { return p.penaltyOf(d.beta) })
			}
			d.history.clear()
		}
	}
	f.store()
	f.intercept += r.moved()
}

// prepare lists the blocks of the working set, with their parts of the Hessian.
func (p *groupLasso) prepare(f *fitter, lambda float64, columns [][]float64) {
	if !f.loss.quadratic() {
		clear(p.blocks)
	}
	p.list = p.list[:0]
	weighted := make([]float64, f.t.n)
	for from := 0; from < len(f.set); from += len(p.members[p.groups[f.set[from]]]) {
		g := p.groups[f.set[from]]
		size := len(p.members[g])
		b := p.blocks[g]
		if b == nil {
			hessian := mat.NewSymDense(size, nil)
			for i := range size {
				f64.Mul(weighted, columns[from+i], f.h)
				for k := i; k < size; k++ {
					hessian.SetSym(i, k, f64.Dot(weighted, columns[from+k]))
				}
			}
			b = newBlock(hessian)
			p.blocks[g] = b
		}
		b.from, b.to = from, from+size
		b.l1, b.l2 = lambda*p.weight(g)*p.alpha, lambda*p.weight(g)*(1-p.alpha)
		p.list = append(p.list, b)
	}
}

// penaltyOf is the penalty of coefficients in the order of the working set.
func (p *groupLasso) penaltyOf(beta []float64) float64 {
	sum := 0.0
	for _, b := range p.list {
		norm := norm2(beta[b.from:b.to])
		sum += b.l1*norm + b.l2/2*norm*norm
	}
	return sum
}

// block is a group in the working set: its place there and the eigenvectors of its
// part of the Hessian, by which it is minimised over exactly.
type block struct {
	from, to int
	l1, l2   float64
	values   []float64
	top      float64 // the largest of values
	vectors  mat.Dense
	z, next  []float64
}

func newBlock(hessian *mat.SymDense) *block {
	size := hessian.SymmetricDim()
	b := &block{z: make([]float64, size), next: make([]float64, size)}
	var eigen mat.EigenSym
	if !eigen.Factorize(hessian, true) {
		panic("linear: the eigenvalues of a symmetric matrix did not converge")
	}
	b.values = eigen.Values(nil) // ascending
	b.top = max(0, b.values[size-1])
	eigen.VectorsTo(&b.vectors)
	return b
}

// minimize sets next to the minimum of ½βᵀHβ − (g + Hβ₀)ᵀβ + l1‖β‖ + l2/2‖β‖². In the
// basis of the eigenvectors it is β = z/(d + l2 + l1/r) with r = ‖β‖, the root of
// Σ (z/((d+l2)r + l1))² = 1, which Newton steps find.
func (b *block) minimize(g, beta []float64) {
	n := len(b.z)
	norm := 0.0
	for k := range n {
		z, along := 0.0, 0.0
		for i := range n {
			v := b.vectors.At(i, k)
			z += v * g[i]
			along += v * beta[i]
		}
		b.z[k] = z + b.values[k]*along
		norm += b.z[k] * b.z[k]
	}
	clear(b.next)
	norm = math.Sqrt(norm)
	if norm <= b.l1 || b.top == 0 {
		return
	}
	r := b.radius(norm)
	for k, z := range b.z {
		below := b.values[k] + b.l2
		if b.l1 > 0 {
			below += b.l1 / r
		} else if b.values[k] <= 1e-12*b.top {
			continue // a direction that changes nothing
		}
		for i := range n {
			b.next[i] += b.vectors.At(i, k) * z / below
		}
	}
}

// radius returns ‖β‖. 1/√Σ is concave and increasing in r, so that Newton steps
// from below stay below the root.
func (b *block) radius(norm float64) float64 {
	if b.l1 == 0 {
		return 1
	}
	r := (norm - b.l1) / (b.top + b.l2)
	for range 100 {
		sum, slope := 0.0, 0.0
		for k, z := range b.z {
			below := (max(b.values[k], 0)+b.l2)*r + b.l1
			q := z / below
			sum += q * q
			slope += q * q * (max(b.values[k], 0) + b.l2) / below
		}
		// f = Σ^(−1/2) − 1, f′ = Σ^(−3/2)·slope
		step := (sum*math.Sqrt(sum) - sum) / slope
		r += step
		if math.Abs(step) <= 1e-15*r {
			break
		}
	}
	return r
}

// step minimises over the block and returns the violation of optimality by the gradient
// before.
func (b *block) step(r *residual, beta []float64) float64 {
	g := make([]float64, b.to-b.from)
	for i := range g {
		g[i] = r.gradient(b.from + i)
	}
	own := beta[b.from:b.to]
	b.minimize(g, own)
	change := 0.0
	for i, now := range b.next {
		if d := now - own[i]; d != 0 {
			own[i] = now
			r.move(b.from+i, d)
			change += d * d
		}
	}
	return (b.top + b.l2) * math.Sqrt(change)
}

// newton takes Newton steps on the groups that are not zero, where the penalty is
// smooth, as long as they lower the objective and end where a group becomes zero. It
// returns whether it took any.
func (p *groupLasso) newton(f *fitter, r *residual) bool {
	beta := f.descent.beta
	var list []int
	group, norms := make([]int, len(beta)), make([]float64, len(p.list))
	for k, b := range p.list {
		norms[k] = norm2(beta[b.from:b.to])
		for i := b.from; i < b.to && (norms[k] > 0 || b.l1 == 0); i++ {
			list = append(list, i)
			group[i] = k
		}
	}
	if len(list) == 0 || len(list) > directLimit {
		return false
	}
	place, columns := make([]int, len(beta)), make([][]float64, len(list))
	for at, i := range list {
		place[i], columns[at] = at, r.columns[i]
	}
	var hessian gram
	f.centred(&hessian, columns, r.h)
	at := func(i, j int) float64 {
		v := hessian.g[place[i]][place[j]]
		b, n := p.list[group[i]], norms[group[i]]
		if i == j {
			// The addition lets dependent columns move: far, until one is zero.
			v += b.l2 + 1e-12*v
			if b.l1 > 0 {
				v += b.l1 / n
			}
		}
		if group[i] == group[j] && b.l1 > 0 {
			v -= b.l1 * beta[i] * beta[j] / (n * n * n)
		}
		return v
	}
	r.settle() // the Hessian is of coefficients beside the best intercept
	for moved := false; ; moved = true {
		var factor dense.Factor
		kept := factor.Grow(list, at)
		step := p.smoothGradient(r, beta, kept, group)
		before := norm2(step)
		factor.Solve(step)
		zero, ok := p.move(f, r, kept, step, func() bool {
			return norm2(p.smoothGradient(r, beta, kept, group)) < before
		})
		if !ok || zero < 0 {
			return ok || moved
		}
		for k, b := range p.list {
			norms[k] = norm2(beta[b.from:b.to])
		}
		list = slices.DeleteFunc(list, func(i int) bool { return i == zero })
	}
}

// smoothGradient returns minus the gradient of the objective by features of groups that
// are not zero.
func (p *groupLasso) smoothGradient(r *residual, beta []float64, list, group []int) []float64 {
	g := make([]float64, len(list))
	for k, i := range list {
		b := p.list[group[i]]
		g[k] = r.gradient(i) - b.l2*beta[i]
		if b.l1 > 0 {
			g[k] -= b.l1 * beta[i] / norm2(beta[b.from:b.to])
		}
	}
	return g
}

func norm2(x []float64) float64 { return math.Sqrt(f64.Dot(x, x)) }

// move goes along the step while it lowers the objective or, where the objective is equal
// up to rounding, reaches a flatter point. It returns the feature that became zero, or −1,
// and whether it moved at all.
func (p *groupLasso) move(f *fitter, r *residual, kept []int, step []float64, flatter func() bool) (zero int, ok bool) {
	beta := f.descent.beta
	before := r.value() + p.penaltyOf(beta)
	equal := f.rounding(before)
	old, point := append([]float64(nil), beta...), append([]float64(nil), r.point...)
	most, first := p.firstZero(beta, kept, step)
	for t := most; t > 1e-12*most; t /= 2 {
		for k, i := range kept {
			next := beta[i] + t*step[k]
			if t == most && k == first {
				next = 0
			}
			r.move(i, next-beta[i])
			beta[i] = next
		}
		r.settle()
		change := r.value() + p.penaltyOf(beta) - before
		if change < -equal || change < equal && flatter() {
			if t == most && first >= 0 {
				return kept[first], true
			}
			return -1, true
		}
		copy(beta, old)
		copy(r.point, point)
	}
	return -1, false
}

// firstZero returns the largest part of the step, at most 1, on which no group of one
// feature changes its sign, with the place in kept of the group that becomes zero at its
// end, or −1.
func (p *groupLasso) firstZero(beta []float64, kept []int, step []float64) (most float64, zero int) {
	most, zero = 1, -1
	for _, b := range p.list {
		if b.to-b.from > 1 || b.l1 == 0 {
			continue
		}
		k, ok := slices.BinarySearch(kept, b.from)
		if !ok || beta[b.from]*step[k] >= 0 {
			continue
		}
		if t := -beta[b.from] / step[k]; t < most {
			most, zero = t, k
		}
	}
	return most, zero
}

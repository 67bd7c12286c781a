package repair

import (
	"math"

	"pare/internal/dense"
	"pare/nn"
)

// blockRows is how many rows are added to the sums of products at once.
const blockRows = 256

// fit is the least-squares problem of a layer: for each group the change D of its weights that
// minimises Σ ‖r − D·x‖² + ridge·mean(Σ x²)·‖D‖² over rows x of its inputs and residuals r, the
// differences between the target and the present outputs. Changes from the present weights,
// in place of the weights themselves, leave a layer as it is that has nothing to repair.
type fit struct {
	sums   nn.Sums
	shift  bool // whether the outputs may change by a constant: the last term of a row is then 1
	groups []group
	x, r   []float64 // a block of rows, of one group
	row    []float32
	rows   int
}

// group is one group of a fit.
type group struct {
	terms   []int     // of the sums, without those whose input is always 0
	outputs []int     // of the layer
	weight  []float64 // [terms (and shift), outputs]: the present weights
	gram    []float64 // Σ x·xᵀ, the lower triangle
	cross   []float64 // Σ x·rᵀ, [terms, outputs]
	error   float64   // Σ ‖r‖²
	target  []moment  // of each output
}

// moment sums up the target of an output.
type moment struct{ sum, squares float64 }

func newFit(s nn.Sums, zero []bool, shift bool) *fit {
	f := &fit{sums: s, shift: shift, groups: make([]group, s.Groups), row: make([]float32, s.Terms)}
	outs := s.Weight.Size() / s.Terms / s.Groups
	w := s.Weight.Data()
	terms, outputs := 0, 0
	for g := range f.groups {
		d := &f.groups[g]
		for k := range s.Terms {
			if !zero[g*s.Inputs+k%s.Inputs] {
				d.terms = append(d.terms, k)
			}
		}
		for o := g * outs; o < (g+1)*outs; o++ {
			if d.weighs(w, o, outs*s.Groups) {
				d.outputs = append(d.outputs, o)
			}
		}
		n := f.width(d)
		d.weight = make([]float64, n*len(d.outputs))
		for i, k := range d.terms {
			for j, o := range d.outputs {
				d.weight[i*len(d.outputs)+j] = float64(w[k*outs*s.Groups+o])
			}
		}
		if s.Bias != nil {
			for j, o := range d.outputs {
				d.weight[(n-1)*len(d.outputs)+j] = float64(s.Bias.Data()[o])
			}
		}
		d.gram, d.cross, d.target = make([]float64, n*n), make([]float64, n*len(d.outputs)), make([]moment, len(d.outputs))
		terms, outputs = max(terms, n), max(outputs, len(d.outputs))
	}
	f.x, f.r = make([]float64, blockRows*terms), make([]float64, blockRows*outputs)
	return f
}

// weighs reports whether an output has a weight of the terms that is not 0.
func (d *group) weighs(w []float32, output, stride int) bool {
	for _, k := range d.terms {
		if w[k*stride+output] != 0 {
			return true
		}
	}
	return false
}

// width is the number of unknowns of each output of a group.
func (f *fit) width(d *group) int {
	if f.shift {
		return len(d.terms) + 1
	}
	return len(d.terms)
}

// place is a row of the problem: a position of an example, with the targets of all outputs.
type place struct {
	example  []float32
	position int
	target   []float64
}

// add adds rows to the sums.
func (f *fit) add(places []place) {
	for len(places) > 0 {
		n := min(len(places), blockRows)
		for g := range f.groups {
			f.addGroup(g, places[:n])
		}
		f.rows += n
		places = places[n:]
	}
}

func (f *fit) addGroup(g int, places []place) {
	d, rows := &f.groups[g], len(places)
	n, outs := f.width(d), len(d.outputs)
	if outs == 0 {
		return
	}
	x, r := f.x[:rows*n], f.r[:rows*outs]
	for i, p := range places {
		f.sums.Row(f.row, p.example, p.position, g)
		row := x[i*n:][:n]
		for j, k := range d.terms {
			row[j] = float64(f.row[k])
		}
		if f.shift {
			row[n-1] = 1
		}
		for j, o := range d.outputs {
			v := p.target[o]
			r[i*outs+j] = v
			d.target[j].sum += v
			d.target[j].squares += v * v
		}
	}
	rowsX := dense.Matrix{Data: x, Stride: n}
	dense.Multiply(r, outs, -1, rowsX, dense.Matrix{Data: d.weight, Stride: outs}, rows, outs, n, 0)
	for _, v := range r {
		d.error += v * v
	}
	dense.Multiply(d.gram, n, 1, rowsX.T(), rowsX, n, n, rows, dense.Lower)
	dense.Multiply(d.cross, outs, 1, rowsX.T(), dense.Matrix{Data: r, Stride: outs}, n, outs, rows, 0)
}

// solve changes the weights, and the bias where there is one, and returns the constants by
// which the outputs change if there is none, with the errors before and after as shares of the
// variance of the targets.
func (f *fit) solve(ridge float64) (shift []float32, before, after float64) {
	outputs := f.sums.Weight.Size() / f.sums.Terms
	shift = make([]float32, outputs)
	variance := 0.0
	for g := range f.groups {
		d := &f.groups[g]
		for _, m := range d.target {
			variance += m.squares - m.sum*m.sum/float64(f.rows)
		}
		before += d.error
		after += d.error - f.solveGroup(d, ridge, shift)
	}
	if variance <= 0 {
		return shift, 0, 0
	}
	return shift, before / variance, max(after, 0) / variance
}

// solveGroup changes the weights of a group and returns by how much its error shrinks.
func (f *fit) solveGroup(d *group, ridge float64, shift []float32) (gain float64) {
	n, outs := f.width(d), len(d.outputs)
	trace := 0.0
	for i := range d.terms {
		trace += d.gram[i*n+i]
	}
	if outs == 0 || trace == 0 {
		return 0
	}
	dense.Mirror(d.gram, n)
	for _, p := range d.patterns(n) {
		if d.change(p, n, ridge*trace/float64(len(d.terms))) {
			gain += d.apply(f, p, n, shift)
		}
	}
	return gain
}

// pattern is a set of outputs of a group, by their places, that weigh the same terms.
type pattern struct {
	unknowns []int     // places in a row
	outputs  []int     // places among the outputs of the group
	change   []float64 // [outputs, unknowns]
}

// patterns divides the outputs of a group by the weights that are not 0: those that are stay 0.
func (d *group) patterns(n int) []*pattern {
	outs := len(d.outputs)
	index := map[string]*pattern{}
	var all []*pattern
	key := make([]byte, (n+7)/8)
	for j := range outs {
		clear(key)
		var unknowns []int
		for i := range n {
			if i >= len(d.terms) || d.weight[i*outs+j] != 0 {
				key[i/8] |= 1 << (i % 8)
				unknowns = append(unknowns, i)
			}
		}
		p := index[string(key)]
		if p == nil {
			p = &pattern{unknowns: unknowns}
			index[string(key)] = p
			all = append(all, p)
		}
		p.outputs = append(p.outputs, j)
	}
	return all
}

// change solves for the change of the weights of a pattern. It reports whether the problem has
// a solution; with too small a ridge it is raised until there is one.
func (d *group) change(p *pattern, n int, ridge float64) bool {
	m := len(p.unknowns)
	a := make([]float64, m*m)
	for range 20 {
		for i, u := range p.unknowns {
			for j, v := range p.unknowns[:i+1] {
				a[i*m+j] = d.gram[u*n+v]
			}
			if u < len(d.terms) {
				a[i*m+i] += ridge
			}
		}
		if factor, ok := dense.NewFactor(a, m); ok {
			p.change = make([]float64, len(p.outputs)*m)
			for k, j := range p.outputs {
				b := p.change[k*m:][:m]
				for i, u := range p.unknowns {
					b[i] = d.cross[u*len(d.outputs)+j]
				}
				factor.Solve(b)
			}
			return true
		}
		ridge = max(10*ridge, 1e-12*d.gram[0])
	}
	return false
}

// apply adds the change of a pattern to the parameters and returns by how much the error
// shrinks: 2·tr(DᵀC) − tr(DᵀGD).
func (d *group) apply(f *fit, p *pattern, n int, shift []float32) (gain float64) {
	m, outs, total := len(p.unknowns), len(d.outputs), f.sums.Weight.Size()/f.sums.Terms
	w := f.sums.Weight.Data()
	for k, j := range p.outputs {
		b, o := p.change[k*m:][:m], d.outputs[j]
		for i, u := range p.unknowns {
			product := 0.0
			for h, v := range p.unknowns {
				product += d.gram[u*n+v] * b[h]
			}
			gain += b[i] * (2*d.cross[u*outs+j] - product)
			switch {
			case u < len(d.terms):
				at := d.terms[u]*total + o
				if v := float32(float64(w[at]) + b[i]); v != 0 {
					w[at] = v
				}
			case f.sums.Bias != nil:
				f.sums.Bias.Data()[o] = float32(float64(f.sums.Bias.Data()[o]) + b[i])
			default:
				shift[o] = float32(b[i])
			}
		}
	}
	if math.IsNaN(gain) {
		return 0
	}
	return gain
}

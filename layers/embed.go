package layers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
	"pare/nn/onnx"
)

// Embed multiplies the 0/1 columns of each categorical variable by a matrix of its own, so
// that a value of the variable is a row of a few numbers (entity embeddings, Guo & Berkhahn
// 2016). Other units pass through. Input [F]; the output has the units that pass, in order,
// then the Dim or fewer numbers of each variable.
type Embed struct {
	Dim int `yaml:"dim" json:"dim" doc:"numbers for each categorical variable, at most one less than it has values"`
	// Columns are the input units of each variable; nil: the units that the features of the
	// network name.
	Columns [][]int `yaml:"columns,omitempty" json:"columns" doc:"input units of each variable; left out: the inputs of the categorical variables of a table"`

	// Dims are the numbers of each variable; nil: Dim of each, but at most one less than it has
	// columns, and at least one.
	Dims []int `yaml:"dims,omitempty" json:"dims" doc:"numbers of each variable; left out: dim of each, at most one less than it has values"`

	weights []*nn.Param // of each variable: [columns, numbers]
	passing []int       // input units that pass
	units   int         // of the input
}

func init() {
	nn.RegisterLayer("a few numbers for each categorical variable; numbers pass", func() nn.Layer { return &Embed{} })
}

func (l *Embed) Kind() string { return "embed" }

// ReadFeatures implements nn.FeatureReader.
func (l *Embed) ReadFeatures(features []nn.Feature) error {
	if l.Columns != nil {
		return nil
	}
	place := map[string]int{}
	for u, f := range features {
		if f.Category == "" {
			continue
		}
		if _, known := place[f.Category]; !known {
			place[f.Category] = len(l.Columns)
			l.Columns = append(l.Columns, nil)
		}
		l.Columns[place[f.Category]] = append(l.Columns[place[f.Category]], u)
	}
	if l.Columns == nil {
		return fmt.Errorf("embed: the inputs have no categorical variables; it is for tables with columns of text, or with categorical")
	}
	return nil
}

func (l *Embed) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("embed", in)
	if err == nil && len(s) != 1 {
		err = fmt.Errorf("embed needs a vector, got %s", s)
	}
	if err == nil {
		err = positive("embed", "dim", l.Dim)
	}
	if err == nil && l.Columns == nil {
		err = fmt.Errorf("embed: it does not read the input of a network with named features, so columns must list the units of each variable")
	}
	if err == nil {
		err = l.checkColumns(s.Units())
	}
	if err != nil {
		return nil, err
	}
	l.units = s.Units()
	if l.weights == nil {
		l.weights = make([]*nn.Param, len(l.Columns))
	}
	if l.Dims == nil {
		for _, columns := range l.Columns {
			l.Dims = append(l.Dims, max(1, min(l.Dim, len(columns)-1)))
		}
	}
	var params []parameter
	out := len(l.passing)
	for v, columns := range l.Columns {
		dim := l.Dims[v]
		params = append(params, parameter{&l.weights[v], fmt.Sprintf("weight%d", v+1), nn.RoleWeight, []int{len(columns), dim},
			[]nn.Axis{nn.AxisIn, nn.AxisOut}, []int{1, 0}, normal(1/math.Sqrt(float64(dim)), rng)})
	}
	if err := initParams(params...); err != nil {
		return nil, err
	}
	for v, w := range l.weights {
		w.Reads, w.Makes = l.Columns[v], upTo(w.Shape()[1])
		for k := range w.Makes {
			w.Makes[k] += out
		}
		out += len(w.Makes)
	}
	return nn.Shape{out}, nil
}

// checkColumns checks Columns and Dims against the units of the input, and lists those that
// pass.
func (l *Embed) checkColumns(units int) error {
	if l.Dims != nil && len(l.Dims) != len(l.Columns) {
		return fmt.Errorf("embed: dims has %d entries for %d variables", len(l.Dims), len(l.Columns))
	}
	taken := make([]bool, units)
	for v, columns := range l.Columns {
		if len(columns) == 0 || l.Dims != nil && l.Dims[v] < 1 {
			return fmt.Errorf("embed: variable %d has %d columns and dims %v; both must be at least 1", v+1, len(columns), l.Dims)
		}
		for _, u := range columns {
			if u < 0 || u >= units || taken[u] {
				return fmt.Errorf("embed: variable %d has column %d, which is outside 0..%d or in two places", v+1, u, units-1)
			}
			taken[u] = true
		}
	}
	l.passing = nil
	for u, is := range taken {
		if !is {
			l.passing = append(l.passing, u)
		}
	}
	return nil
}

func (l *Embed) Params() []*nn.Param { return l.weights }

// Traits implements nn.Describer: without variables all units pass.
func (l *Embed) Traits() nn.Traits {
	return nn.Traits{Wires: len(l.Columns) == 0, Identity: len(l.Columns) == 0}
}

// MACs implements nn.Coster.
func (l *Embed) MACs([]nn.Shape) int64 {
	n := 0
	for _, w := range l.weights {
		n += w.Size()
	}
	return int64(n)
}

func (l *Embed) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	rows, units, out := shape[0], l.units, len(l.passing)
	sizes := 0
	for _, w := range l.weights {
		out += w.Shape()[1]
		sizes += w.Size()
	}
	toWeights := shared(func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "embed/dw", Shape: tensor.Shape{sizes}, Run: func(dst []float32, in [][]float32) {
			clear(dst)
			for r := range rows {
				l.each(in[0][r*units:][:units], in[1][r*out:][:out], func(v, row int, x float32, dy []float32) {
					to := dst[l.start(v)+row*len(dy):][:len(dy)]
					for k, g := range dy {
						to[k] += x * g
					}
				})
			}
		}}, in[0], dy)
	})
	nodes, grads := []*gorgonia.Node{in[0]}, []nn.GradFunc{l.inputGrad(rows, out, shape)}
	for v, w := range l.weights {
		nodes = append(nodes, b.Param(w))
		grads = append(grads, part(toWeights, "embed/weight", l.start(v), tensor.Shape(w.Shape())))
	}
	return nn.Apply(nn.Op{Name: "embed", Shape: tensor.Shape{rows, out}, Grad: grads, Run: func(dst []float32, in [][]float32) {
		clear(dst)
		for r := range rows {
			x, y := in[0][r*units:][:units], dst[r*out:][:out]
			for k, u := range l.passing {
				y[k] = x[u]
			}
			l.each(x, y, func(v, row int, x float32, y []float32) {
				for k, w := range in[1+v][row*len(y):][:len(y)] {
					y[k] += x * w
				}
			})
		}
	}}, nodes...)
}

// each calls f for every column that is not 0 of an example, with its variable, its row in
// the weights and the variable's part of y.
func (l *Embed) each(x, y []float32, f func(v, row int, x float32, y []float32)) {
	at := len(l.passing)
	for v, columns := range l.Columns {
		to := y[at:][:l.Dims[v]]
		at += len(to)
		for row, u := range columns {
			if x[u] != 0 {
				f(v, row, x[u], to)
			}
		}
	}
}

// start is the first place of the weights of a variable among those of all.
func (l *Embed) start(variable int) (n int) {
	for _, w := range l.weights[:variable] {
		n += w.Size()
	}
	return n
}

// inputGrad is the gradient to the input.
func (l *Embed) inputGrad(rows, out int, shape tensor.Shape) nn.GradFunc {
	return func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		units := l.units
		return nn.Apply(nn.Op{Name: "embed/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			for r := range rows {
				dy, dx := in[0][r*out:][:out], dst[r*units:][:units]
				for k, u := range l.passing {
					dx[u] = dy[k]
				}
				at := len(l.passing)
				for v, columns := range l.Columns {
					dim := l.Dims[v]
					for row, u := range columns {
						sum := float32(0)
						for k, w := range in[1+v][row*dim:][:dim] {
							sum += w * dy[at+k]
						}
						dx[u] = sum
					}
					at += dim
				}
			}
		}}, append(gorgonia.Nodes{dy}, in[1:]...)...)
	}
}

// OutUnits implements nn.UnitMapper.
func (l *Embed) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	out := pickUnits(in[0], l.passing)
	for _, dim := range l.Dims {
		out = append(out, space.Fresh(dim)...)
	}
	return out
}

// weighs reports whether number k of a variable depends on its column of that row.
func (l *Embed) weighs(v, row, k int) bool {
	w, i := l.weights[v], row*l.Dims[v]+k
	return w.Data()[i] != 0 || w.Holds(i)
}

// Constants implements nn.Pruner.
func (l *Embed) Constants(in []nn.Known) nn.Known {
	passed := pickKnown(in[0], l.passing)
	for v, columns := range l.Columns {
		numbers := nn.Unknown(l.Dims[v])
		for k := range l.Dims[v] {
			sum, known := 0.0, true
			for row, u := range columns {
				switch {
				case !l.weighs(v, row, k):
				case in[0].Const[u]:
					sum += float64(l.weights[v].Data()[row*l.Dims[v]+k]) * float64(in[0].Value[u])
				default:
					known = false
				}
			}
			if known {
				numbers.Set(k, float32(sum))
			}
		}
		passed.Const, passed.Value = append(passed.Const, numbers.Const...), append(passed.Value, numbers.Value...)
	}
	return passed
}

// Needs implements nn.Pruner. There is no bias for a constant to fold into, unless it is 0.
func (l *Embed) Needs(keep []bool, in []nn.Known) [][]bool {
	need := pickNeeds(keep[:len(l.passing)], in[0], l.passing)
	at := len(l.passing)
	for v, columns := range l.Columns {
		for k := range l.Dims[v] {
			for row, u := range columns {
				if keep[at+k] && l.weighs(v, row, k) && !in[0].Zero(u) {
					need[0][u] = true
				}
			}
		}
		at += l.Dims[v]
	}
	return need
}

func (l *Embed) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Embed{Dim: l.Dim, Columns: [][]int{}, Dims: []int{}}
	place, at := placesIn(s.In[0]), len(l.passing)
	for v, columns := range l.Columns {
		var rows, numbers, units []int
		for row, u := range columns {
			if to, fed := place[u]; fed {
				rows, units = append(rows, row), append(units, to)
			}
		}
		for k := range l.Dims[v] {
			if slices.Contains(s.Out, at+k) {
				numbers = append(numbers, k)
			}
		}
		at += l.Dims[v]
		if len(rows) == 0 && len(numbers) == 0 {
			continue
		}
		if len(rows) == 0 || len(numbers) == 0 {
			return nil, fmt.Errorf("embed: variable %d would keep %d columns and %d numbers", v+1, len(rows), len(numbers))
		}
		w := l.weights[v].Select(rows, numbers)
		w.Name = fmt.Sprintf("weight%d", len(n.weights)+1)
		n.Columns, n.Dims, n.weights = append(n.Columns, units), append(n.Dims, len(numbers)), append(n.weights, w)
	}
	return n, nil
}

// ONNX is a MatMul for each variable, and a Concat.
func (l *Embed) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	var parts []string
	if len(l.passing) > 0 {
		parts = append(parts, onnxGather(b, name+"/passing", in[0], l.passing))
	}
	for v, w := range l.weights {
		x := onnxGather(b, fmt.Sprintf("%s/columns%d", name, v+1), in[0], l.Columns[v])
		parts = append(parts, b.Node("Gemm", []string{x, onnxParam(b, name, w)}, onnx.Int("transB", 1)))
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return b.Node("Concat", parts, onnx.Int("axis", 1)), nil
}

package imported

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/nn/onnx"
)

// computable are the operators on constants: sizes of reshapes, ranges, masks, and weights that
// an exporter did not fold.
var computable = map[string]func(im *importer, n *onnx.Node, in []*tensor) ([]*tensor, error){}

func init() {
	one := func(f func(im *importer, n *onnx.Node, in []*tensor) (*tensor, error)) func(*importer, *onnx.Node, []*tensor) ([]*tensor, error) {
		return func(im *importer, n *onnx.Node, in []*tensor) ([]*tensor, error) {
			t, err := f(im, n, in)
			return []*tensor{t}, err
		}
	}
	for name, f := range map[string]func(im *importer, n *onnx.Node, in []*tensor) (*tensor, error){
		"Constant": constantNode, "ConstantOfShape": constantOfShape, "Range": rangeOf, "Cast": castNode,
		"Gather": gather, "Slice": slice, "Concat": concatenated, "Where": where, "Expand": expandNode, "Tile": tile,
		"Reshape": reshapeNode, "Flatten": reshapeNode, "Squeeze": reshapeNode, "Unsqueeze": reshapeNode, "Transpose": transposeNode,
		"ReduceProd": reduce(func(a, b float64) float64 { return a * b }), "ReduceSum": reduce(func(a, b float64) float64 { return a + b }),
		"ReduceMax": reduce(math.Max), "ReduceMin": reduce(math.Min), "Trilu": triluNode,
		"Identity": identity, "Dropout": same, "CastLike": same,
	} {
		computable[name] = one(f)
	}
	for name, f := range map[string]func(a, b float64) float64{
		"Add": func(a, b float64) float64 { return a + b }, "Sub": func(a, b float64) float64 { return a - b },
		"Mul": func(a, b float64) float64 { return a * b }, "Div": func(a, b float64) float64 { return a / b },
		"Pow": math.Pow, "Min": math.Min, "Max": math.Max,
		"Equal": truth(func(a, b float64) bool { return a == b }), "Less": truth(func(a, b float64) bool { return a < b }),
		"Greater":        truth(func(a, b float64) bool { return a > b }),
		"LessOrEqual":    truth(func(a, b float64) bool { return a <= b }),
		"GreaterOrEqual": truth(func(a, b float64) bool { return a >= b }),
		"And":            truth(func(a, b float64) bool { return a != 0 && b != 0 }),
		"Or":             truth(func(a, b float64) bool { return a != 0 || b != 0 }),
		"Mod":            func(a, b float64) float64 { return a - b*math.Floor(a/b) },
	} {
		computable[name] = one(binary(name, f))
	}
	for name, f := range map[string]func(x float64) float64{
		"Neg": func(x float64) float64 { return -x }, "Abs": math.Abs, "Sqrt": math.Sqrt, "Exp": math.Exp, "Log": math.Log,
		"Reciprocal": func(x float64) float64 { return 1 / x }, "Floor": math.Floor, "Ceil": math.Ceil, "Round": math.RoundToEven,
		"Sin": math.Sin, "Cos": math.Cos,
	} {
		computable[name] = one(func(_ *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
			if in[0].ints == nil {
				return in[0].mapped(f), nil
			}
			out, err := in[0].like(in[0].dims, in[0].stored)
			for i := range out.intsOf() {
				out.ints[i] = int64(f(float64(in[0].ints[i])))
			}
			return out, err
		})
	}
	computable["Not"] = one(func(_ *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
		out, err := in[0].like(in[0].dims, in[0].stored)
		for i := range out.intsOf() {
			if in[0].ints[i] == 0 {
				out.ints[i] = 1
			}
		}
		return out, err
	})
	computable["Split"] = splitNode
	computable["Shape"], computable["Size"] = one(nil), one(nil) // compute answers these from the layout
}

func (t *tensor) intsOf() []int64 {
	if t == nil {
		return nil
	}
	return t.ints
}

// least is the number of inputs that an operator on constants needs.
var least = map[string]int{"Constant": 0, "Gather": 2, "Where": 3, "Expand": 2, "Tile": 2, "Range": 3,
	"Add": 2, "Sub": 2, "Mul": 2, "Div": 2, "Pow": 2, "Equal": 2, "Less": 2, "Greater": 2, "LessOrEqual": 2, "GreaterOrEqual": 2,
	"And": 2, "Or": 2, "Mod": 2}

// compute puts the outputs of a node on constants into done.
func (im *importer) compute(n *onnx.Node) error {
	if n.Op == "Shape" || n.Op == "Size" {
		return im.shapeOf(n)
	}
	want := 1
	if k, ok := least[n.Op]; ok {
		want = k
	}
	if len(n.Inputs) < want {
		return fmt.Errorf("it has %d inputs, the operator needs %d", len(n.Inputs), want)
	}
	in := make([]*tensor, len(n.Inputs))
	for i, name := range n.Inputs {
		if name == "" {
			if i < want {
				return errors.New("an input is missing")
			}
			continue
		}
		var err error
		if in[i], err = im.constant(name); err != nil {
			return err
		}
	}
	out, err := computable[n.Op](im, n, in)
	if err != nil {
		return err
	}
	for i, t := range out {
		if i >= len(n.Outputs) {
			break
		}
		im.done[n.Outputs[i]] = result{constant: t}
	}
	return nil
}

// shapeOf is Shape and Size, of a constant or of the value of a layer.
func (im *importer) shapeOf(n *onnx.Node) error {
	r, err := im.get(input(n, 0))
	if err != nil {
		return err
	}
	dims := []int64{}
	if r.constant != nil {
		dims = append(dims, r.constant.dims...)
	} else {
		dims = append(dims, r.value.dims()...)
	}
	if n.Op == "Size" {
		size, err := count(dims)
		im.done[n.Outputs[0]] = result{constant: &tensor{ints: []int64{size}}}
		return err
	}
	from, to := bound(intAttr(n, "start", 0), len(dims)), bound(intAttr(n, "end", math.MaxInt64), len(dims))
	im.done[n.Outputs[0]] = result{constant: vectorOf(dims[min(from, to):to]...)}
	return nil
}

// bound is a place of a slice of a list, counted from the end where it is negative.
func bound(i int64, n int) int {
	if i < 0 {
		i += int64(n)
	}
	return int(min(max(i, 0), int64(n)))
}

// axisOf checks an axis of a shape, counted from the end where it is negative.
func axisOf(i int64, rank int) (int, error) {
	if i < -int64(rank) || i >= int64(rank) {
		return 0, fmt.Errorf("axis %d of a value with %d axes", i, rank)
	}
	if i < 0 {
		i += int64(rank)
	}
	return int(i), nil
}

func axesOf(list []int64, rank int) ([]int, error) {
	out := make([]int, len(list))
	for k, i := range list {
		a, err := axisOf(i, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out[:k], a) {
			return nil, fmt.Errorf("axis %d twice", a)
		}
		out[k] = a
	}
	return out, nil
}

func same(_ *importer, _ *onnx.Node, in []*tensor) (*tensor, error) { return in[0], nil }

// identity gives the values its own name: exporters write weights that are equal once, and give
// each parameter its name by an Identity.
func identity(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	t := *in[0]
	t.name = n.Outputs[0]
	return &t, nil
}

func constantNode(im *importer, n *onnx.Node, _ []*tensor) (*tensor, error) {
	for i := range n.Attrs {
		switch a := &n.Attrs[i]; a.Name {
		case "value":
			t := a.Tensor
			t.Name = ""
			return fromONNX(&t, im.room), nil
		case "value_float":
			return &tensor{floats: []float32{a.Float}}, nil
		case "value_int":
			return &tensor{ints: []int64{a.Int}}, nil
		case "value_ints":
			return vectorOf(a.Ints...), nil
		case "value_floats":
			dims := []int64{int64(len(a.Floats))}
			return &tensor{dims: dims, stored: dims, floats: a.Floats}, nil
		}
	}
	return nil, errors.New("a constant without a value of numbers is not supported")
}

func constantOfShape(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	dims, err := wholeNumbers(in[0])
	if err != nil {
		return nil, err
	}
	if _, err := count(dims); err != nil {
		return nil, err
	}
	value := &tensor{floats: []float32{0}, room: im.room}
	if a := attr(n, "value"); a != nil {
		value = fromONNX(&a.Tensor, im.room)
	}
	if value.len() != 1 {
		return nil, errors.New("the value must be one number")
	}
	ones := slices.Repeat([]int64{1}, len(dims))
	if slices.Contains(dims, 0) { // nothing is stored
		return value.like(dims, dims)
	}
	return &tensor{dims: dims, stored: ones, floats: value.floats, ints: value.ints, room: im.room}, nil
}

func wholeNumbers(t *tensor) ([]int64, error) {
	w, err := t.whole()
	if err == nil && w.ints == nil {
		err = errors.New("whole numbers are needed")
	}
	if err != nil {
		return nil, err
	}
	return w.ints, nil
}

func rangeOf(im *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
	var v [3]float64
	for i, t := range in[:3] {
		if t.len() != 1 {
			return nil, errors.New("start, limit and step must be single numbers")
		}
		v[i] = t.at(0)
	}
	n := math.Max(0, math.Ceil((v[1]-v[0])/v[2]))
	if !(n <= maxConstant) {
		return nil, errTooLarge
	}
	dims := []int64{int64(n)}
	out, err := (&tensor{ints: in[0].ints, room: im.room}).like(dims, dims)
	if err != nil {
		return nil, err
	}
	for i := range out.len() {
		if x := v[0] + float64(i)*v[2]; out.ints != nil {
			out.ints[i] = int64(x)
		} else {
			out.floats[i] = float32(x)
		}
	}
	return out, nil
}

func castNode(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	to := intAttr(n, "to", 0)
	toWhole, ok := onnx.IsWhole(to)
	switch {
	case !ok:
		return nil, fmt.Errorf("element type %d is not supported", to)
	case to == 9: // truth values
		return wholeOf(in[0], func(x float64) int64 {
			if x != 0 {
				return 1
			}
			return 0
		})
	case toWhole == (in[0].ints != nil):
		return in[0], nil
	case !toWhole:
		return in[0].mapped(func(x float64) float64 { return x }), nil
	}
	return wholeOf(in[0], func(x float64) int64 { return int64(x) })
}

// wholeOf is a function of every value.
func wholeOf(t *tensor, f func(x float64) int64) (*tensor, error) {
	out, err := (&tensor{name: t.name, ints: []int64{}, room: t.room}).like(t.dims, t.stored)
	for i := range out.intsOf() {
		out.ints[i] = f(t.at(i))
	}
	return out, err
}

func truth(f func(a, b float64) bool) func(a, b float64) float64 {
	return func(a, b float64) float64 {
		if f(a, b) {
			return 1
		}
		return 0
	}
}

// comparisons give truth values from numbers of any type.
var comparisons = map[string]bool{"Equal": true, "Less": true, "Greater": true, "LessOrEqual": true, "GreaterOrEqual": true}

func binary(op string, f func(a, b float64) float64) func(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	return func(im *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
		a, b := in[0], in[1]
		dims, err := broadcast(a.dims, b.dims)
		if err != nil {
			return nil, err
		}
		stored, err := broadcast(a.stored, b.stored)
		if err != nil {
			return nil, err
		}
		ints := a.ints != nil && b.ints != nil
		like := &tensor{room: im.room}
		if ints || comparisons[op] {
			like.ints = []int64{}
		}
		out, err := like.like(dims, stored)
		if err != nil {
			return nil, err
		}
		sa, sb := aligned(a, len(dims)), aligned(b, len(dims))
		each(stored, func(j int, index []int64) {
			i, k := int64(0), int64(0)
			for x, v := range index {
				i += v * sa[x]
				k += v * sb[x]
			}
			switch {
			case ints && err == nil:
				out.ints[j], err = integer(op, a.ints[i], b.ints[k], f)
			case out.ints != nil:
				out.ints[j] = int64(f(a.at(int(i)), b.at(int(k))))
			default:
				out.floats[j] = float32(f(a.at(int(i)), b.at(int(k))))
			}
		})
		if a.name == "" || b.len() == 1 {
			out.name = a.name
		}
		return out, err
	}
}

// integer is an operator on whole numbers, which float64 would round.
func integer(op string, a, b int64, f func(a, b float64) float64) (int64, error) {
	switch op {
	case "Add":
		return a + b, nil
	case "Sub":
		return a - b, nil
	case "Mul":
		return a * b, nil
	case "Div", "Mod":
		if b == 0 {
			return 0, errors.New("division by 0")
		}
		if op == "Div" {
			return a / b, nil
		}
		return ((a % b) + b) % b, nil
	case "Min":
		return min(a, b), nil
	case "Max":
		return max(a, b), nil
	}
	return int64(f(float64(a), float64(b))), nil
}

// aligned are the strides of a tensor among more axes.
func aligned(t *tensor, rank int) []int64 {
	return append(make([]int64, rank-len(t.dims)), t.strides()...)
}

func where(im *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
	dims, err := broadcast(in[1].dims, in[2].dims)
	if err == nil {
		dims, err = broadcast(dims, in[0].dims)
	}
	stored, err2 := broadcast(in[1].stored, in[2].stored)
	if err == nil && err2 == nil {
		stored, err2 = broadcast(stored, in[0].stored)
	}
	if err = cmp.Or(err, err2); err != nil {
		return nil, errors.New("the shapes do not fit each other")
	}
	if (in[1].ints == nil) != (in[2].ints == nil) {
		return nil, errors.New("the two values have different types")
	}
	out, err := (&tensor{ints: in[1].ints, room: im.room}).like(dims, stored)
	if err != nil {
		return nil, err
	}
	strides := [][]int64{aligned(in[0], len(dims)), aligned(in[1], len(dims)), aligned(in[2], len(dims))}
	each(stored, func(j int, index []int64) {
		var at [3]int64
		for k := range at {
			for x, v := range index {
				at[k] += v * strides[k][x]
			}
		}
		pick := 2
		if in[0].at(int(at[0])) != 0 {
			pick = 1
		}
		out.set(j, in[pick], int(at[pick]))
	})
	return out, nil
}

func expandNode(_ *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
	dims, err := wholeNumbers(in[1])
	if err != nil {
		return nil, err
	}
	if _, err := count(dims); err != nil {
		return nil, err
	}
	return in[0].expanded(dims)
}

// tile repeats axes of length 1; others are copied.
func tile(_ *importer, _ *onnx.Node, in []*tensor) (*tensor, error) {
	times, err := wholeNumbers(in[1])
	if err != nil {
		return nil, err
	}
	t := in[0]
	if len(times) != len(t.dims) {
		return nil, fmt.Errorf("%d repeats for %d axes", len(times), len(t.dims))
	}
	for a, n := range times {
		switch {
		case n < 0:
			return nil, fmt.Errorf("%d repeats", n)
		case n == 1:
		case t.dims[a] == 1 && n > 0:
			dims := slices.Clone(t.dims)
			dims[a] = n
			t = &tensor{name: t.name, dims: dims, stored: t.stored, floats: t.floats, ints: t.ints, room: t.room}
		case n > maxUnits:
			return nil, errTooLarge
		default:
			parts := slices.Repeat([]*tensor{t}, int(n))
			if t, err = joined(a, parts); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

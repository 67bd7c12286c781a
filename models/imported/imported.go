// Package imported builds networks from ONNX files of other programs. Importing it makes the
// model onnx known by name.
package imported

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"pare/export"
	"pare/internal/printable"
	"pare/models"
	"pare/nn"
	"pare/nn/onnx"
)

// Model is the network of an ONNX file, with its parameters.
type Model struct {
	File   string `yaml:"file" required:"true" doc:"ONNX file, relative to the config file or to the working directory"`
	Unfold bool   `yaml:"unfold,omitempty" doc:"put a BatchNorm that changes nothing behind every convolution without one"`
}

func init() {
	models.Kinds.Register("onnx", "network of an ONNX file, with its parameters", func() models.Model { return &Model{} })
}

// Paths implements models.Pathed.
func (m *Model) Paths() []*string { return []*string{&m.File} }

// Build reads the network. A task of tokens, or with inputs of a size that the file leaves open,
// sets these; one with another number of outputs gets a new last layer, drawn from rng.
func (m *Model) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	net, err := load(m.File, Options{Input: task.Input, Unfold: m.Unfold})
	if err == nil {
		net, err = forTask(net, m.File, task, rng)
	}
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := models.Check(net, task); err != nil {
		if len(task.Input) == 3 && len(net.Input) == 3 && !net.Input.Equal(task.Input) {
			err = fmt.Errorf("%w; bring images to that form (data.size, data.channels), or export the network for theirs", err)
		}
		return nil, fmt.Errorf("onnx: %s: %w", m.File, err)
	}
	return net, nil
}

// Options are choices of Load. The zero value has none.
type Options struct {
	// Input is the shape of an example, channels first, for files that leave axes other than the
	// batch open; nil: all are given.
	Input nn.Shape
	// Unfold puts a BatchNorm that changes nothing behind every convolution without one.
	Unfold bool
}

// Load reads the network of an ONNX file. A file that pare wrote gives the model that was
// written, with its metadata; of other files, and where another program has changed the names of
// the parameters, the network alone is known. Values in other files
// must lie beside the file or below. Errors are one line and name the node.
func Load(path string, o Options) (export.Model, error) {
	file, err := onnx.ReadFile(path)
	if err != nil {
		return export.Model{}, err
	}
	written := export.ErrNotWritten
	if !o.Unfold {
		var m export.Model
		if m, written = export.FromONNX(file); written == nil {
			return m, nil
		}
	}
	net, err := network(file, o)
	if err != nil && !errors.Is(written, export.ErrNotWritten) && len(file.Metadata) > 0 {
		err = written
	}
	if err != nil {
		return export.Model{}, fmt.Errorf("%s: %w", path, err)
	}
	if net.Name == "" || slices.Contains(unnamed, net.Name) {
		net.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	m := export.Model{Net: net}
	if slices.Contains(net.Notes, logitsNote) {
		m.Outputs = export.OutputClasses
	}
	return m, nil
}

// unnamed are the names that exporters give to all graphs.
var unnamed = []string{"main_graph", "main", "torch_jit", "torch-jit-export"}

func load(path string, o Options) (*nn.Network, error) {
	m, err := Load(path, o)
	return m.Net, err
}

// network translates a file.
func network(file *onnx.Model, o Options) (net *nn.Network, err error) {
	// Layers panic where sizes overflow; a damaged file must not stop the program.
	defer func() {
		if r := recover(); r != nil {
			net, err = nil, fmt.Errorf("the network cannot be built: %v", r)
		}
	}()
	g, err := index(file)
	if err != nil {
		return nil, err
	}
	logits := g.endWithLogits()
	inputs, err := g.inputs(o.Input)
	if err != nil {
		return nil, err
	}
	var likely error // of the reading that got further
	layers := -1
	for _, in := range inputs {
		im := &importer{graph: g, batch: in.batch, unfold: o.Unfold, room: newRoom(g), done: map[string]result{},
			names: map[string]bool{nn.InputName: true}, selected: map[string]string{}, layouts: map[string]*value{}, made: map[string]made{}}
		net, err := im.network(in)
		if err == nil {
			if logits {
				net.Notes = append(net.Notes, logitsNote)
			}
			return net, nil
		}
		if n := len(im.net.Nodes); n > layers {
			likely, layers = err, n
		}
	}
	return nil, likely
}

// layout is one way to read the axes of the graph's input.
type layout struct {
	batch int64
	shape nn.Shape
	axes  []axis
}

// inputs are the ways to read the input, the most likely first: [N, C, …], then [N, …, C].
func (g *graph) inputs(given nn.Shape) ([]layout, error) {
	if g.input.Unranked || len(g.input.Dims) < 1 || len(g.input.Dims) > 4 {
		return nil, fmt.Errorf("the input %q has %d axes; a batch of vectors, sequences or images has 2 to 4", g.input.Name, len(g.input.Dims))
	}
	dims := make([]int64, len(g.input.Dims))
	for i, d := range g.input.Dims {
		dims[i] = d.Size
	}
	at := g.batchAxis()
	n := dims[at]
	if n == 0 {
		n = anyBatch
	}
	example := slices.Delete(slices.Clone(dims), at, at+1)
	if g.input.Ints && len(example) == 1 { // tokens
		example = []int64{1, example[0]}
	}
	for i, d := range example {
		if d == 0 && len(given) == len(example) {
			example[i] = int64(given[i])
		}
	}
	for i, d := range example {
		if d == 0 {
			return nil, fmt.Errorf("axis %d of the input %q has no size in the file; export with fixed sizes, only the batch may be open",
				i+1, g.input.Name)
		}
	}
	if size, err := count(example); err != nil || size > maxValues {
		return nil, fmt.Errorf("the input %q has shape %v; examples of up to %d values are supported", g.input.Name, example, maxValues)
	}
	if n < 0 || n > anyBatch {
		return nil, fmt.Errorf("the input %q has a batch of %d", g.input.Name, n)
	}
	im := &importer{batch: n}
	if g.input.Ints && len(g.input.Dims) == 2 {
		shape := nn.Shape{1, int(example[1])}
		axes := []axis{nil, nil}
		axes[at], axes[1-at] = im.batchAxis(), whole(shape, 1)
		return []layout{{n, shape, axes}}, nil
	}
	var out []layout
	rank := len(example)
	for _, units := range []int{0, rank - 1} { // the axis of the units
		shape, axes := make(nn.Shape, rank), make([]axis, 0, rank+1)
		shape[0] = int(example[units])
		next := 1
		for i, d := range example {
			if i != units {
				shape[next] = int(d)
				next++
			}
		}
		next = 1
		for i := range example {
			if i == units {
				axes = append(axes, whole(shape, 0))
			} else {
				axes = append(axes, whole(shape, next))
				next++
			}
		}
		out = append(out, layout{n, shape, slices.Insert(axes, at, im.batchAxis())})
		if rank == 1 {
			break
		}
	}
	return out, nil
}

// maxValues bounds an example.
const maxValues = 1 << 28

// batchAxis is the first axis, or the only one that the file leaves open.
func (g *graph) batchAxis() int {
	at, open := 0, 0
	for i, d := range g.input.Dims {
		if d.Size == 0 {
			at = i
			open++
		}
	}
	if open != 1 {
		return 0
	}
	return at
}

// network translates the graph for one layout of the input.
func (im *importer) network(in layout) (*nn.Network, error) {
	name := im.graph.name
	if len(name) > 200 || name != printable.Text(name) {
		name = "network"
	}
	net, err := nn.New(name, in.shape, nil)
	if err != nil {
		return nil, err
	}
	im.net = net
	im.done[im.input.Name] = result{value: &value{layer: nn.InputName, shape: in.shape, axes: in.axes}}
	v, err := im.value(im.output.Name)
	if err == nil && len(net.Nodes) == 0 {
		err = errors.New("the output is the input")
	}
	if err == nil {
		v, err = im.last(v)
	}
	if err != nil {
		return nil, err
	}
	if net.NameOf(len(net.Nodes)-1) != v.layer {
		return nil, fmt.Errorf("the output comes from layer %s, which other layers read", v.layer)
	}
	return net, nil
}

// last brings the output into the layout that a network has: [N, units], or all units and
// positions each at an axis of their own, in any order.
func (im *importer) last(v *value) (*value, error) {
	if len(v.axes) == 3 && len(v.shape) == 3 && v.shape.Positions() > 1 {
		tokens, err := im.sequence(v)
		if err != nil {
			return nil, err
		}
		v = tokens
	}
	if v.shape.Positions() == 1 && len(v.shape) > 1 || len(v.axes) == 2 && len(v.shape) > 1 {
		flat, err := im.flat(v)
		if err != nil {
			return nil, err
		}
		v = flat
	}
	for i := range v.shape {
		found := v.shape[i] == 1
		for a := range v.axes {
			found = found || v.isWhole(a, i)
		}
		if !found {
			return nil, fmt.Errorf("the output %q, %s, is not the output of a layer but a reordering of one, which is not supported",
				im.output.Name, v)
		}
	}
	return v, nil
}

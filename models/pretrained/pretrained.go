// Package pretrained gives networks the parameters of safetensors files, under the names of
// PyTorch's modules or under others that a file of names or a Format translates.
package pretrained

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"

	"pare/export/safetensors"
	"pare/internal/option"
	"pare/nn"
)

// Source are the options of a model whose parameters may come from a file. The zero value
// has none: all parameters are drawn.
type Source struct {
	// Weights and Names are relative to the config file or to the working directory; a run keeps
	// them as absolute paths.
	Weights string `yaml:"weights,omitempty" empty:"no" doc:"safetensors file with the parameters; left out: new random ones"`
	Names   string `yaml:"names,omitempty" empty:"no" doc:"YAML, JSON or CSV file that translates names of the file weights into names of the network, such as \"body.*\": \"*\"; left out: they are the same"`
}

// Validate implements the check of options.
func (s Source) Validate() error {
	if s.Names != "" && s.Weights == "" {
		return option.Errorf("names", "translates the names of the file weights, which is missing; give it, or remove names")
	}
	return nil
}

// Use sets the options, as a command line gives them.
func (s *Source) Use(weights, names string) { s.Weights, s.Names = weights, names }

// Paths implements models.Pathed.
func (s *Source) Paths() []*string { return []*string{&s.Weights, &s.Names} }

// Format is how a library names the layers of a network.
type Format struct {
	// Layers has our name by the library's, of a layer or of a single tensor; those that are
	// not listed are the same.
	Layers map[string]string
	Adapt  func(*nn.Network) // other hyper-parameters of the library; nil: none
}

// Target is a network to fill.
type Target struct {
	Net     *nn.Network // its parameters are all zero
	Formats []Format    // names beside the network's own
	Ignored []string    // patterns of names that the network has no use for, such as aux1.*
	// Draw draws the parameters of a layer; nil: as the layer does by itself.
	Draw func(node *nn.Node, rng *rand.Rand) error
}

// Fill reads the parameters of t from the file that the options name. A last layer whose
// number of outputs is another one in the file, or that the file lacks, is drawn from rng and
// the network gets a note of it. A nil rng reads no values and only checks that the file fits.
//
// num_batches_tracked is ignored, and the shape of a parameter may come from an equal layer:
// a linear layer is a convolution over the whole input. All other differences are an error.
func (s Source) Fill(t Target, rng *rand.Rand) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := s.match(t, f)
	if err != nil || rng == nil {
		return err
	}
	for _, p := range t.Net.Params() {
		if err := m.read(p); err != nil {
			return option.Errorf("weights", "names %s, which cannot be used: %s", s.Weights, err)
		}
	}
	if m.newHead == "" {
		return nil
	}
	t.Net.Notes = append(t.Net.Notes, m.newHead)
	return t.draw(m.head, rng)
}

// Outputs is the number of outputs of the last layer with weights in the file.
func (s Source) Outputs(t Target) (int, error) {
	f, err := s.open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m, err := s.match(t, f)
	if err != nil {
		return 0, err
	}
	if m.outputs == 0 {
		return 0, option.Errorf("weights", "names %s, which has no layer %s", s.Weights, m.head.Name)
	}
	return m.outputs, nil
}

func (t Target) draw(node *nn.Node, rng *rand.Rand) error {
	if t.Draw != nil {
		return t.Draw(node, rng)
	}
	return nn.Redraw(node.Layer, t.Net.InputShapes(node), rng)
}

// weightsFile is an open safetensors file.
type weightsFile struct {
	*safetensors.Archive
	file *os.File
}

// Close ends the reading of the file, whose errors were seen when it was read.
func (f weightsFile) Close() { f.file.Close() }

func (s Source) open() (weightsFile, error) {
	fault := func(format string, args ...any) (weightsFile, error) {
		return weightsFile{}, option.Errorf("weights", "names %s, %s", s.Weights, fmt.Sprintf(format, args...))
	}
	info, err := os.Stat(s.Weights)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault("but there is no such file")
	case err != nil:
		return fault("which cannot be read: %s", err)
	case info.IsDir():
		return fault("a folder; give the safetensors file in it, or the whole run with type: saved")
	case !info.Mode().IsRegular():
		return fault("which is no regular file")
	}
	f, err := os.Open(s.Weights)
	if err != nil {
		return fault("which cannot be read: %s", err)
	}
	if isPickle(f, s.Weights) {
		f.Close()
		return fault("a Python pickle, which may run any program while it is read; write it as safetensors: %s", convert(s.Weights))
	}
	a, err := safetensors.Open(f, info.Size())
	if err != nil {
		f.Close()
		return fault("which cannot be read: %s", strings.TrimPrefix(err.Error(), "safetensors: "))
	}
	return weightsFile{a, f}, nil
}

// match says which tensor becomes which parameter.
type match struct {
	file    weightsFile
	tensors map[string]string // of parameters
	head    *nn.Node          // the last layer with weights
	outputs int               // of the head in the file; 0: it has none
	newHead string            // why the head is drawn; "": it is not
}

func (s Source) match(t Target, f weightsFile) (*match, error) {
	names, err := s.translated(t, f)
	if err != nil {
		return nil, err
	}
	m := &match{file: f, tensors: map[string]string{}, head: Head(t.Net)}
	if m.head == nil {
		return nil, option.Errorf("weights", "names %s, but the network has no weights", s.Weights)
	}
	params := map[string]nn.NamedParam{}
	for _, p := range t.Net.Params() {
		params[p.Full] = p
	}
	if best := bestFormat(t.Formats, names, params); best != nil {
		if names, err = best.translate(names); err != nil {
			return nil, option.Errorf("weights", "names %s: %s", s.Weights, err)
		}
		if best.Adapt != nil {
			best.Adapt(t.Net)
		}
	}
	var surplus []string
	for _, n := range names {
		if _, ok := params[n.ours]; !ok {
			surplus = append(surplus, n.theirs)
			continue
		}
		m.tensors[n.ours] = n.theirs
	}
	m.findHead(t.Net, s.Weights)
	return m, s.fits(t.Net, m, surplus)
}

// name is a tensor of a file.
type name struct{ theirs, ours string }

// translated lists the tensors that count, under the names that the file of names gives them.
func (s Source) translated(t Target, f weightsFile) ([]name, error) {
	rules, err := readRules(s.Names)
	if err != nil {
		return nil, err
	}
	var out []name
	seen := map[string]string{}
	for _, theirs := range f.Names() {
		ours, ok := rules.apply(theirs)
		if !ok || path.Ext(ours) == ".num_batches_tracked" || slices.ContainsFunc(t.Ignored, func(p string) bool { return matches(p, ours) }) {
			continue
		}
		if first, twice := seen[ours]; twice {
			return nil, option.Errorf("names", "gives %s and %s of %s the same name, %s", first, theirs, s.Weights, ours)
		}
		seen[ours] = theirs
		out = append(out, name{theirs, ours})
	}
	return out, nil
}

// bestFormat is the format under which most tensors are parameters; nil: the names as they are.
func bestFormat(formats []Format, names []name, params map[string]nn.NamedParam) *Format {
	count := func(f *Format) int {
		n := 0
		for _, name := range names {
			if _, ok := params[f.ours(name.ours)]; ok {
				n++
			}
		}
		return n
	}
	var best *Format
	most := count(nil)
	for i := range formats {
		if n := count(&formats[i]); n > most {
			best, most = &formats[i], n
		}
	}
	return best
}

// ours is our name of a tensor.
func (f *Format) ours(tensor string) string {
	if f == nil {
		return tensor
	}
	if param, ok := f.Layers[tensor]; ok {
		return param
	}
	if i := strings.LastIndex(tensor, "."); i >= 0 {
		if layer, ok := f.Layers[tensor[:i]]; ok {
			return layer + tensor[i:]
		}
	}
	return tensor
}

func (f *Format) translate(names []name) ([]name, error) {
	out := make([]name, len(names))
	seen := map[string]string{}
	for i, n := range names {
		out[i] = name{n.theirs, f.ours(n.ours)}
		if first, twice := seen[out[i].ours]; twice {
			return nil, fmt.Errorf("%s and %s are the same parameter, %s", first, n.theirs, out[i].ours)
		}
		seen[out[i].ours] = n.theirs
	}
	return out, nil
}

// Head is the last layer with a weight; nil: there is none.
func Head(net *nn.Network) *nn.Node {
	for _, node := range slices.Backward(net.Nodes) {
		if slices.ContainsFunc(node.Layer.Params(), func(p *nn.Param) bool { return p.Role == nn.RoleWeight }) {
			return node
		}
	}
	return nil
}

// NewHead is the note on a last layer that has another number of outputs in a file.
func NewHead(file, layer string, there, here int) string {
	return fmt.Sprintf("%s: the last layer %s has %d outputs in the file and %d here, so its parameters are new", file, layer, there, here)
}

// findHead decides whether the head is drawn: where the file has all of it with another
// number of outputs, or nothing of it.
func (m *match) findHead(net *nn.Network, file string) {
	missing, other, same := 0, 0, 0
	params := m.head.Layer.Params()
	here := params[0].ExportShape()[0]
	for _, p := range params {
		tensor, ok := m.tensors[m.head.Name+"."+p.Name]
		if !ok {
			missing++
			continue
		}
		got, _ := m.file.Shape(tensor)
		want := p.ExportShape()
		if len(got) > 0 && len(want) > 0 {
			m.outputs = got[0]
			want = append([]int{got[0]}, want[1:]...)
		}
		switch {
		case fits(got, p.ExportShape()):
			same++
		case fits(got, want):
			other++
		}
	}
	switch len(params) {
	case other:
		m.newHead = NewHead(file, m.head.Name, m.outputs, here)
	case missing:
		m.newHead = fmt.Sprintf("%s: the file has no last layer %s, so its parameters are new", file, m.head.Name)
	}
}

// fits reports whether a tensor holds a parameter: shapes are the same but for axes of
// length 1, or one of them belongs to a linear layer and the other one to a convolution over
// its whole input.
func fits(got, want []int) bool {
	one := func(n int) bool { return n == 1 }
	if slices.Equal(slices.DeleteFunc(slices.Clone(got), one), slices.DeleteFunc(slices.Clone(want), one)) {
		return true
	}
	low, high := got, want
	if len(low) > len(high) {
		low, high = high, low
	}
	return len(low) == 2 && len(high) == 4 && low[0] == high[0] && low[1] == high[1]*high[2]*high[3]
}

// fits reports the parameters that the file lacks or has in other shapes, and its tensors
// without a use.
func (s Source) fits(net *nn.Network, m *match, surplus []string) error {
	var missing, shapes []string
	first := ""
	for _, p := range net.Params() {
		if m.newHead != "" && p.Node == m.head {
			continue
		}
		tensor, ok := m.tensors[p.Full]
		if !ok {
			missing = append(missing, p.Full)
			continue
		}
		if got, _ := m.file.Shape(tensor); !fits(got, p.ExportShape()) {
			shapes = append(shapes, fmt.Sprintf("%s has shape %v in place of %v", tensor, got, p.ExportShape()))
			if p.Node == net.Nodes[0] && p.Role == nn.RoleWeight {
				first = otherInput(got, p.ExportShape())
			}
		}
	}
	var faults []string
	if len(missing) > 0 {
		faults = append(faults, fmt.Sprintf("the file lacks %d of %d parameters: %s", len(missing), len(net.Params()), few(missing)))
	}
	if len(surplus) > 0 {
		faults = append(faults, fmt.Sprintf("the network has no parameter for %d of its tensors: %s", len(surplus), few(surplus)))
	}
	remedy := ""
	if len(faults) > 0 {
		remedy = "; model.names may translate or drop names"
	}
	if len(shapes) > 0 {
		faults = append(faults, few(shapes))
	}
	if len(faults) == 0 {
		return nil
	}
	return option.Errorf("weights", "names %s, which does not fit %s: %s%s", s.Weights, net.Name, strings.Join(faults, "; "), remedy+first)
}

// otherInput is the remedy where the first convolution has another shape, [out, in, height, width], in
// the file: it reads colours, or has the large stem of ImageNet.
func otherInput(file, here []int) string {
	if len(file) != 4 || len(here) != 4 {
		return ""
	}
	remedy := ""
	if file[1] == 3 && here[1] == 1 {
		remedy = "; the file's network reads 3 channels: make the data colour (data.channels: colour, where the dataset has it)"
	}
	if file[2] == 7 && here[2] == 3 {
		remedy += "; the file's first convolution is 7×7: leave out stem: small"
	}
	return remedy
}

// few are the first names of a list.
func few(names []string) string {
	const most = 3
	var out []string
	for _, n := range names[:min(most, len(names))] {
		if len(n) > 200 {
			n = n[:200] + "…"
		}
		out = append(out, n)
	}
	if more := len(names) - most; more > 0 {
		out = append(out, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(out, ", ")
}

// read reads a parameter unless it is one of a new head.
func (m *match) read(p nn.NamedParam) error {
	if m.newHead != "" && p.Node == m.head {
		return nil
	}
	tensor := m.tensors[p.Full]
	positive := p.Role == nn.RoleBuffer && p.Name == "running_var"
	return p.ImportFrom(func(dst []float32, from int) error {
		if err := m.file.ReadAt(tensor, dst, from); err != nil {
			return err
		}
		for i, v := range dst {
			if v-v != 0 {
				return fmt.Errorf("value %d of %s is %g, not a finite number", from+i, tensor, v)
			}
			if positive && v < 0 {
				return fmt.Errorf("value %d of %s is %g, a variance is not negative", from+i, tensor, v)
			}
		}
		return nil
	})
}

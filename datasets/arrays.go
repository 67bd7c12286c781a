package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pare/internal/npy"
	"pare/internal/option"
)

// Arrays are examples along the first axis of an array, with their targets in another.
type Arrays struct {
	File       string   `yaml:"file,omitempty" empty:"no" doc:"NPZ or safetensors file that holds the arrays; x and the others are then names in it"`
	X          string   `yaml:"x,omitempty" empty:"no" doc:"the inputs: a .npy file, or a name in file, x by default"`
	Y          string   `yaml:"y,omitempty" empty:"no" doc:"the targets: a .npy file, or a name in file, y by default"`
	XTest      string   `yaml:"x_test,omitempty" empty:"no" doc:"the inputs of test examples; left out: option test holds examples of x out"`
	YTest      string   `yaml:"y_test,omitempty" empty:"no" doc:"the targets of test examples"`
	As         string   `yaml:"as,omitempty" enum:"vectors,images,sequences" doc:"the form of an example; left out: a vector where x has at most two axes, an image where it has four or is of bytes with three"`
	Layout     string   `yaml:"layout,omitempty" enum:"channels_first,channels_last" doc:"order of the axes of an image or sequence; left out: channels are the axis of length 1, 3 or 4 of an image, of length 1 of a sequence, if just one end is such an axis"`
	Task       string   `yaml:"task,omitempty" enum:"classes,numbers,labels" doc:"classes: y is whole numbers from 0 on; numbers: numbers to come near to; labels: a column of 0 and 1 for each label; left out: classes where y has one axis and is of integers, numbers where it is of floating point numbers"`
	ClassNames []string `yaml:"class_names,omitempty" empty:"no" doc:"names of the classes or labels, in their order"`
	AsIs       bool     `yaml:"as_is,omitempty" doc:"use the values of x as they are; left out: each channel, or each value of a vector, gets mean 0 and deviation 1 over the training examples"`
	TargetAsIs bool     `yaml:"target_as_is,omitempty" doc:"learn numbers to predict as they are; left out: in units of their mean and deviation over the training examples, which makes no difference to measures and predictions"`
}

func init() {
	Kinds.Register("arrays", "NumPy or safetensors arrays: images, vectors or sequences along the first axis of x, "+
		"and their classes or numbers in y. Arrays of bytes with the axes of images are images, normalised and augmented as such.",
		func() Dataset { return &Arrays{} })
}

// Paths implements Pathed.
func (d *Arrays) Paths() []*string {
	if d.File != "" {
		return []*string{&d.File}
	}
	return []*string{&d.X, &d.Y, &d.XTest, &d.YTest}
}

// Validate implements option.Validator.
func (d *Arrays) Validate() error {
	switch {
	case d.File == "" && d.X == "":
		return option.Errorf("x", "is missing; it is the .npy file of the inputs, or with file the name of an array in it")
	case d.File == "" && d.Y == "":
		return option.Errorf("y", "is missing; it is the .npy file of the targets")
	case d.XTest != "" && d.YTest == "":
		return option.Errorf("y_test", "is missing, but there is x_test")
	case d.XTest == "" && d.YTest != "":
		return option.Errorf("x_test", "is missing, but there is y_test")
	case d.As == "vectors" && d.Layout != "":
		return option.Errorf("layout", "is for images and sequences; vectors have one axis")
	}
	return nil
}

// Load implements Dataset.
func (d *Arrays) Load(ctx context.Context, o Options) (*Set, error) {
	var arrays [4]*namedArray // x, y, x_test, y_test
	names := [4]string{d.X, d.Y, d.XTest, d.YTest}
	if d.File != "" {
		names[0], names[1] = orElse(names[0], "x"), orElse(names[1], "y")
	}
	open, err := d.opener()
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if name == "" {
			continue
		}
		if arrays[i], err = open(name); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	b := &arrayBuilder{Arrays: d, x: arrays[0], y: arrays[1], xTest: arrays[2], yTest: arrays[3]}
	if err := b.checkLengths(); err != nil {
		return nil, err
	}
	if err := b.shape(); err != nil {
		return nil, err
	}
	if err := b.targets(); err != nil {
		return nil, err
	}
	if b.bytes() {
		return b.images(o)
	}
	return b.rows(ctx, o)
}

func orElse(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// namedArray is an array with its name for messages.
type namedArray struct {
	*npy.Array
	name string
}

func (a *namedArray) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", a.name, fmt.Sprintf(format, args...))
}

// opener returns the function that opens arrays by their names or files. Files stay open
// for as long as their arrays are in use.
func (d *Arrays) opener() (func(name string) (*namedArray, error), error) {
	if d.File == "" {
		return func(path string) (*namedArray, error) {
			f, size, err := openArrayFile(d.key(path), path)
			if err != nil {
				return nil, err
			}
			a, err := npy.Open(f, size)
			return named(a, filepath.Base(path), err)
		}, nil
	}
	f, size, err := openArrayFile("file", d.File)
	if err != nil {
		return nil, err
	}
	file := filepath.Base(d.File)
	archive, err := openArchive(f, size, d.File)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return func(name string) (*namedArray, error) {
		if !slices.Contains(archive.Names(), name) {
			return nil, fmt.Errorf("%s: there is no array %q; it has %s", file, name, strings.Join(archive.Names(), ", "))
		}
		a, err := archive.Array(name)
		return named(a, file+": "+name, err)
	}, nil
}

func named(a *npy.Array, name string, err error) (*namedArray, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if a.Len() == 0 || a.Width() == 0 {
		return nil, fmt.Errorf("%s: the array of shape %v is empty", name, a.Shape)
	}
	return &namedArray{a, name}, nil
}

// key is the option that holds a path.
func (d *Arrays) key(path string) string {
	for i, p := range d.Paths() {
		if *p == path {
			return [4]string{"x", "y", "x_test", "y_test"}[i]
		}
	}
	return "x"
}

func openArrayFile(key, path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, option.Errorf(key, "is %s, and there is no such file", path)
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, option.Errorf(key, "is %s, which is no regular file", path)
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}

// arrayBuilder makes a set of arrays, step by step.
type arrayBuilder struct {
	*Arrays
	x, y, xTest, yTest *namedArray // the last two may be nil

	task          Task
	channelsFirst bool // in the file; units and positions of an example are then transposed
	wantY, testY  []float32
	class         []int // of each example of y; nil: it has none, or several
	notes         []string
}

func (b *arrayBuilder) checkLengths() error {
	for _, pair := range [][2]*namedArray{{b.x, b.y}, {b.xTest, b.yTest}} {
		if x, y := pair[0], pair[1]; x != nil && (len(x.Shape) == 0 || len(y.Shape) == 0 || x.Len() != y.Len()) {
			return fmt.Errorf("%s has shape %v and %s %v; the first axis of both must be the examples", x.name, x.Shape, y.name, y.Shape)
		}
	}
	if t := b.xTest; t != nil && !slices.Equal(t.Shape[1:], b.x.Shape[1:]) {
		return t.errorf("an example has shape %v, those of %s %v", t.Shape[1:], b.x.name, b.x.Shape[1:])
	}
	return nil
}

// shape decides whether an example is a vector, an image or a sequence.
func (b *arrayBuilder) shape() error {
	s := b.x.Shape[1:]
	isByte := b.x.Dtype.Kind == 'u' && b.x.Dtype.Size == 1
	as := b.As
	switch {
	case as != "":
	case len(s) < 2:
		as = "vectors"
	case len(s) == 3 || len(s) == 2 && isByte:
		as = "images"
	default:
		return b.x.errorf("an example has shape %v; say with as whether it is an image or a sequence", s)
	}
	switch {
	case as == "vectors" && len(s) > 1 || as == "images" && len(s) != 2 && len(s) != 3 || as == "sequences" && len(s) != 1 && len(s) != 2:
		return b.x.errorf("an example has shape %v; %s have %s", s, as,
			map[string]string{"vectors": "one axis", "images": "two axes, or three with channels",
				"sequences": "one axis, or two with channels"}[as])
	case as == "vectors":
		b.task.Input = []int{b.x.Width()}
		return nil
	case as == "images" && len(s) == 2:
		b.task.Input, b.channelsFirst = []int{1, s[0], s[1]}, true
		return nil
	case as == "sequences" && len(s) == 1:
		b.task.Input, b.channelsFirst = []int{1, s[0]}, true
		return nil
	}
	few := func(n int) bool { return n == 1 || as == "images" && (n == 3 || n == 4) }
	first, last := few(s[0]), few(s[len(s)-1])
	switch {
	case b.Layout != "":
		first = b.Layout == "channels_first"
	case first == last:
		return b.x.errorf("an example has shape %v; say with layout whether its channels are the first axis or the last", s)
	}
	b.channelsFirst = first
	b.task.Input = slices.Clone(s)
	if !first {
		b.task.Input = append([]int{s[len(s)-1]}, s[:len(s)-1]...)
	}
	return nil
}

// mostArrayClasses bounds the classes of arrays, as a slip in y would ask for huge layers.
const mostArrayClasses = 1 << 16

// targets reads y and the targets of the test examples.
func (b *arrayBuilder) targets() error {
	width := b.y.Width()
	kind := b.Task
	if whole := b.y.Dtype.Whole(); kind == "" {
		switch {
		case !whole:
			kind = "numbers"
		case width == 1:
			kind = "classes"
		default:
			return b.y.errorf("it has shape %v and is of integers; say with task whether they are classes, numbers or labels", b.y.Shape)
		}
	}
	positions := 1
	if len(b.task.Input) == 2 {
		positions = b.task.Input[1]
	}
	if kind == "classes" && width != 1 && width != positions {
		return b.y.errorf("it has %d values an example; classes are one, or one for each position of a sequence", width)
	}
	b.task.Targets, b.task.Labels = width, kind == "labels"
	present := map[int]bool{}
	read := func(a *namedArray) ([]float32, error) {
		if a.Width() != width {
			return nil, a.errorf("it has %d values an example, %s has %d", a.Width(), b.y.name, width)
		}
		all := make([]float64, a.Len()*width)
		if err := npy.ReadAll(a.Array, all); err != nil {
			return nil, a.errorf("%s", err)
		}
		out := make([]float32, len(all))
		for i, v := range all {
			switch {
			case math.IsNaN(v) || math.Abs(v) > math.MaxFloat32:
				return nil, a.errorf("example %d: %v is no finite number", i/width, v)
			case kind == "classes" && (v != math.Floor(v) || v < 0 || v >= mostArrayClasses):
				return nil, a.errorf("example %d: class %v; classes are whole numbers from 0 to %d", i/width, v, mostArrayClasses-1)
			case kind == "labels" && v != 0 && v != 1:
				return nil, a.errorf("example %d: label %v; it must be 0 or 1", i/width, v)
			}
			if out[i] = float32(v); kind == "classes" {
				present[int(v)] = true
				b.task.Classes = max(b.task.Classes, int(v)+1)
			}
		}
		return out, nil
	}
	var err error
	if b.wantY, err = read(b.y); err != nil {
		return err
	}
	if b.yTest != nil {
		if b.testY, err = read(b.yTest); err != nil {
			return err
		}
	}
	n, of := b.task.Classes, "classes"
	if b.task.Labels {
		n, of = width, "labels"
	}
	if k := len(b.ClassNames); k > 0 && kind == "numbers" {
		return option.Errorf("class_names", "is for classes and labels, and y is numbers")
	} else if k > 0 && (k < n || b.task.Labels && k != n) {
		return option.Errorf("class_names", "has %d names for %d %s", k, n, of)
	} else if k > 0 && !b.task.Labels {
		b.task.Classes = k
	}
	if kind != "classes" {
		return nil
	}
	if gone := b.task.Classes - len(present); gone > 0 {
		empty := 0
		for present[empty] {
			empty++
		}
		b.notes = append(b.notes, fmt.Sprintf("%s: %d of the classes 0 to %d have no example, class %d first",
			b.y.name, gone, b.task.Classes-1, empty))
	}
	if width == 1 {
		b.class = whole(b.wantY)
	}
	return nil
}

// heldBytes is the size up to which arrays are read into memory.
const heldBytes = 1 << 30

// bytes reports whether the arrays are images that fit a Split.
func (b *arrayBuilder) bytes() bool {
	t := b.x.Dtype
	return t.Kind == 'u' && t.Size == 1 && len(b.task.Input) == 3 &&
		b.task.Classes > 0 && b.task.Targets == 1 &&
		int64(b.x.Len())*int64(b.x.Width()) <= heldBytes
}

// images makes a set of images of bytes, which are in memory.
func (b *arrayBuilder) images(o Options) (*Set, error) {
	if b.AsIs {
		return nil, option.Errorf("as_is", "has no meaning for images of bytes; choose normalize: standard or unit")
	}
	parts, err := b.parts(o)
	if err != nil {
		return nil, err
	}
	all, err := b.split(b.x, b.wantY)
	if err != nil {
		return nil, err
	}
	tests := all
	if b.xTest != nil {
		if tests, err = b.split(b.xTest, b.testY); err != nil {
			return nil, err
		}
	}
	var held *Split
	if len(parts[1]) > 0 {
		held = all.subset(parts[1])
	}
	train := all
	if len(parts[0]) < all.N {
		train = all.subset(parts[0])
	}
	if len(parts[2]) < tests.N {
		tests = tests.subset(parts[2])
	}
	set, err := NewImageSet(train, held, tests, b.ClassNames)
	if err != nil {
		return nil, err
	}
	set.Notes = b.notes
	r := set.Recipe.(*ImageRecipe)
	r.Array, r.ChannelsFirst = b.member(), b.channelsFirst
	return set, nil
}

// member is the name of x in an archive; "" where it has a file of its own.
func (b *arrayBuilder) member() string {
	if b.File == "" {
		return ""
	}
	return orElse(b.X, "x")
}

// parts are the training, validation and test examples: rows of x, and, where there is x_test,
// the first rows of it.
func (b *arrayBuilder) parts(o Options) (parts [3][]int, err error) {
	if b.xTest == nil {
		if err := needTest(o); err != nil {
			return parts, err
		}
		parts[0], parts[1], parts[2], err = o.split(b.x.Len(), b.class, nil)
	} else {
		without := o
		without.Test = 0
		if parts[0], parts[1], _, err = without.split(b.x.Len(), b.class, nil); err != nil {
			return parts, err
		}
		var class []int
		if b.class != nil {
			class = whole(b.testY)
		}
		parts[2], err = o.Test.some("test", b.xTest.Len(), class, o.Seed)
	}
	if note := untaught(b.ClassNames, b.class, parts[0]); err == nil && note != "" {
		b.notes = append(b.notes, b.y.name+": "+note)
	}
	return parts, err
}

// whole are targets that are classes.
func whole(y []float32) []int {
	out := make([]int, len(y))
	for i, v := range y {
		out[i] = int(v)
	}
	return out
}

func needTest(o Options) error {
	if o.Test == 0 {
		return option.Errorf("test", "is 0, and there is no x_test; give a share, such as test: 0.2")
	}
	return nil
}

// split reads images of bytes, channels last.
func (b *arrayBuilder) split(x *namedArray, y []float32) (*Split, error) {
	c, h, w := b.task.Input[0], b.task.Input[1], b.task.Input[2]
	s := &Split{N: x.Len(), H: h, W: w, C: c, Classes: b.task.Classes, Labels: make([]int32, x.Len())}
	s.Pixels = make([]uint8, s.N*s.Size())
	row := make([]uint8, s.Size())
	for i := range s.N {
		to := s.Pixels[i*s.Size():][:s.Size()]
		if !b.channelsFirst || c == 1 {
			row = to
		}
		if err := npy.ReadRows(x.Array, row, []int{i}); err != nil {
			return nil, x.errorf("%s", err)
		}
		if b.channelsFirst && c > 1 {
			lastly(to, row, c)
		}
		s.Labels[i] = int32(y[i])
	}
	return s, nil
}

// lastly puts the channels of an example, which are planes in src, last.
func lastly[T any](dst, src []T, channels int) {
	positions := len(src) / channels
	for c := range channels {
		for p, v := range src[c*positions:][:positions] {
			dst[p*channels+c] = v
		}
	}
}

// rows makes a set that reads examples as they are needed.
func (b *arrayBuilder) rows(ctx context.Context, o Options) (*Set, error) {
	if o.Augment != (Augment{}) {
		return nil, option.Errorf("augment", "changes images of bytes (uint8) with a class each, of at most 1 GiB; these are others")
	}
	parts, err := b.parts(o)
	if err != nil {
		return nil, err
	}
	for _, x := range []*namedArray{b.x, b.xTest} {
		if x != nil && int64(x.Len())*int64(x.Width())*int64(x.Dtype.Size) <= heldBytes {
			if err := x.Hold(); err != nil {
				return nil, x.errorf("%s", err)
			}
		}
	}
	channels := b.task.Input[0]
	all := &arrayPart{x: b.x, y: b.wantY, channels: channels, targets: b.task.Targets, scale: 1,
		transposed: b.channelsFirst && channels > 1, rows: parts[0], norm: Unit(channels), spare: &sync.Pool{}}
	if t := b.x.Dtype; t.Kind == 'u' && t.Size == 1 && len(b.task.Input) == 3 {
		all.scale = 255
	}
	set := &Set{Task: b.task, ClassNames: b.ClassNames, Notes: b.notes,
		Recipe: &ArrayRecipe{Array: b.member(), Shape: b.x.Shape[1:], Channels: channels, ChannelsFirst: all.transposed, Bytes: all.scale > 1}}
	if !b.AsIs {
		if all.norm, err = all.measure(ctx); err != nil {
			return nil, err
		}
		set.Normalization = all.norm
	}
	if !b.TargetAsIs {
		set.TargetScale = targetScale(b.task, b.wantY, parts[0])
	}
	part := func(x *namedArray, y []float32, rows []int) Part {
		p := *all
		p.x, p.y, p.rows = x, y, rows
		return &p
	}
	set.Train = part(b.x, b.wantY, parts[0])
	if len(parts[1]) > 0 {
		set.Validation = part(b.x, b.wantY, parts[1])
	}
	set.Test = part(b.x, b.wantY, parts[2])
	if b.xTest != nil {
		set.Test = part(b.xTest, b.testY, parts[2])
	}
	return set, nil
}

// arrayPart are some rows of an array.
type arrayPart struct {
	x                 *namedArray
	y                 []float32 // of all rows
	rows              []int
	channels, targets int
	scale             float64 // of a value that counts as 1
	transposed        bool    // channels are first in the file
	norm              Normalization
	spare             *sync.Pool // of *[]float32: an example
}

var _ interface {
	Part
	Placed
} = (*arrayPart)(nil)

// Len implements Part.
func (p *arrayPart) Len() int { return len(p.rows) }

// Place implements Placed.
func (p *arrayPart) Place(i int) Place { return Place{Row: p.rows[i] + 1} }

// Fill implements Part.
func (p *arrayPart) Fill(x, y []float32, idx []int, _ Draw) error {
	size := p.x.Width()
	if err := checkFill(x, y, idx, len(p.rows), size, p.targets); err != nil {
		return err
	}
	for k, i := range idx {
		if err := p.read(x[k*size:][:size], p.rows[i]); err != nil {
			return err
		}
		copy(y[k*p.targets:][:p.targets], p.y[p.rows[i]*p.targets:])
	}
	p.normalize(x[:len(idx)*size])
	return nil
}

// Hash implements Hasher.
func (p *arrayPart) Hash(h io.Writer) {
	for _, row := range p.rows {
		hashRow(h, p.y[row*p.targets:][:p.targets])
	}
}

// normalize gives the values of examples, channels last, their scale.
func (p *arrayPart) normalize(x []float32) {
	for c := range p.channels {
		mean, std := float64(p.norm.Mean[c]), float64(p.norm.Std[c])
		for i := c; i < len(x); i += p.channels {
			x[i] = float32((float64(x[i])/p.scale - mean) / std)
		}
	}
}

// read is an example as it is in the array, channels last.
func (p *arrayPart) read(dst []float32, row int) error {
	if err := p.values(dst, row); err != nil {
		return p.x.errorf("example %d: %s", row, err)
	}
	return nil
}

// values is read whose error leaves out the place.
func (p *arrayPart) values(dst []float32, row int) error {
	to := dst
	if p.transposed {
		spare, _ := p.spare.Get().(*[]float32)
		if spare == nil {
			spare = new([]float32)
			*spare = make([]float32, len(dst))
		}
		defer p.spare.Put(spare)
		to = *spare
	}
	at := [1]int{row}
	if err := npy.ReadRows(p.x.Array, to, at[:]); err != nil {
		return err
	}
	for _, v := range to {
		if v-v != 0 {
			return fmt.Errorf("%v is no finite number", v)
		}
	}
	if p.transposed {
		lastly(dst, to, p.channels)
	}
	return nil
}

// measure computes mean and deviation of each channel over the rows.
func (p *arrayPart) measure(ctx context.Context) (Normalization, error) {
	norm := Unit(p.channels)
	example := make([]float32, p.x.Width())
	channels := make([]moments, p.channels)
	for k, row := range p.rows {
		if k%1024 == 0 && ctx.Err() != nil {
			return norm, ctx.Err()
		}
		if err := p.read(example, row); err != nil {
			return norm, err
		}
		for i, v := range example {
			channels[i%p.channels].add(float64(v))
		}
	}
	for c, m := range channels {
		norm.Mean[c] = float32(m.mean() / p.scale)
		if std := float32(m.deviation() / p.scale); std > 0 {
			norm.Std[c] = std
		}
	}
	return norm, nil
}

// normalized implements renormalizer.
func (p *arrayPart) normalized(norm Normalization) (Part, error) {
	if len(norm.Mean) != p.channels || len(norm.Std) != p.channels {
		return nil, fmt.Errorf("%d means and %d deviations for %d channels", len(norm.Mean), len(norm.Std), p.channels)
	}
	out := *p
	out.norm = norm
	return &out, nil
}

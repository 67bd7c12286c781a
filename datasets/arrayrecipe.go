package datasets

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pare/internal/npy"
)

// ArrayRecipe makes inputs of arrays with the examples along the first axis.
type ArrayRecipe struct {
	// Array is the array of inputs in an archive; empty: x, or the only one.
	Array string `json:"array,omitempty"`
	// Shape is an example's in the file; empty: a number.
	Shape []int `json:"shape"`
	// Channels is the number of channels, or the length of a vector.
	Channels int `json:"channels"`
	// ChannelsFirst says that the channels are the first axis in the file, not the last.
	ChannelsFirst bool `json:"channels_first,omitempty"`
	// Bytes says that values are bytes, of which 255 counts as 1.
	Bytes bool `json:"bytes,omitempty"`
}

func init() {
	Recipes.Register("arrays", "NumPy or safetensors arrays with the examples along the first axis",
		func() Recipe { return &ArrayRecipe{} })
}

// Kind implements Recipe.
func (*ArrayRecipe) Kind() string { return "arrays" }

// Size implements Recipe.
func (r *ArrayRecipe) Size() int {
	n := 1
	for _, d := range r.Shape {
		n *= d
	}
	return n
}

// Validate implements Recipe.
func (r *ArrayRecipe) Validate() error {
	const most = 1 << 30 // values of an example
	n := 1
	for _, d := range r.Shape {
		if d < 1 || d > most/n {
			return fmt.Errorf("an example of shape %v", r.Shape)
		}
		n *= d
	}
	if r.Channels < 1 || n%r.Channels != 0 {
		return fmt.Errorf("%d channels in an example of shape %v", r.Channels, r.Shape)
	}
	return nil
}

// Open implements Recipe.
func (r *ArrayRecipe) Open(ctx context.Context, paths []string, o RecipeOptions) (Inputs, error) {
	norm := o.Normalization
	if norm.Mean == nil {
		norm = Unit(r.Channels)
	}
	if len(norm.Mean) != r.Channels || len(norm.Std) != r.Channels {
		return nil, fmt.Errorf("%d means and %d deviations for %d channels", len(norm.Mean), len(norm.Std), r.Channels)
	}
	in := &arrayInputs{}
	for _, path := range paths {
		err := ctx.Err()
		if err == nil {
			err = in.add(r, path, norm)
		}
		if err != nil {
			in.Close()
			return nil, err
		}
	}
	return in, nil
}

// arrayInputs are the rows of arrays, one after the other.
type arrayInputs struct {
	paths []string
	parts []*arrayPart
	ends  []int // of each array: the number of examples up to there
	files []io.Closer
}

func (in *arrayInputs) add(r *ArrayRecipe, path string, norm Normalization) error {
	f, a, err := openInputArray(path, r.Array)
	if err != nil {
		return err
	}
	in.files = append(in.files, f)
	isByte := a.Dtype.Kind == 'u' && a.Dtype.Size == 1
	switch {
	case !slices.Equal(a.Shape[min(1, len(a.Shape)):], r.Shape):
		return a.errorf("an example has shape %v; the network was trained on examples of shape %v", a.Shape[min(1, len(a.Shape)):], r.Shape)
	case r.Bytes && !isByte:
		return a.errorf("its type is %s; the network was trained on bytes (uint8), of which 255 counts as 1", a.Dtype)
	case !r.Bytes && isByte && len(r.Shape) > 1:
		return a.errorf("its type is %s; the network was trained on an array of another type, so the scale of bytes is not known", a.Dtype)
	}
	part := &arrayPart{x: a, channels: r.Channels, scale: 1, transposed: r.ChannelsFirst, rows: make([]int, a.Len()), norm: norm, spare: &sync.Pool{}}
	for i := range part.rows {
		part.rows[i] = i
	}
	if r.Bytes {
		part.scale = 255
	}
	in.paths, in.parts, in.ends = append(in.paths, path), append(in.parts, part), append(in.ends, in.Len()+a.Len())
	return nil
}

// Len implements Inputs.
func (in *arrayInputs) Len() int {
	if len(in.ends) == 0 {
		return 0
	}
	return in.ends[len(in.ends)-1]
}

// Place implements Inputs.
func (in *arrayInputs) Place(i int) Place {
	part, found := slices.BinarySearch(in.ends, i)
	if found {
		part++
	}
	if part > 0 {
		i -= in.ends[part-1]
	}
	return Place{in.paths[part], i + 1}
}

// Notes implements Inputs.
func (*arrayInputs) Notes() []string { return nil }

// Close implements Inputs.
func (in *arrayInputs) Close() {
	for _, f := range in.files {
		_ = f.Close() // it was only read
	}
}

// Read implements Inputs.
func (in *arrayInputs) Read(ctx context.Context, n int, each func(x []float32, err error) error) error {
	for _, part := range in.parts {
		x := make([]float32, part.x.Width())
		for i := range part.rows {
			if n--; n < 0 {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := part.values(x, i)
			if err != nil {
				err = part.x.errorf("row %d: %s", i+1, err)
			}
			part.normalize(x)
			if err := each(x, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// openInputArray opens the array of inputs in a .npy file, or in an archive the one of the
// name: "" stands for x, or for the only array. The file is to be closed.
func openInputArray(path, name string) (io.Closer, *namedArray, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, noInput(path, err)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is no regular file; the network reads .npy, .npz and .safetensors files", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	a, err := inputArray(f, info.Size(), path, name)
	if err != nil {
		_ = f.Close() // it was only read
		return nil, nil, err
	}
	return f, a, nil
}

func inputArray(f *os.File, size int64, path, name string) (*namedArray, error) {
	if ending(path) == ".npy" {
		a, err := npy.Open(f, size)
		return named(a, path, err)
	}
	archive, err := openArchive(f, size, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	names := archive.Names()
	switch {
	case len(names) == 1:
		name = names[0]
	case !slices.Contains(names, orElse(name, "x")):
		return nil, fmt.Errorf("%s: there is no array %q; it has %s", path, orElse(name, "x"), strings.Join(names, ", "))
	}
	a, err := archive.Array(orElse(name, "x"))
	return named(a, path+": "+orElse(name, "x"), err)
}

// arrayArchive is a file of several arrays.
type arrayArchive interface {
	Array(name string) (*npy.Array, error)
	Names() []string
}

// openArchive opens a .safetensors file by its name, others as .npz files.
func openArchive(r io.ReaderAt, size int64, path string) (arrayArchive, error) {
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		return openTensors(r, size)
	}
	return npy.OpenArchive(r, size)
}

package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"pare/datasets/imagefile"
	"pare/datasets/raster"
	"pare/datasets/webdataset"
	"pare/internal/npy"
	"pare/internal/parquet"
)

// ImageRecipe makes inputs of image files, folders of them, images in Parquet and tar files,
// and arrays of bytes.
type ImageRecipe struct {
	Channels int `json:"channels"` // of the network's input; of files 1 (grey) or 3
	Height   int `json:"height"`   // of the network's input
	Width    int `json:"width"`
	// Shorter is the length that the shorter side of an image file is resized to; 0: none.
	Shorter int `json:"shorter,omitempty"`
	// Resized says that image files are stretched to Height and Width or, with Shorter, cut
	// to them; otherwise they must have this size.
	Resized bool `json:"resized,omitempty"`
	// Permuted says that the pixels are in the order of permuted MNIST.
	Permuted bool `json:"permuted,omitempty"`
	// Column is the column of images in Parquet files; empty: found, see parquet.ImageOptions.
	Column string `json:"column,omitempty"`
	// Ending is the ending of images in tar files; empty: found, see webdataset.Options.
	Ending string `json:"ending,omitempty"`
	// Array is the array of images in an archive; empty: x, or the only one.
	Array string `json:"array,omitempty"`
	// ChannelsFirst says that arrays are (N, C, H, W) where both orders fit.
	ChannelsFirst bool `json:"channels_first,omitempty"`
}

func init() {
	Recipes.Register("images", "image files, folders, Parquet and tar files of images, arrays of bytes",
		func() Recipe { return &ImageRecipe{} })
}

// Kind implements Recipe.
func (*ImageRecipe) Kind() string { return "images" }

// Size implements Recipe.
func (r *ImageRecipe) Size() int { return r.Channels * r.Height * r.Width }

// Validate implements Recipe.
func (r *ImageRecipe) Validate() error {
	const side, channels = 1 << 16, 1 << 10
	switch {
	case r.Height < 1 || r.Width < 1 || r.Channels < 1 || r.Height > side || r.Width > side || r.Channels > channels:
		return fmt.Errorf("images of %d×%d pixels with %d channels", r.Height, r.Width, r.Channels)
	case r.Shorter < 0 || r.Shorter > side:
		return fmt.Errorf("a shorter side of %d pixels", r.Shorter)
	case r.Permuted && r.Channels != 1:
		return fmt.Errorf("permuted pixels with %d channels; they have 1", r.Channels)
	}
	return nil
}

// options say how image files are decoded.
func (r *ImageRecipe) options(resize bool) imagefile.Options {
	o := imagefile.Options{Channels: r.Channels, Shorter: r.Shorter}
	if r.Resized || resize {
		o.Height, o.Width = r.Height, r.Width
	}
	return o
}

// Open implements Recipe.
func (r *ImageRecipe) Open(ctx context.Context, paths []string, o RecipeOptions) (Inputs, error) {
	norm := o.Normalization
	if norm.Mean == nil {
		norm = Unit(r.Channels)
	}
	if r.Channels == 1 && len(norm.Mean) == r.Width && len(norm.Std) == r.Width { // a sequence of rows
		norm = Normalization{norm.Mean[:1], norm.Std[:1]}
	}
	shape := &Split{H: r.Height, W: r.Width, C: r.Channels}
	table, err := shape.table(norm)
	if err != nil {
		return nil, err
	}
	in := &imageInputs{recipe: r, shape: shape, table: table, resize: o.Resize}
	for _, path := range paths {
		err := ctx.Err()
		if err == nil {
			err = in.add(path)
		}
		if err != nil {
			in.Close()
			return nil, err
		}
	}
	return in, nil
}

// imageInputs are images from several places, one after the other.
type imageInputs struct {
	recipe *ImageRecipe
	shape  *Split // without images
	table  []float32
	resize bool
	parts  []imagePart
	ends   []int             // of each part: the number of images up to there
	loose  *imagefile.Folder // the last part, of single files that may be followed by others
	notes  []string
	faults sync.Map // errors by the index of the image
}

// imagePart are images from one place.
type imagePart struct {
	imagefile.Source
	place func(i int) Place
	close func()
}

// add appends the images of a file or folder.
func (p *imageInputs) add(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return noInput(path, err)
	}
	switch {
	case info.IsDir():
		p.loose = nil
		folder, err := imagefile.ListImages(path)
		if err != nil {
			return err
		}
		if folder.Skipped > 0 {
			p.notes = append(p.notes, fmt.Sprintf("%s: %d not read, as they are no images; the first is %s",
				path, folder.Skipped, folder.SkippedPath))
		}
		return p.files(folder)
	case imagefile.IsImage(path) && p.loose != nil:
		p.loose.Files = append(p.loose.Files, imagefile.File{Path: path})
		p.ends[len(p.ends)-1]++
		return nil
	case imagefile.IsImage(path):
		p.loose = &imagefile.Folder{Files: []imagefile.File{{Path: path}}}
		return p.files(p.loose)
	}
	p.loose = nil
	switch ending(path) {
	case ".parquet", ".pq":
		m, err := parquet.OpenImages([]string{path}, parquet.ImageOptions{Image: p.recipe.Column, NoLabels: true})
		return p.packed(path, m, err)
	case ".tar", ".tgz", ".tar.gz":
		m, err := webdataset.Open([]string{path}, webdataset.Options{Image: p.recipe.Ending, NoLabels: true})
		return p.packed(path, m, err)
	case ".npy", ".npz", ".safetensors":
		return p.array(path)
	}
	return fmt.Errorf("%s: it is no folder, no image (%s), and no .parquet, .tar, .npy, .npz or .safetensors file",
		path, imagefile.Extensions())
}

// ending is the extension of a path in lower case, both of a .tar.gz.
func ending(path string) string {
	name := strings.ToLower(path)
	if strings.HasSuffix(name, ".tar.gz") {
		return ".tar.gz"
	}
	return filepath.Ext(name)
}

// noInput is the error of a path that leads nowhere.
func noInput(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no such file", path)
	}
	return err
}

func (p *imageInputs) files(folder *imagefile.Folder) error {
	if err := p.decodable(folder.Files[0].Path); err != nil {
		return err
	}
	files, err := imagefile.NewFiles(folder, p.recipe.options(p.resize))
	if err != nil {
		return err
	}
	p.append(imagePart{files, func(i int) Place { return Place{File: files.Name(i)} }, func() {}})
	return nil
}

func (p *imageInputs) packed(path string, m packedImages, err error) error {
	if err == nil {
		err = p.decodable(path)
	}
	if err != nil {
		return err
	}
	source, err := imagefile.NewPacked(m, p.recipe.options(p.resize))
	if err != nil {
		m.Close()
		return err
	}
	p.append(imagePart{source, func(i int) Place { return Place{path, i + 1} }, m.Close})
	return nil
}

// decodable refuses image files where the network's images have other channels.
func (p *imageInputs) decodable(path string) error {
	if c := p.recipe.Channels; c != 1 && c != 3 {
		return fmt.Errorf("%s: image files have 1 or 3 channels, the network takes %d; give arrays of bytes", path, c)
	}
	return nil
}

func (p *imageInputs) append(part imagePart) {
	p.parts = append(p.parts, part)
	p.ends = append(p.ends, p.Len()+part.Len())
}

// array appends the images of an array of bytes.
func (p *imageInputs) array(path string) error {
	f, a, err := openInputArray(path, p.recipe.Array)
	if err != nil {
		return err
	}
	s := p.shape
	first, last := []int{s.C, s.H, s.W}, []int{s.H, s.W, s.C}
	example := a.Shape[min(1, len(a.Shape)):]
	planes, ok := false, true
	switch {
	case len(a.Shape) == 3 && s.C == 1 && slices.Equal(example, last[:2]), slices.Equal(example, last) && !p.recipe.ChannelsFirst:
	case slices.Equal(example, first):
		planes = s.C > 1
	case slices.Equal(example, last):
	default:
		ok = false
	}
	switch {
	case !ok:
		err = a.errorf("an example has shape %v; the network takes %v or %v", example, first, last)
	case a.Dtype.Kind != 'u' || a.Dtype.Size != 1:
		err = a.errorf("its type is %s; images are arrays of bytes (uint8), 0 black to 255 full", a.Dtype)
	}
	if err != nil {
		_ = f.Close() // it was only read
		return err
	}
	p.append(imagePart{&byteImages{a, s, planes}, func(i int) Place { return Place{path, i + 1} }, func() { _ = f.Close() }})
	return nil
}

// byteImages are images in an array of bytes.
type byteImages struct {
	*namedArray
	shape  *Split
	planes bool // channels are first
}

// Reader implements imagefile.Source.
func (b *byteImages) Reader() imagefile.Reader { return &byteReader{byteImages: b} }

type byteReader struct {
	*byteImages
	row []uint8 // as in the array
}

// Read implements imagefile.Reader.
func (r *byteReader) Read(to *raster.Image, i int, reserve func(int64) error) error {
	if err := reserve(int64(r.shape.Size())); err != nil {
		return err
	}
	to.Reset(r.shape.H, r.shape.W, r.shape.C)
	row := to.Pix
	if r.planes {
		if r.row == nil {
			r.row = make([]uint8, r.shape.Size())
		}
		row = r.row
	}
	if err := npy.ReadRows(r.Array, row, []int{i}); err != nil {
		return r.errorf("%s", err)
	}
	if r.planes {
		lastly(to.Pix, row, r.shape.C)
	}
	return nil
}

// Len implements Inputs.
func (p *imageInputs) Len() int {
	if len(p.ends) == 0 {
		return 0
	}
	return p.ends[len(p.ends)-1]
}

// at finds an image: its part, and its index there.
func (p *imageInputs) at(i int) (part, index int) {
	part, found := slices.BinarySearch(p.ends, i)
	if found {
		part++
	}
	if part > 0 {
		i -= p.ends[part-1]
	}
	return part, i
}

// Place implements Inputs.
func (p *imageInputs) Place(i int) Place {
	part, i := p.at(i)
	return p.parts[part].place(i)
}

// Notes implements Inputs.
func (p *imageInputs) Notes() []string { return p.notes }

// Close implements Inputs.
func (p *imageInputs) Close() {
	for _, part := range p.parts {
		part.close()
	}
}

// Reader implements imagefile.Source.
func (p *imageInputs) Reader() imagefile.Reader {
	return &inputsReader{imageInputs: p}
}

type inputsReader struct {
	*imageInputs
	part   int
	reader imagefile.Reader // of the part; nil before the first image
}

// Read implements imagefile.Reader. The error of an image goes to faults, so that the loader
// goes on with the next one.
func (r *inputsReader) Read(to *raster.Image, i int, reserve func(int64) error) error {
	part, at := r.at(i)
	if r.reader == nil || r.part != part {
		r.part, r.reader = part, r.parts[part].Reader()
	}
	var refused error
	err := r.reader.Read(to, at, func(bytes int64) error {
		refused = reserve(bytes)
		return refused
	})
	if err == nil && (to.H != r.shape.H || to.W != r.shape.W) {
		place := r.parts[part].place(at)
		err = fmt.Errorf("%s: %d×%d pixels (width, height), the network takes %d×%d; -resize stretches images to that",
			place, to.W, to.H, r.shape.W, r.shape.H)
	}
	if err == nil || refused != nil {
		return err
	}
	r.faults.Store(i, err)
	return nil
}

// Read implements Inputs. Images are decoded on all processors.
func (p *imageInputs) Read(ctx context.Context, n int, each func(x []float32, err error) error) error {
	loader, err := imagefile.NewLoader(p, imagefile.LoaderOptions{Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return err
	}
	idx := make([]int, min(n, p.Len()))
	for i := range idx {
		idx[i] = i
	}
	var order []int32
	if p.recipe.Permuted {
		order = permutation(p.shape.Size())
	}
	x := make([]float32, p.shape.Size())
	k := 0
	for im, err := range loader.Images(ctx, idx, nil) {
		if err != nil {
			return err
		}
		if fault, ok := p.faults.LoadAndDelete(k); ok {
			err = each(nil, fault.(error))
		} else {
			p.shape.copyPlain(x, im.Pix, p.table)
			if order != nil {
				permute(x, 1, order)
			}
			err = each(x, nil)
		}
		if err != nil {
			return err
		}
		k++
	}
	return ctx.Err()
}

// String is the file, and the row in it.
func (p Place) String() string {
	switch {
	case p.Row == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("row %d", p.Row)
	}
	return fmt.Sprintf("%s: row %d", p.File, p.Row)
}

package datasets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"pare/datasets/imagefile"
	"pare/datasets/webdataset"
	"pare/internal/option"
	"pare/internal/parquet"
	"pare/internal/printable"
)

// Shards are the options of datasets of image files inside other files.
type Shards struct {
	Files           string `yaml:"files" required:"true" doc:"files of training images, in byte order: a path or a pattern such as data/train-*"`
	ValidationFiles string `yaml:"validation_files,omitempty" doc:"files of validation images; left out: validation holds examples out of training"`
	TestFiles       string `yaml:"test_files,omitempty" doc:"files of test images; left out: test holds examples out of training"`
	Decoding
}

// Paths implements Pathed.
func (d *Shards) Paths() []*string {
	return []*string{&d.Files, &d.ValidationFiles, &d.TestFiles}
}

// Parquet are images in the cells of Parquet files, in the layout of Hugging Face.
type Parquet struct {
	Image string `yaml:"image,omitempty" doc:"column of the images; left out: image, or the only one that the files call an image"`
	Label string `yaml:"label,omitempty" doc:"column of the classes; left out: label, or the only one that the files call a class label"`
	Shards
}

// WebDataset are images in tar files in the layout of WebDataset.
type WebDataset struct {
	Image   string   `yaml:"image,omitempty" doc:"ending of the images, without the dot; left out: the usual one that an example has"`
	Label   string   `yaml:"label,omitempty" doc:"ending of the labels, without the dot; left out: cls or json"`
	Field   string   `yaml:"field,omitempty" doc:"field of a JSON label, with dots between the fields of nested objects; left out: label, cls or class"`
	Classes []string `yaml:"classes,omitempty" empty:"no" doc:"names of the classes in their order; left out: labels are numbers from 0, or the names in byte order"`
	Shards
}

func init() {
	Kinds.Register("parquet", "Image files in Parquet files (files) in the layout of Hugging Face: "+
		"columns image, with bytes and path, and label, "+
		"whose class names the files hold.",
		func() Dataset { return &Parquet{} })
	Kinds.Register("webdataset", "Image files in tar files (files), plain or gzip, in the layout of WebDataset: "+
		"the files of an example have one name and the endings "+
		"of the image and of the label (jpg, cls).",
		func() Dataset { return &WebDataset{} })
}

// Load implements Dataset.
func (d *Parquet) Load(ctx context.Context, o Options) (*Set, error) {
	set, err := d.Shards.load(ctx, "parquet", o, func(paths []string) (packedImages, error) {
		m, err := parquet.OpenImages(paths, parquet.ImageOptions{Image: d.Image, Label: d.Label})
		return m, err
	})
	if err == nil {
		set.Recipe.(*ImageRecipe).Column = d.Image
	}
	return set, err
}

// Load implements Dataset.
func (d *WebDataset) Load(ctx context.Context, o Options) (*Set, error) {
	set, err := d.Shards.load(ctx, "webdataset", o, func(paths []string) (packedImages, error) {
		m, err := webdataset.Open(paths, webdataset.Options{Image: d.Image, Label: d.Label, Field: d.Field, Classes: d.Classes})
		return m, err
	})
	if err == nil {
		set.Recipe.(*ImageRecipe).Ending = d.Image
	}
	return set, err
}

// packedImages are image files with their classes inside other files.
type packedImages interface {
	imagefile.Packed
	Class(i int) int
	Classes() []string
	Close()
}

// load opens the files of each part and makes a set of them. Errors do not repeat the name of
// the layout, which Load gives.
func (d Shards) load(ctx context.Context, layout string, o Options, open func(paths []string) (packedImages, error)) (*Set, error) {
	var l labelled
	var all series
	defer func() {
		if all != nil {
			all.close()
		}
	}()
	for p, part := range [3]struct{ key, pattern string }{
		{"files", d.Files}, {"validation_files", d.ValidationFiles}, {"test_files", d.TestFiles}} {
		if part.pattern == "" {
			continue
		}
		paths, err := matches(part.key, part.pattern)
		if err != nil {
			return nil, err
		}
		images, err := open(paths)
		if err != nil {
			return nil, without(err, layout)
		}
		all = append(all, images)
		if images.Len() == 0 {
			return nil, option.Errorf(part.key, "%s has no images", part.pattern)
		}
		index := map[int]int{}
		if p == 0 {
			l.classes = images.Classes()
		}
		for c, name := range images.Classes() {
			if index[c] = slices.Index(l.classes, name); index[c] < 0 {
				return nil, option.Errorf(part.key, "%s has the class %q, which the training files do not have", part.pattern, name)
			}
		}
		for i := range images.Len() {
			l.parts[p] = append(l.parts[p], len(l.class))
			l.class = append(l.class, int32(index[images.Class(i)]))
		}
	}
	var err error
	if l.source, err = imagefile.NewPacked(all, d.options()); err != nil {
		return nil, err
	}
	if l.originals, err = imagefile.NewPacked(all, d.native()); err != nil {
		return nil, err
	}
	l.name = all.Name
	l.notes = l.unused()
	set, err := d.Decoding.load(ctx, l, o)
	if err != nil {
		return nil, without(err, layout)
	}
	if set.Images().files != nil {
		all = nil // read as training needs them, until the program ends
	}
	return set, nil
}

// without is an error without the name of the layout at its beginning.
func without(err error, layout string) error {
	if text, ok := strings.CutPrefix(err.Error(), layout+": "); ok {
		return errors.New(text)
	}
	return err
}

// unused is a note of the classes that no image has.
func (l *labelled) unused() []string {
	used := make([]bool, len(l.classes))
	for _, c := range l.class {
		used[c] = true
	}
	first := slices.Index(used, false)
	if first < 0 {
		return nil
	}
	n := 0
	for _, u := range used {
		if !u {
			n++
		}
	}
	return []string{fmt.Sprintf("%d of the %d classes have no example, %s first", n, len(used), printable.Text(l.classes[first]))}
}

// matches are the files of a pattern, or the one file of a name.
func matches(key, pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, option.Errorf(key, "is no pattern of file names: %s: %v", pattern, err)
	}
	if len(paths) == 0 {
		return nil, option.Errorf(key, "%s matches no file", pattern)
	}
	return paths, nil
}

// series are packed images one after the other.
type series []packedImages

func (s series) close() {
	for _, p := range s {
		p.Close()
	}
}

// Len implements imagefile.Packed.
func (s series) Len() (n int) {
	for _, p := range s {
		n += p.Len()
	}
	return n
}

// at finds an image.
func (s series) at(i int) (packedImages, int) {
	k := 0
	for ; i >= s[k].Len(); k++ {
		i -= s[k].Len()
	}
	return s[k], i
}

// Image implements imagefile.Packed.
func (s series) Image(i int, buf []byte) ([]byte, error) {
	p, i := s.at(i)
	return p.Image(i, buf)
}

// Name implements imagefile.Packed.
func (s series) Name(i int) string {
	p, i := s.at(i)
	return p.Name(i)
}

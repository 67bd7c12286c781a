package datasets

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"

	"pare/datasets/imagefile"
	"pare/datasets/raster"
	"pare/internal/option"
)

// Decoding are the options of datasets of image files.
type Decoding struct {
	Resize   int    `yaml:"resize,omitempty" range:"[1,16384]" doc:"pixels that the shorter side is resized to, the other one in proportion; left out: with size, images are stretched to it"`
	Size     []int  `yaml:"size,omitempty" list:"single" empty:"no" range:"[1,16384]" doc:"height and width in pixels, or one number for both; with resize the centre of that size is cut out; left out: as the files have it, all alike"`
	Channels string `yaml:"channels,omitempty" enum:"grey,colour" doc:"of the network's input; files of the other kind are converted; left out: colour"`
	Memory   int    `yaml:"memory,omitempty" range:"[1,)" doc:"MiB for decoded images; where they take more, images are decoded in the background as training needs them; left out: 256"`

	Originals bool `yaml:"originals,omitempty" doc:"cut augment.resized_crop out of training images as their files have them, which are decoded anew in each epoch; left out: out of images that resize and size have changed"`
}

// Validate demands one or two numbers for a size.
func (d *Decoding) Validate() error {
	if len(d.Size) > 2 {
		return option.Errorf("size", "has %d numbers, it must have height and width, or one number for both", len(d.Size))
	}
	return nil
}

func (d Decoding) options() imagefile.Options {
	o := d.native()
	o.Shorter = d.Resize
	if n := len(d.Size); n > 0 {
		o.Height, o.Width = d.Size[0], d.Size[n-1]
	}
	return o
}

// native are the options that leave images in the size that their files have.
func (d Decoding) native() imagefile.Options {
	if d.Channels == "grey" {
		return imagefile.Options{Channels: 1}
	}
	return imagefile.Options{Channels: 3}
}

// mebibyte is smaller in tests.
var mebibyte int64 = 1 << 20

// memory is in bytes.
func (d Decoding) memory() int64 { return int64(cmp.Or(d.Memory, 256)) * mebibyte }

// workers decode on all processors. Images on their way may take half of the memory.
func (d Decoding) workers() imagefile.LoaderOptions {
	return imagefile.LoaderOptions{Workers: runtime.GOMAXPROCS(0), Memory: d.memory() / 2}
}

// labelled are images with their classes, and the parts that they come in.
type labelled struct {
	source imagefile.Source
	// originals are the same images in the size that their files have. Only
	// Decoding.Originals reads them.
	originals imagefile.Source
	name      func(i int) string // of an image, for errors
	class     []int32
	classes   []string
	// parts are the images of the training, validation and test part; the last two are nil
	// where they have to be held out of the first.
	parts [3][]int
	notes []string
	// cached says that decoding an image again costs little.
	cached bool
}

// load divides images into parts as the options of all datasets have it: validation and test
// are held out of training, stratified, or are a part of their own.
func (d Decoding) load(ctx context.Context, l labelled, o Options) (*Set, error) {
	if d.Originals && o.Augment.ResizedCrop == 0 {
		return nil, option.Errorf("originals", "is for augment.resized_crop, which is not set; set it, or remove originals")
	}
	pool := o
	var parts [3][]int
	var err error
	for p, amount := range []*Amount{nil, &pool.Validation, &pool.Test} {
		if p == 0 || l.parts[p] == nil {
			continue
		}
		if parts[p], err = amount.some(partNames[p], len(l.parts[p]), l.classOf(l.parts[p]), o.Seed); err != nil {
			return nil, err
		}
		for k, i := range parts[p] {
			parts[p][k] = l.parts[p][i]
		}
		*amount = 0
	}
	train, validation, test, err := pool.choose(l, l.parts[0])
	if err != nil {
		return nil, err
	}
	parts[0] = train
	class := make([]int, len(l.class))
	for i, c := range l.class {
		class[i] = int(c)
	}
	if note := untaught(l.classes, class, train); note != "" {
		l.notes = append(l.notes, note)
	}
	for p, held := range [3][]int{nil, validation, test} {
		if held != nil {
			parts[p] = held
		}
	}
	all, err := l.split(ctx)
	if err != nil {
		return nil, err
	}
	var splits [3]*Split
	for p, idx := range parts {
		if len(idx) > 0 {
			splits[p] = all.subset(idx)
		}
	}
	return d.settle(ctx, o, l, splits)
}

// classOf are the classes of some images.
func (l labelled) classOf(of []int) []int {
	class := make([]int, len(of))
	for k, i := range of {
		class[k] = int(l.class[i])
	}
	return class
}

// choose is split for some of the images, whose indices it returns.
func (o Options) choose(l labelled, of []int) (train, validation, test []int, err error) {
	if train, validation, test, err = o.split(len(of), l.classOf(of), nil); err != nil {
		return nil, nil, nil, err
	}
	for _, part := range [][]int{train, validation, test} {
		for k := range part {
			part[k] = of[part[k]]
		}
	}
	return train, validation, test, nil
}

// split is all images, which stay in their files, with the size of the first one.
func (l labelled) split(ctx context.Context) (*Split, error) {
	loader, err := imagefile.NewLoader(l.source, imagefile.LoaderOptions{})
	if err != nil {
		return nil, err
	}
	s := &Split{N: l.source.Len(), Classes: len(l.classes), Labels: l.class,
		files: &imageFiles{loader: loader, name: l.name, index: make([]int, l.source.Len())}, name: l.name}
	for i := range s.files.index {
		s.files.index[i] = i
	}
	for im, err := range loader.Images(ctx, l.parts[0][:1], nil) {
		if err != nil {
			return nil, err
		}
		s.H, s.W, s.C = im.H, im.W, im.C
	}
	return s, ctx.Err()
}

// settle makes a set of splits whose images stay in files: it decodes all of them where they
// fit into memory. Otherwise it measures the normalisation on some. With Originals, training
// images stay in their files.
func (d Decoding) settle(ctx context.Context, o Options, l labelled, splits [3]*Split) (*Set, error) {
	held := splits[:]
	if d.Originals {
		held = splits[1:]
	}
	total := int64(0)
	for _, s := range held {
		if s != nil {
			total += int64(s.N) * int64(s.Size())
		}
	}
	memory := d.memory()
	fits := total <= memory
	source := l.source
	if !fits {
		source = imagefile.Keep(source, memory/2) // the other half is for images on their way
	}
	loader, err := imagefile.NewLoader(source, d.workers())
	if err != nil {
		return nil, err
	}
	for _, s := range splits {
		if s != nil {
			s.files.loader = loader
		}
	}
	if fits {
		told := tally{o: o, total: total}
		for _, s := range held {
			if s == nil {
				continue
			}
			if err := s.decode(ctx, &told); err != nil {
				return nil, err
			}
		}
	} else if !l.cached {
		l.notes = append(l.notes, fmt.Sprintf("the images take %d MiB, more than data.memory has; "+
			"most are decoded anew in each epoch, which may be slow: raise data.memory to %d where there is room",
			(total+1<<20-1)>>20, (total+1<<20-1)>>20))
	}
	if train := splits[0]; train.files != nil {
		if train.files.norm, err = train.sample(ctx, o); err != nil {
			return nil, err
		}
		if d.Originals {
			if train.files.originals, err = imagefile.NewLoader(l.originals, d.workers()); err != nil {
				return nil, err
			}
		}
	}
	set, err := NewImageSet(splits[0], splits[1], splits[2], l.classes)
	if err == nil {
		set.Notes = l.notes
		r := set.Recipe.(*ImageRecipe)
		r.Shorter, r.Resized = d.Resize, len(d.Size) > 0
	}
	return set, err
}

// tally tells of decoded bytes, from several goroutines.
type tally struct {
	sync.Mutex
	o           Options
	done, total int64
}

func (t *tally) add(n int) {
	if t.o.Progress == nil {
		return
	}
	t.Lock()
	defer t.Unlock()
	t.done += int64(n)
	t.o.Progress("decoding images", t.done, t.total)
}

// imageFiles are the images of a split that stay in files.
type imageFiles struct {
	loader *imagefile.Loader
	name   func(i int) string
	index  []int         // into the loader's source, of each example
	norm   Normalization // of Stats
	// originals loads the images in the size of their files; nil: they are not asked for.
	originals *imagefile.Loader
}

func (f *imageFiles) subset(idx []int) *imageFiles {
	out := *f
	out.index = f.places(idx)
	return &out
}

func (f *imageFiles) places(idx []int) []int {
	out := make([]int, len(idx))
	for k, i := range idx {
		out[k] = f.index[i]
	}
	return out
}

// each calls use for the examples idx on several goroutines. An image that has not the shape
// of the split is an error.
func (f *imageFiles) each(ctx context.Context, idx []int, s *Split, use func(k int, im *raster.Image)) error {
	places := f.places(idx)
	return f.loader.Each(ctx, places, func(k int, im *raster.Image) error {
		if im.H != s.H || im.W != s.W {
			return fmt.Errorf("%s: %d×%d pixels (width, height), the first image has %d×%d; set data.size to have all of one size",
				f.name(places[k]), im.W, im.H, s.W, s.H)
		}
		use(k, im)
		return nil
	})
}

// eachOriginal is each for images in the size of their files.
func (f *imageFiles) eachOriginal(ctx context.Context, idx []int, use func(k int, im *raster.Image)) error {
	return f.originals.Each(ctx, f.places(idx), func(k int, im *raster.Image) error {
		use(k, im)
		return nil
	})
}

// decode reads all images into memory.
func (s *Split) decode(ctx context.Context, told *tally) error {
	size := s.Size()
	pixels := make([]uint8, s.N*size)
	all := make([]int, s.N)
	for i := range all {
		all[i] = i
	}
	err := s.files.each(ctx, all, s, func(k int, im *raster.Image) {
		copy(pixels[k*size:], im.Pix)
		told.add(size)
	})
	if err == nil {
		s.Pixels, s.files = pixels, nil
	}
	return err
}

// sampleImages are enough to measure means and deviations.
const sampleImages = 5000

// sample is Stats over a random sample.
func (s *Split) sample(ctx context.Context, o Options) (Normalization, error) {
	idx := rand.New(rand.NewPCG(mix(o.Seed), streamSample)).Perm(s.N)[:min(s.N, sampleImages)]
	h, told := make(histogram, s.C), tally{o: o, total: int64(len(idx)) * int64(s.Size())}
	var one sync.Mutex
	err := s.files.each(ctx, idx, s, func(_ int, im *raster.Image) {
		one.Lock()
		h.add(im.Pix)
		one.Unlock()
		told.add(len(im.Pix))
	})
	return h.normalization(), err
}

package datasets

import (
	"context"
	"fmt"

	"pare/datasets/imagefile"
	"pare/internal/option"
)

// ImageFolder are the image files below a folder with a folder for each class.
type ImageFolder struct {
	Dir   string `yaml:"dir" required:"true" doc:"folder with a folder of images for each class, or with train, val and test that each have such folders"`
	Cache string `yaml:"cache,omitempty" doc:"file for decoded images, made where it is missing or stale; left out: none"`
	Decoding
}

func init() {
	Kinds.Register("images", "Image files (PNG, JPEG, GIF, WebP, BMP) in a folder (dir) with a folder for each class, "+
		"or with train, val and test that each have such folders; validation and test hold examples out of training where those are missing.",
		func() Dataset { return &ImageFolder{} })
}

// Paths implements Pathed.
func (d *ImageFolder) Paths() []*string { return []*string{&d.Dir, &d.Cache} }

// Validate refuses a cache of images that are not read from it.
func (d *ImageFolder) Validate() error {
	if d.Originals && d.Cache != "" {
		return option.Errorf("cache", "holds images that size has changed, and originals reads the files; remove one of the two")
	}
	return d.Decoding.Validate()
}

// Load implements Dataset.
func (d *ImageFolder) Load(ctx context.Context, o Options) (*Set, error) {
	found, err := imagefile.ListParts(d.Dir)
	if err != nil {
		return nil, err
	}
	all := &imagefile.Folder{Root: d.Dir, Classes: found.Train.Classes}
	l := labelled{classes: all.Classes}
	for p, part := range []*imagefile.Folder{found.Train, found.Validation, found.Test} {
		if part == nil {
			continue
		}
		for _, f := range part.Files {
			l.parts[p] = append(l.parts[p], len(l.class))
			l.class = append(l.class, int32(f.Class))
			all.Files = append(all.Files, f)
		}
		if part.Skipped > 0 {
			l.notes = append(l.notes, fmt.Sprintf("%s: files that are no images were left out: %d, %s the first",
				part.Root, part.Skipped, part.SkippedPath))
		}
	}
	files, err := imagefile.NewFiles(all, d.options())
	if err != nil {
		return nil, err
	}
	l.source, l.name = files, files.Name
	if l.originals, err = imagefile.NewFiles(all, d.native()); err != nil {
		return nil, err
	}
	if d.Cache != "" {
		l.source, err = d.open(ctx, files, o)
		if err != nil {
			return nil, err
		}
		l.cached = true
	}
	return d.load(ctx, l, o)
}

// open opens the cache, or makes it.
func (d *ImageFolder) open(ctx context.Context, files *imagefile.Files, o Options) (imagefile.Source, error) {
	told := tally{o: o, total: int64(files.Len())}
	return imagefile.OpenCache(ctx, d.Cache, files, d.workers(), func(int) { told.add(1) })
}

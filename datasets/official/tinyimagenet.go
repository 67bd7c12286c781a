package official

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// TinyImageNetFiles is the archive of Tiny ImageNet (Stanford CS231N): 200 classes of photos
// of 64×64, 100,000 for training, 10,000 for validation, 10,000 for test without classes.
var TinyImageNetFiles = []File{{
	Name: "tiny-imagenet-200.zip",
	URL:  "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
	MD5:  "90528d7ca1a48142e341f4ef8d21d0de",
	Sums: "Avalanche (avalanche/benchmarks/datasets/tiny_imagenet) and others; the publisher gives none",
}}

const tinyFolder = "tiny-imagenet-200"

// ImageFolder is where the images of a dataset lie, and their classes.
type ImageFolder struct {
	// Classes are the names of the folders of classes, of Tiny ImageNet WordNet ids such as
	// n01443537, in alphabetic order.
	Classes []string
	// Words are the names in English of the classes, "goldfish, Carassius auratus"; of a
	// class that has none it is the name in Classes.
	Words []string
	// Train and Validation are the labelled images, in the order of their paths.
	Train, Validation []Image
	// Test are the paths of images without classes.
	Test []string
}

// Image is an image file.
type Image struct {
	Path  string // in the file system, with slashes
	Class int    // index into Classes
}

// ReadTinyImageNet lists the images in a folder, or in its folder tiny-imagenet-200:
// wnids.txt, words.txt, train/<wnid>/images, val/images with val/val_annotations.txt and,
// where it is there, test/images. A zip.Reader of the published archive is such a folder. An
// image of a class that wnids.txt lacks, and one that is there without an annotation or the
// other way round, are errors.
func ReadTinyImageNet(fsys fs.FS) (*ImageFolder, error) {
	root := "."
	if _, err := fs.Stat(fsys, path.Join(root, "wnids.txt")); errors.Is(err, fs.ErrNotExist) {
		root = tinyFolder
	}
	f := &ImageFolder{}
	index, err := f.readClasses(fsys, root)
	if err != nil {
		return nil, err
	}
	if err := f.readWords(fsys, root, index); err != nil {
		return nil, err
	}
	for class, id := range f.Classes {
		dir := path.Join(root, "train", id, "images")
		names, err := imageNames(fsys, dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			f.Train = append(f.Train, Image{path.Join(dir, name), class})
		}
	}
	if err := f.readValidation(fsys, path.Join(root, "val"), index); err != nil {
		return nil, err
	}
	dir := path.Join(root, "test", "images")
	names, err := imageNames(fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, name := range names {
		f.Test = append(f.Test, path.Join(dir, name))
	}
	return f, nil
}

// readClasses reads the ids of classes, and numbers them in alphabetic order.
func (f *ImageFolder) readClasses(fsys fs.FS, root string) (map[string]int, error) {
	index := map[string]int{}
	err := find(fsys, []string{root}, []string{"wnids.txt"}, func(r io.Reader, name string) error {
		return lines(r, name, func(id string) error {
			if !plainName(id) {
				return fmt.Errorf("%q is no id of a class", id)
			}
			if _, twice := index[id]; twice {
				return fmt.Errorf("class %s is there twice", id)
			}
			index[id] = 0
			f.Classes = append(f.Classes, id)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if len(f.Classes) == 0 {
		return nil, fmt.Errorf("%s names no classes", path.Join(root, "wnids.txt"))
	}
	slices.Sort(f.Classes)
	for class, id := range f.Classes {
		index[id] = class
	}
	return index, nil
}

// readWords reads the names of the classes from words.txt, which has many more.
func (f *ImageFolder) readWords(fsys fs.FS, root string, index map[string]int) error {
	f.Words = slices.Clone(f.Classes)
	return find(fsys, []string{root}, []string{"words.txt"}, func(r io.Reader, name string) error {
		return lines(r, name, func(line string) error {
			id, words, ok := strings.Cut(line, "\t")
			if !ok {
				return errors.New("expected an id, a tab and names")
			}
			if class, ok := index[id]; ok {
				f.Words[class] = strings.TrimSpace(words)
			}
			return nil
		})
	})
}

// readValidation reads lines of the name of an image, its class and a bounding box, with
// tabs between.
func (f *ImageFolder) readValidation(fsys fs.FS, dir string, index map[string]int) error {
	images := path.Join(dir, "images")
	names, err := imageNames(fsys, images)
	if err != nil {
		return err
	}
	left := make(map[string]bool, len(names))
	for _, name := range names {
		left[name] = true
	}
	err = find(fsys, []string{dir}, []string{"val_annotations.txt"}, func(r io.Reader, name string) error {
		return lines(r, name, func(line string) error {
			name, rest, ok := strings.Cut(line, "\t")
			if !ok || !plainName(name) {
				return errors.New("expected the name of an image, a tab and a class")
			}
			id, _, _ := strings.Cut(rest, "\t")
			class, ok := index[id]
			if !ok {
				return fmt.Errorf("class %q of %q is not in wnids.txt", id, name)
			}
			if !left[name] {
				return fmt.Errorf("image %q is there twice, or not in %s", name, images)
			}
			delete(left, name)
			f.Validation = append(f.Validation, Image{path.Join(images, name), class})
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if left[name] {
			return fmt.Errorf("%q has no line in %s", path.Join(images, name), path.Join(dir, "val_annotations.txt"))
		}
	}
	slices.SortFunc(f.Validation, func(a, b Image) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// plainName reports whether a name from a text can be joined to a folder.
func plainName(name string) bool {
	return fs.ValidPath(name) && name != "." && !strings.ContainsAny(name, `/\`)
}

// imageNames lists the images in a folder, in alphabetic order; a folder without any is an
// error.
func imageNames(fsys fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch ext := strings.ToLower(path.Ext(e.Name())); {
		case e.IsDir() || strings.HasPrefix(e.Name(), "."):
		case ext == ".jpeg" || ext == ".jpg" || ext == ".png":
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no images", dir)
	}
	return names, nil
}

package imagefile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pare/internal/printable"
)

// File is an image file of a class.
type File struct {
	Path  string
	Class int // an index of Folder.Classes
	Size  int64
	Time  time.Time // of the last change
}

// changed reports whether the file has another size or time than when it was listed.
func (f File) changed(now fs.FileInfo) bool {
	return now.Size() != f.Size || !now.ModTime().Equal(f.Time)
}

// Folder is a list of image files by class.
type Folder struct {
	Root    string
	Classes []string // names of the class folders, in byte order
	Files   []File   // by class, then by folder, then by name, in byte order
	// Skipped counts the files and links that are not in the list: files with other
	// extensions, links to folders, whatever is neither a file nor a folder, and files
	// that lie beside the class folders. Hidden files and folders, whose name begins with
	// a dot, do not count. SkippedPath is the first of them.
	Skipped     int
	SkippedPath string
}

// ListFolder lists the images below a folder that has one folder per class, as torchvision's
// ImageFolder does. Classes are the names of these folders in byte order. Images are files
// with the extensions .png, .jpg, .jpeg, .gif, .webp and .bmp in any case, in a class folder
// or any folder below it.
//
// Links to files count as the files; links to folders are not followed, so that no folder
// is read twice. It is an error where there is no class folder, a class folder has no
// image, or a link leads nowhere.
func ListFolder(root string) (*Folder, error) {
	f := &Folder{Root: root}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, noFolder(root, err)
	}
	for _, e := range entries { // in byte order
		switch {
		case hidden(e.Name()):
		case !e.IsDir():
			f.skip(filepath.Join(root, e.Name()))
		default:
			before := len(f.Files)
			f.Classes = append(f.Classes, e.Name())
			if err := f.class(filepath.Join(root, e.Name()), refuse); err != nil {
				return nil, err
			}
			if len(f.Files) == before {
				err := fmt.Errorf("no images: a class folder needs at least one file with the extension %s", Extensions())
				return nil, &Error{filepath.Join(root, e.Name()), err}
			}
		}
	}
	if len(f.Classes) == 0 {
		return nil, &Error{root, errors.New("no class folders: put the images of each class into a folder with its name")}
	}
	return f, nil
}

// ListImages lists the images below a folder and all folders in it, by folder, then by name,
// in byte order; their class is 0. It takes the files that ListFolder takes, and links that lead
// nowhere, which cannot be read. A folder without images is an error.
func ListImages(root string) (*Folder, error) {
	f := &Folder{Root: root, Classes: []string{""}}
	if err := f.class(root, func(string) error { return nil }); err != nil {
		return nil, err
	}
	if len(f.Files) == 0 {
		return nil, &Error{root, fmt.Errorf("no images: the folder needs at least one file with the extension %s", Extensions())}
	}
	return f, nil
}

func noFolder(root string, err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is no such folder")
	}
	return &Error{root, err}
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (f *Folder) skip(path string) {
	if f.Skipped == 0 {
		f.SkippedPath = path
	}
	f.Skipped++
}

// refuse is the error of a link that leads to no file.
func refuse(link string) error { return &Error{link, errors.New("the link leads to no file")} }

// class adds the images below a folder, hidden itself or not, as images of the last class. dead
// is the rule for links that lead to no file.
func (f *Folder) class(dir string, dead func(link string) error) error {
	var found []File
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return noFolder(path, err)
		case hidden(e.Name()) && path != dir:
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		case !IsImage(path):
			f.skip(path)
			return nil
		}
		info, err := os.Stat(path) // of the file that a link leads to
		if err != nil {
			found = append(found, File{Path: path, Class: len(f.Classes) - 1})
			return dead(path)
		}
		if !info.Mode().IsRegular() {
			f.skip(path)
			return nil
		}
		found = append(found, File{path, len(f.Classes) - 1, info.Size(), info.ModTime()})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b File) int {
		return cmp.Or(cmp.Compare(filepath.Dir(a.Path), filepath.Dir(b.Path)), cmp.Compare(a.Path, b.Path))
	})
	f.Files = append(f.Files, found...)
	return nil
}

// IsImage reports whether the name of a file has the extension of an image.
func IsImage(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return slices.ContainsFunc(formats, func(f format) bool { return slices.Contains(f.extensions, extension) })
}

// Extensions lists the extensions of image files, for a message.
func Extensions() string {
	var all []string
	for i := range formats {
		all = append(all, formats[i].extensions...)
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// Parts are the folders of a dataset; Validation and Test may be nil.
type Parts struct{ Train, Validation, Test *Folder }

// partNames are the names that the folder of each part may have.
var partNames = [3][]string{{"train"}, {"val", "valid", "validation"}, {"test"}}

// ListParts lists a dataset. Where root has a folder train with folders in it, that is the
// training part, and val (or valid, or validation) and test are the other parts, if they
// are there; each has one folder per class. A class has the same index in all parts: its
// place among the class folders of train. Otherwise root itself has the class folders, all for
// training.
//
// It is an error where train has other folders than those beside it, a part has a class
// that train does not have, or ListFolder gives one.
func ListParts(root string) (*Parts, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, noFolder(root, err)
	}
	var found [3][]string
	var others []string
	for _, e := range entries {
		if !e.IsDir() || hidden(e.Name()) {
			continue
		}
		part := slices.IndexFunc(partNames[:], func(n []string) bool { return slices.Contains(n, e.Name()) })
		if part < 0 {
			others = append(others, e.Name())
			continue
		}
		found[part] = append(found[part], e.Name())
	}
	if len(found[0]) == 0 || !hasFolders(filepath.Join(root, "train")) {
		train, err := ListFolder(root)
		if err != nil {
			return nil, err
		}
		return &Parts{Train: train}, nil
	}
	if len(others) > 0 {
		err := fmt.Errorf("a folder %q beside train: only val and test belong there; move it away, or into train if it is a class", others[0])
		return nil, &Error{root, err}
	}
	parts := &Parts{}
	for i, to := range []**Folder{&parts.Train, &parts.Validation, &parts.Test} {
		if len(found[i]) == 0 {
			continue
		}
		if len(found[i]) > 1 {
			return nil, &Error{root, fmt.Errorf("both %s and %s: keep one of them", found[i][0], found[i][1])}
		}
		if *to, err = ListFolder(filepath.Join(root, found[i][0])); err != nil {
			return nil, err
		}
		if err := (*to).index(parts.Train.Classes); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func hasFolders(dir string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && !hidden(e.Name()) })
}

// index numbers the classes by another list.
func (f *Folder) index(classes []string) error {
	for i := range f.Files {
		own := f.Classes[f.Files[i].Class]
		k, ok := slices.BinarySearch(classes, own)
		if !ok {
			return &Error{filepath.Join(f.Root, own), fmt.Errorf("a class that train does not have; it has %s", list(classes))}
		}
		f.Files[i].Class = k
	}
	f.Classes = classes
	return nil
}

// list writes names, the first five of many.
func list(names []string) string {
	quoted := make([]string, 0, 6)
	for i, n := range names {
		if i == 5 {
			quoted = append(quoted, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		quoted = append(quoted, printable.Text(n))
	}
	return strings.Join(quoted, ", ")
}

package datasets

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pare/datasets/imagefile"
	"pare/datasets/official"
)

// CIFAR100 are small photos of a hundred kinds of things.
type CIFAR100 struct {
	Files
	Labels string `yaml:"labels,omitempty" enum:"fine,coarse" doc:"fine: 100 classes; coarse: their 20 superclasses; left out: fine"`
}

// EMNIST are images of handwritten letters and digits.
type EMNIST struct {
	Files
	Split string `yaml:"split,omitempty" enum:"byclass,bymerge,balanced,letters,digits,mnist" doc:"which characters, and how they are divided; left out: balanced"`
}

// SVHN are photos of house numbers, cut to single digits.
type SVHN struct {
	Files
	Extra bool `yaml:"extra,omitempty" doc:"train on the 531,131 easier images, too"`
}

// TinyImageNet are small photos of 200 kinds of things.
type TinyImageNet struct {
	Files
	Memory int `yaml:"memory,omitempty" range:"[1,)" doc:"MiB for decoded images; where they take more (1290), images are decoded in the background as training needs them; left out: 256"`
}

func init() {
	Kinds.Register("cifar100", "CIFAR-100: photos of a hundred kinds of things (labels: fine, or coarse for 20), "+
		"50,000 for training and 10,000 for test, "+
		"32×32 colour. Krizhevsky 2009. Files: train.bin and test.bin, "+
		"in the folder, its folder cifar-100-binary or its archive cifar-100-binary.tar.gz.",
		func() Dataset { return &CIFAR100{} })
	Kinds.Register("emnist", "EMNIST: handwritten letters and digits, 28×28 grey, in six splits (split). "+
		"Cohen, Afshar, Tapson, van Schaik 2017. "+
		"Files: emnist-SPLIT-train-images-idx3-ubyte and so on, plain or gzip, in the folder, its folder gzip or its archive gzip.zip.",
		func() Dataset { return &EMNIST{} })
	Kinds.Register("svhn", "SVHN: digits of house numbers, 73,257 for training and 26,032 for test, 32×32 colour. Netzer et al. 2011. "+
		"Files: train_32x32.mat, test_32x32.mat and, with extra, extra_32x32.mat.",
		func() Dataset { return &SVHN{} })
	Kinds.Register("tiny-imagenet", "Tiny ImageNet: photos of 200 kinds of things, 100,000 for training, "+
		"64×64 colour; test are the 10,000 labelled images of the folder val. "+
		"Stanford CS231N. Files: the folder tiny-imagenet-200 or its archive tiny-imagenet-200.zip.",
		func() Dataset { return &TinyImageNet{} })
}

// publish makes sure of published files, see Files.fetch.
func (f Files) publish(ctx context.Context, folder string, files []official.File, o Options) (string, error) {
	var remote []remoteFile
	for _, p := range files {
		remote = append(remote, remoteFile{url: p.URL, name: p.Name, md5: p.MD5})
	}
	return f.fetch(ctx, folder, remote, o)
}

// Load implements Dataset.
func (d *CIFAR100) Load(ctx context.Context, o Options) (*Set, error) {
	dir, err := d.publish(ctx, "cifar100", official.CIFAR100Files, o)
	if err != nil {
		return nil, err
	}
	train, test, err := official.ReadCIFAR100Folder(os.DirFS(dir))
	if errors.Is(err, fs.ErrNotExist) {
		missing, archive := err, official.CIFAR100Files[0].Name
		err = openRaw(filepath.Join(dir, archive), func(f *os.File) (err error) {
			train, test, err = official.ReadCIFAR100Archive(f)
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, notFound(dir, archive, missing)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if d.Labels == "coarse" {
		train.Labels, test.Labels = train.Coarse, test.Coarse
		return o.divide(splitOf(train, 20), splitOf(test, 20), official.CIFAR100Superclasses)
	}
	return o.divide(splitOf(train, 100), splitOf(test, 100), official.CIFAR100Classes)
}

// Load implements Dataset.
func (d *EMNIST) Load(ctx context.Context, o Options) (*Set, error) {
	dir, err := d.publish(ctx, "emnist", official.EMNISTFiles, o)
	if err != nil {
		return nil, err
	}
	split := official.EMNISTSplits[2]
	for _, s := range official.EMNISTSplits {
		if s.Name == d.Split {
			split = s
		}
	}
	var parts [2]*Split
	read := func(fsys fs.FS) error {
		for p, name := range []string{"train", "test"} {
			images, err := official.ReadEMNISTFolder(fsys, split, name)
			if err != nil {
				return err
			}
			parts[p] = splitOf(images, len(split.Classes))
		}
		return ctx.Err()
	}
	archive := official.EMNISTFiles[0].Name
	if err = read(os.DirFS(dir)); errors.Is(err, fs.ErrNotExist) {
		z, zipErr := zip.OpenReader(filepath.Join(dir, archive))
		if errors.Is(zipErr, fs.ErrNotExist) {
			return nil, notFound(dir, archive, err)
		}
		if zipErr != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, archive), zipErr)
		}
		defer z.Close()
		err = read(z)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return o.divide(parts[0], parts[1], split.Classes)
}

// Load implements Dataset.
func (d *SVHN) Load(ctx context.Context, o Options) (*Set, error) {
	files := official.SVHNFiles
	if !d.Extra {
		files = files[:2]
	}
	dir, err := d.publish(ctx, "svhn", files, o)
	if err != nil {
		return nil, err
	}
	var parts [3]*Split
	for p, file := range files {
		path := filepath.Join(dir, file.Name)
		err := openRaw(path, func(f *os.File) error {
			info, err := f.Stat()
			if err != nil {
				return err
			}
			images, err := official.ReadSVHN(f, info.Size(), path)
			if err == nil {
				parts[p] = splitOf(images, len(official.SVHNClasses))
			}
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no file %s; set data.dir to the folder that has it", dir, file.Name)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	train := parts[0]
	if extra := parts[2]; extra != nil {
		train.N += extra.N
		train.Pixels, train.Labels = append(train.Pixels, extra.Pixels...), append(train.Labels, extra.Labels...)
	}
	return o.divide(train, parts[1], official.SVHNClasses)
}

// notFound is that dir has neither an archive nor its files; missing is the first of these.
func notFound(dir, archive string, missing error) error {
	text := strings.TrimSuffix(missing.Error(), ": "+fs.ErrNotExist.Error())
	return fmt.Errorf("%s: %s, and no archive %s; set data.dir to the folder that has them", dir, text, archive)
}

// splitOf are published images of so many classes.
func splitOf(m *official.Images, classes int) *Split {
	return &Split{N: m.N, H: m.H, W: m.W, C: m.C, Classes: classes, Pixels: m.Pixels, Labels: labelsOf(m.Labels)}
}

// openRaw opens a regular file for f, and closes it afterwards.
func openRaw(path string, f func(*os.File) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file; write the data into one", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return f(file)
}

// Load implements Dataset.
func (d *TinyImageNet) Load(ctx context.Context, o Options) (*Set, error) {
	archive := official.TinyImageNetFiles[0].Name
	dir, err := d.publish(ctx, "tiny-imagenet", official.TinyImageNetFiles, o)
	if err != nil {
		return nil, err
	}
	fsys := os.DirFS(dir)
	found, err := official.ReadTinyImageNet(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		path := filepath.Join(dir, archive)
		z, zipErr := zip.OpenReader(path) // read as training needs it, until the program ends
		if errors.Is(zipErr, fs.ErrNotExist) {
			return nil, notFound(dir, archive, err)
		}
		if zipErr != nil {
			return nil, fmt.Errorf("%s: %w", path, zipErr)
		}
		fsys, dir = z, path
		found, err = official.ReadTinyImageNet(fsys)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	files := &imageList{fsys: fsys, dir: dir}
	l := labelled{name: files.Name}
	count := map[string]int{}
	for _, words := range found.Words {
		name, _, _ := strings.Cut(words, ",")
		l.classes = append(l.classes, name)
		count[name]++
	}
	for c, name := range l.classes { // WordNet has several cranes
		if count[name] > 1 {
			l.classes[c] = name + " " + found.Classes[c]
		}
	}
	for p, images := range [3][]official.Image{found.Train, nil, found.Validation} {
		for _, im := range images {
			l.parts[p] = append(l.parts[p], len(l.class))
			l.class = append(l.class, int32(im.Class))
			files.paths = append(files.paths, im.Path)
		}
	}
	decoding := Decoding{Size: []int{64}, Memory: d.Memory}
	if l.source, err = imagefile.NewPacked(files, decoding.options()); err != nil {
		return nil, err
	}
	return decoding.load(ctx, l, o)
}

// imageList are image files in a folder or in an archive.
type imageList struct {
	fsys  fs.FS
	dir   string // of fsys
	paths []string
}

// Len implements imagefile.Packed.
func (a *imageList) Len() int { return len(a.paths) }

// Name implements imagefile.Packed.
func (a *imageList) Name(i int) string { return filepath.Join(a.dir, filepath.FromSlash(a.paths[i])) }

// Image implements imagefile.Packed.
func (a *imageList) Image(i int, buf []byte) ([]byte, error) {
	const most = 16 << 20 // bytes of an image of 64×64 pixels are far fewer
	f, err := a.fsys.Open(a.paths[i])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.dir, err)
	}
	defer f.Close()
	out := bytes.NewBuffer(buf)
	if _, err := out.ReadFrom(io.LimitReader(f, most)); err != nil {
		return nil, fmt.Errorf("%s: %w", a.Name(i), err)
	}
	if out.Len() == most {
		return nil, fmt.Errorf("%s: the file has %d MiB or more", a.Name(i), most>>20)
	}
	return out.Bytes(), nil
}

package datasets

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"pare/internal/option"
)

// MNIST are images of handwritten digits, or sequences of their pixels.
type MNIST struct {
	Files
	Sequence string `yaml:"sequence,omitempty" enum:"pixels,rows" doc:"read images as sequences of pixels or of rows; left out: as images"`
	Permute  bool   `yaml:"permute,omitempty" doc:"with sequence: pixels in a random order, one for all"`
}

// FashionMNIST are images of clothes with the options of MNIST.
type FashionMNIST struct{ MNIST }

func init() {
	Kinds.Register("mnist", "MNIST: handwritten digits, 60,000 for training and 10,000 for test, 28×28 grey. "+
		"LeCun, Cortes, Burges. Files: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…, plain or gzip.",
		func() Dataset { return &MNIST{} })
	Kinds.Register("fashion-mnist", "Fashion-MNIST: articles of clothing, 60,000 for training and 10,000 for test, 28×28 grey. "+
		"Xiao, Rasul, Vollgraf 2017, MIT. Files named as for mnist.",
		func() Dataset { return &FashionMNIST{} })
}

// Validate demands sequences where pixels are permuted.
func (d *MNIST) Validate() error {
	if d.Permute && d.Sequence == "" {
		return option.Errorf("permute", "needs sequence, pixels or rows")
	}
	return nil
}

// Permuted reports whether pixels are in a random order.
func (d *MNIST) Permuted() bool { return d.Permute }

// Load implements Dataset.
func (d *MNIST) Load(ctx context.Context, o Options) (*Set, error) { return d.load(ctx, mnist, o) }

// Load implements Dataset.
func (d *FashionMNIST) Load(ctx context.Context, o Options) (*Set, error) {
	return d.load(ctx, fashionMNIST, o)
}

// idxSource is the place of four IDX files: train and test, images and labels.
type idxSource struct {
	folder  string    // in the cache
	baseURL string    // ends in a slash
	md5     [4]string // of idxFiles, gzip
	classes []string
}

var idxFiles = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

var mnist = idxSource{
	folder:  "mnist",
	baseURL: "https://ossci-datasets.s3.amazonaws.com/mnist/",
	md5: [4]string{"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
		"9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"},
	classes: strings.Fields("0 1 2 3 4 5 6 7 8 9"),
}

var fashionMNIST = idxSource{
	folder:  "fashion-mnist",
	baseURL: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
	md5: [4]string{"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
		"bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"},
	classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

func (d *MNIST) load(ctx context.Context, source idxSource, o Options) (*Set, error) {
	var files []remoteFile
	for i, f := range idxFiles {
		files = append(files, remoteFile{url: source.baseURL + f + ".gz", name: f + ".gz", md5: source.md5[i]})
	}
	dir, err := d.fetch(ctx, source.folder, files, o)
	if err != nil {
		return nil, err
	}
	var parts [2]*Split
	for i := range parts {
		if parts[i], err = source.read(ctx, dir, idxFiles[2*i], idxFiles[2*i+1]); err != nil {
			return nil, err
		}
	}
	if parts[0].H != parts[1].H || parts[0].W != parts[1].W {
		return nil, fmt.Errorf("in %s, training images are %d×%d and test images %d×%d", dir, parts[0].H, parts[0].W, parts[1].H, parts[1].W)
	}
	set, err := o.divide(parts[0], parts[1], source.classes)
	if err != nil || d.Sequence == "" {
		return set, err
	}
	return set.sequences(d.Sequence == "pixels", d.Permute), nil
}

func (d idxSource) read(ctx context.Context, dir, images, labels string) (split *Split, err error) {
	imagePath, err := findIDX(dir, images)
	if err != nil {
		return nil, err
	}
	labelPath, err := findIDX(dir, labels)
	if err != nil {
		return nil, err
	}
	err = openInput(ctx, imagePath, func(x *input) error {
		return openInput(ctx, labelPath, func(y *input) (err error) {
			split, err = readIDXPair(x, y, len(d.classes))
			return err
		})
	})
	return split, err
}

// findIDX looks for a file in dir and dir/raw, under both usual spellings, plain or gzip.
func findIDX(dir, name string) (string, error) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, folder := range []string{dir, filepath.Join(dir, "raw")} {
		for _, file := range []string{name + ".gz", name, dotted + ".gz", dotted} {
			path := filepath.Join(folder, file)
			st, err := os.Stat(path)
			if err == nil && !st.IsDir() {
				return path, nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	return "", fmt.Errorf("no file %s or %s, plain or .gz, in %s or its folder raw; set data.dir to the folder that has it", name, dotted, dir)
}

// permuteSeed seeds the permutation of pixels, one for all: the year of "A Simple Way
// to Initialize Recurrent Networks of Rectified Linear Units" (Le, Jaitly and Hinton), which
// set the task.
const permuteSeed = 2015

// permutation is the random order of the pixels of all images with so many.
func permutation(pixels int) []int32 {
	order := make([]int32, pixels)
	for i, from := range rand.New(rand.NewPCG(permuteSeed, streamPermute)).Perm(pixels) {
		order[i] = int32(from)
	}
	return order
}

// sequences returns the set of grey images as sequences, of pixels one by one or of whole
// rows from the top. The values of an example stay where they are, as an image (H, W, 1) and
// a sequence (T, D) are both written row by row, unless they are permuted.
func (s *Set) sequences(pixels, permute bool) *Set {
	out := *s
	split := s.Images()
	out.Task.Input = []int{split.W, split.H}
	if pixels {
		out.Task.Input = []int{1, split.Size()}
	}
	if !permute {
		return &out
	}
	order := permutation(split.Size())
	recipe := *s.Recipe.(*ImageRecipe)
	recipe.Permuted = true
	out.Recipe = &recipe
	for _, part := range []*Part{&out.Train, &out.Validation, &out.Test} {
		if *part != nil {
			images := *(*part).(*Images)
			images.order = order
			*part = &images
		}
	}
	return &out
}

// The IDX layout: a magic number that says "unsigned bytes" and the number of dimensions,
// the dimensions, and the bytes, all big-endian.
const (
	idxImages = 0x00000803 // count, height, width
	idxLabels = 0x00000801 // count
)

// maxIDX bounds the bytes a header may promise; all files of the kind are far below.
const maxIDX = 1 << 30

// readIDX reads a whole IDX file with the given magic number.
func readIDX(in *input, magic uint32) (dims []int, data []byte, err error) {
	head, err := in.take(4, "the magic number")
	if err != nil {
		return nil, nil, err
	}
	if got := binary.BigEndian.Uint32(head); got != magic {
		hint := "it is not an IDX file of bytes"
		switch got {
		case idxImages:
			hint = "it is an image file where labels belong"
		case idxLabels:
			hint = "it is a label file where images belong"
		}
		return nil, nil, fmt.Errorf("%s: byte 0: magic number %#08x, want %#08x: %s", in.name, got, magic, hint)
	}
	n := int64(1)
	for k := range int(magic & 0xff) {
		at := in.offset
		b, err := in.take(4, "a dimension")
		if err != nil {
			return nil, nil, err
		}
		d := int64(binary.BigEndian.Uint32(b))
		if d == 0 || d > maxIDX/n {
			return nil, nil, fmt.Errorf("%s: byte %d: dimension %d is %d; it must not be 0 and the file must stay below %d bytes",
				in.name, at, k, d, maxIDX)
		}
		n *= d
		dims = append(dims, int(d))
	}
	what := "labels"
	if magic == idxImages {
		what = fmt.Sprintf("%d images of %d×%d", dims[0], dims[1], dims[2])
	}
	data, err = in.take(n, what)
	if err != nil {
		return nil, nil, err
	}
	return dims, data, in.end()
}

// readIDXPair reads an image and a label file into a split.
func readIDXPair(images, labels *input, classes int) (*Split, error) {
	dims, pixels, err := readIDX(images, idxImages)
	if err != nil {
		return nil, err
	}
	_, y, err := readIDX(labels, idxLabels)
	if err != nil {
		return nil, err
	}
	if len(y) != dims[0] {
		return nil, fmt.Errorf("%s has %d labels, but %s has %d images; the files do not belong together",
			labels.name, len(y), images.name, dims[0])
	}
	for i, l := range y {
		if int(l) >= classes {
			return nil, fmt.Errorf("%s: label %d of example %d at %s is not below %d classes",
				labels.name, l, i, labels.place(8+int64(i)), classes)
		}
	}
	return &Split{N: dims[0], H: dims[1], W: dims[2], C: 1, Classes: classes, Pixels: pixels, Labels: labelsOf(y)}, nil
}

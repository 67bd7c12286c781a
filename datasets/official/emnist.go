package official

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// EMNISTFiles is the archive of EMNIST in the format of MNIST (Cohen, Afshar, Tapson, van
// Schaik 2017, https://www.nist.gov/itl/products-and-services/emnist-dataset): a zip file
// with two gzip files for each part of each split in its folder gzip.
var EMNISTFiles = []File{{
	Name: "gzip.zip",
	URL:  "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
	MD5:  "58c8d27c78d21e728a6bc7b3cc06412e",
	Sums: "torchvision (torchvision/datasets/mnist.py); NIST gives none",
}}

// EMNISTSplit is one of the six ways in which EMNIST is divided.
type EMNISTSplit struct {
	Name    string
	Classes []string
	// First is the label of the first class in the files.
	First int
}

var (
	digits = strings.Split("0123456789", "")
	upper  = strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
	lower  = strings.Split("abcdefghijklmnopqrstuvwxyz", "")
	// merged are the lower-case letters that look unlike their capitals.
	merged = strings.Split("abdefghnqrt", "")
)

// EMNISTSplits are all splits, as the files emnist-…-mapping.txt number their classes. The
// classes of letters are both cases of a letter.
var EMNISTSplits = []EMNISTSplit{
	{Name: "byclass", Classes: slices.Concat(digits, upper, lower)},
	{Name: "bymerge", Classes: slices.Concat(digits, upper, merged)},
	{Name: "balanced", Classes: slices.Concat(digits, upper, merged)},
	{Name: "letters", Classes: upper, First: 1},
	{Name: "digits", Classes: digits},
	{Name: "mnist", Classes: digits},
}

// named is a reader whose errors begin with the name of its file.
type named struct {
	io.Reader
	name string
}

// Read implements io.Reader.
func (r named) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: damaged or cut off: %w", r.name, err)
	}
	return n, err
}

// ReadEMNIST reads the images and labels of a part of a split. EMNIST stores images column
// by column; they come row by row, upright. Labels count from 0.
func ReadEMNIST(images, labels io.Reader, imagesName, labelsName string, split EMNISTSplit) (*Images, error) {
	dims, pixels, err := ReadIDX(named{images, imagesName}, imagesName, IDXImages)
	if err != nil {
		return nil, err
	}
	_, y, err := ReadIDX(named{labels, labelsName}, labelsName, IDXLabels)
	if err != nil {
		return nil, err
	}
	n, w, h := dims[0], dims[1], dims[2]
	if len(y) != n {
		return nil, fmt.Errorf("%s has %d labels, but %s has %d images; the files do not belong together", labelsName, len(y), imagesName, n)
	}
	for i, l := range y {
		class := int(l) - split.First
		if class < 0 || class >= len(split.Classes) {
			return nil, fmt.Errorf("%s: label %d of example %d is not from %d to %d, the classes of split %s",
				labelsName, l, i, split.First, split.First+len(split.Classes)-1, split.Name)
		}
		y[i] = uint8(class)
	}
	upright := make([]byte, h*w)
	for i := range n {
		image := pixels[i*h*w:][:h*w]
		for col := range w {
			for row := range h {
				upright[row*w+col] = image[col*h+row]
			}
		}
		copy(image, upright)
	}
	return &Images{N: n, H: h, W: w, C: 1, Pixels: pixels, Labels: y}, nil
}

// ReadEMNISTFolder reads a part, "train" or "test", of a split from a folder, or from the
// folder gzip or raw in it, packed by gzip or not. A zip.Reader of the published archive is
// such a folder.
func ReadEMNISTFolder(fsys fs.FS, split EMNISTSplit, part string) (out *Images, err error) {
	folders := []string{".", "gzip", "raw"}
	prefix := "emnist-" + split.Name + "-" + part
	imagesName, labelsName := prefix+"-images-idx3-ubyte", prefix+"-labels-idx1-ubyte"
	err = find(fsys, folders, []string{imagesName + ".gz", imagesName}, func(images io.Reader, imagesName string) error {
		return find(fsys, folders, []string{labelsName + ".gz", labelsName}, func(labels io.Reader, labelsName string) (err error) {
			out, err = ReadEMNIST(images, labels, imagesName, labelsName, split)
			return err
		})
	})
	return out, err
}

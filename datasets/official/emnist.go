package official

import (
	"encoding/binary"
	"errors"
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

// IDX magic numbers: unsigned bytes, and the number of dimensions.
const (
	idxImages = 0x00000803
	idxLabels = 0x00000801

	maxIDX = 1 << 31 // bytes; the largest file, byclass, has 547 million
)

// readIDX reads the dimensions of an IDX file of bytes, and the bytes.
func readIDX(r io.Reader, name string, magic uint32) (dims []int, data []byte, err error) {
	short := func(part string, want, got int64, err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil {
			return fmt.Errorf("%s: truncated: %s should take %d bytes, found %d: %w", name, part, want, got, io.ErrUnexpectedEOF)
		}
		return fmt.Errorf("%s: %s: %w", name, part, err)
	}
	head := make([]byte, 4+4*(magic&0xff))
	if n, err := io.ReadFull(r, head); err != nil {
		return nil, nil, short("the header", int64(len(head)), int64(n), err)
	}
	if got := binary.BigEndian.Uint32(head); got != magic {
		return nil, nil, fmt.Errorf("%s: magic number %#08x, expected %#08x", name, got, magic)
	}
	n := int64(1)
	for k := 4; k < len(head); k += 4 {
		d := int64(binary.BigEndian.Uint32(head[k:]))
		if d == 0 || d > maxIDX/n {
			return nil, nil, fmt.Errorf("%s: dimension %d is %d; it must not be 0, and all together must stay below %d bytes",
				name, k/4-1, d, maxIDX)
		}
		n *= d
		dims = append(dims, int(d))
	}
	data, err = io.ReadAll(io.LimitReader(r, n)) // its memory follows the bytes that are there
	if err != nil || int64(len(data)) < n {
		return nil, nil, short(fmt.Sprintf("data of shape %v", dims), n, int64(len(data)), err)
	}
	return dims, data, atEnd(r, name)
}

// ReadEMNIST reads the images and labels of a part of a split. EMNIST stores images column
// by column; they come row by row, upright. Labels count from 0.
func ReadEMNIST(images, labels io.Reader, imagesName, labelsName string, split EMNISTSplit) (*Images, error) {
	dims, pixels, err := readIDX(images, imagesName, idxImages)
	if err != nil {
		return nil, err
	}
	_, y, err := readIDX(labels, labelsName, idxLabels)
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

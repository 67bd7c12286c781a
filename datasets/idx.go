package datasets

import (
	"encoding/binary"
	"fmt"
)

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
	return &Split{N: dims[0], H: dims[1], W: dims[2], C: 1, Classes: classes, Pixels: pixels, Labels: y}, nil
}

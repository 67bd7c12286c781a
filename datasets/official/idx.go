package official

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The IDX layout of MNIST: a magic number that says "unsigned bytes" and the number of
// dimensions, the dimensions, and the bytes, all big-endian.
const (
	IDXImages = 0x00000803 // count, height, width
	IDXLabels = 0x00000801 // count
)

// maxIDX bounds the bytes that a header may promise; the largest file, of EMNIST, has 547
// million.
const maxIDX = 1 << 30

// ReadIDX reads a whole IDX file with the given magic number, and its dimensions, none of
// which is 0. name begins its own errors; errors of r are returned as they are. Memory grows
// with the bytes that are there, whatever the header promises.
func ReadIDX(r io.Reader, name string, magic uint32) (dims []int, data []byte, err error) {
	at := int64(0)
	take := func(n int64, part string) ([]byte, error) {
		out, err := io.ReadAll(io.LimitReader(r, n))
		if err != nil {
			return nil, err
		}
		if have := int64(len(out)); have < n {
			return nil, fmt.Errorf("%s: truncated: %s at byte %d should take %d bytes, found %d; get the file again", name, part, at, n, have)
		}
		at += n
		return out, nil
	}
	head, err := take(4, "the magic number")
	if err != nil {
		return nil, nil, err
	}
	if got := binary.BigEndian.Uint32(head); got != magic {
		hint := "it is not an IDX file of bytes"
		switch got {
		case IDXImages:
			hint = "it is an image file where labels belong"
		case IDXLabels:
			hint = "it is a label file where images belong"
		}
		return nil, nil, fmt.Errorf("%s: byte 0: magic number %#08x, want %#08x: %s", name, got, magic, hint)
	}
	n := int64(1)
	for k := range int(magic & 0xff) {
		b, err := take(4, "a dimension")
		if err != nil {
			return nil, nil, err
		}
		d := int64(binary.BigEndian.Uint32(b))
		if d == 0 || d > maxIDX/n {
			return nil, nil, fmt.Errorf("%s: byte %d: dimension %d is %d; it must not be 0 and the file must stay below %d bytes",
				name, at-4, k, d, maxIDX)
		}
		n *= d
		dims = append(dims, int(d))
	}
	part := "labels"
	if magic == IDXImages {
		part = fmt.Sprintf("%d images of %d×%d", dims[0], dims[1], dims[2])
	}
	if data, err = take(n, part); err != nil {
		return nil, nil, err
	}
	rest, err := io.Copy(io.Discard, r)
	if err == nil && rest > 0 {
		err = fmt.Errorf("%s: %d trailing bytes at byte %d, where the data should end; get the file again", name, rest, at)
	}
	return dims, data, err
}

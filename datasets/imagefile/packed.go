package imagefile

import (
	"bytes"
	"fmt"

	"pare/datasets/raster"
)

// Packed are image files inside other files: the members of an archive, the cells of a
// table. Its methods may be called by several goroutines at once.
type Packed interface {
	Len() int
	// Image appends the bytes of an image file to buf.
	Image(i int, buf []byte) ([]byte, error)
	// Name stands for an image in errors.
	Name(i int) string
}

// packed is the source of packed images, decoded anew each time.
type packed struct {
	Packed
	options Options
}

// NewPacked makes a source of packed images. The bytes of a file come on top of the memory
// that a Loader bounds, one file for each worker. It gives an error where Options.Check
// does.
func NewPacked(p Packed, o Options) (Source, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	return &packed{p, o}, nil
}

// Reader implements Source.
func (s *packed) Reader() Reader {
	d, err := NewDecoder(s.options)
	if err != nil {
		panic(err) // NewPacked has checked the options
	}
	return &packedReader{packed: s, decoder: d}
}

type packedReader struct {
	*packed
	decoder *Decoder
	file    []byte
}

func (r *packedReader) Read(to *raster.Image, i int, reserve func(int64) error) error {
	data, err := r.Image(i, r.file[:0])
	if err != nil {
		return err
	}
	const most = 4 << 20 // of memory that is used again
	if r.file = data; cap(data) > most {
		r.file = nil
	}
	if err := r.decoder.decode(to, bytes.NewReader(data), int64(len(data)), reserve); err != nil {
		return &Error{r.Name(i), err}
	}
	return nil
}

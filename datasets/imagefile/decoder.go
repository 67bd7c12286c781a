// Package imagefile reads images from files into plain 8-bit arrays of one size: PNG,
// JPEG, GIF (the first frame), WebP and BMP. It lists folders of images by class
// (ListFolder), decodes in the background (Loader), and keeps decoded images in memory
// (Keep) or in a file (OpenCache).
//
// An image comes out as Pillow's Image.open, ImageOps.exif_transpose, convert("RGB" or
// "L") and torchvision's Resize and CenterCrop give it: exactly for lossless files, up to
// the rounding of the inverse cosine transform for JPEG. Three things differ. Transparent
// pixels show Options.Background; Pillow shows the colour that they hide. Values of 16
// bits are rounded to 8, v/257; Pillow cuts colours off at the high byte. The orientation
// is read from EXIF alone, not from XMP. Colour profiles have no effect in either.
package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"pare/datasets/raster"
	"pare/internal/printable"
)

// Options say how images come out of files. The zero value gives colours, each image in
// its own size.
type Options struct {
	// Channels is 1 for grey or 3 for red, green and blue; 0 means 3. Files of the other
	// kind are converted (see raster.Image.Convert).
	Channels int
	// Shorter is the length in pixels that the shorter side of an image is resized to,
	// the other one in proportion; 0 means that sides are resized to Height and Width.
	Shorter int
	// Height and Width are the size of the result in pixels: an image is stretched to
	// it, or, with Shorter, its centre is cut out. Both 0 keep the size as it is then.
	Height, Width int
	// Background is the grey value below transparent pixels, 0 for black to 255 for
	// white.
	Background uint8
	// MaxPixels is the largest number of pixels that a file may have; 0 means
	// DefaultMaxPixels.
	MaxPixels int64
}

// DefaultMaxPixels is the limit that Pillow warns at: 1 GiB of 24-bit pixels, divided
// by four.
const DefaultMaxPixels = 1 << 30 / 4 / 3

// Check reports options that make no sense.
func (o Options) Check() error {
	switch {
	case o.Channels != 0 && o.Channels != 1 && o.Channels != 3:
		return fmt.Errorf("%d channels; images have 1 (grey) or 3 (red, green, blue)", o.Channels)
	case o.Shorter < 0 || o.Shorter > maxSide:
		return fmt.Errorf("a shorter side of %d pixels; choose 1 to %d, or 0 for none", o.Shorter, maxSide)
	case (o.Height == 0) != (o.Width == 0) || o.Height < 0 || o.Width < 0 || o.Height > maxSide || o.Width > maxSide:
		return fmt.Errorf("a size of %d × %d pixels; choose 1 to %d for both, or 0 for both", o.Height, o.Width, maxSide)
	case o.MaxPixels < 0:
		return fmt.Errorf("a limit of %d pixels; choose 1 or more, or 0 for %d", o.MaxPixels, DefaultMaxPixels)
	}
	return nil
}

// Decoder reads images, one at a time. It keeps its working memory for the next image,
// unless a large one has made that more than 16 MiB.
type Decoder struct {
	options        Options
	reader         *bufio.Reader
	file           bytes.Buffer
	native, turned raster.Image
	resizer        raster.Resizer
	cb, cr         []uint8
}

// NewDecoder makes a decoder. It gives an error where Options.Check does.
func NewDecoder(o Options) (*Decoder, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if o.Channels == 0 {
		o.Channels = 3
	}
	if o.MaxPixels == 0 {
		o.MaxPixels = DefaultMaxPixels
	}
	return &Decoder{options: o, reader: bufio.NewReaderSize(nil, 64<<10)}, nil
}

// File reads the image in a file to `to`, whose memory is used again. The error is one
// line that names the file; it is not a regular file, no image, damaged, cut off, or
// larger than Options.MaxPixels. Size and pixels are checked before they are read.
func (d *Decoder) File(to *raster.Image, path string) error {
	return d.read(to, File{Path: path}, func(int64) error { return nil })
}

// errChanged is that a file is not the one that was listed.
var errChanged = errors.New("the file changed while it was read; start again")

// read is File that calls reserve once with the bytes that it needs, before it takes them. It is
// an error where the file has changed since it was listed; a file without a time was not.
func (d *Decoder) read(to *raster.Image, file File, reserve func(bytes int64) error) (err error) {
	defer func() {
		if err != nil {
			var cause *os.PathError
			if errors.As(err, &cause) {
				err = cause.Err
			}
			err = &Error{file.Path, err}
		}
	}()
	// A named pipe would keep Open waiting.
	info, err := os.Stat(file.Path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if !file.Time.IsZero() && file.changed(info) {
		return errChanged
	}
	f, err := os.Open(file.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	return d.decode(to, f, info.Size(), reserve)
}

// Bytes is File for the contents of a file, which name stands for in errors.
func (d *Decoder) Bytes(to *raster.Image, name string, data []byte) error {
	if err := d.decode(to, bytes.NewReader(data), int64(len(data)), func(int64) error { return nil }); err != nil {
		return &Error{name, err}
	}
	return nil
}

// Error is that a file cannot be read as an image.
type Error struct {
	Path  string
	cause error
}

func (e *Error) Error() string {
	return printable.Text(e.Path) + ": " + printable.Text(e.cause.Error())
}

func (e *Error) Unwrap() error { return e.cause }

func (d *Decoder) decode(to *raster.Image, r io.ReadSeeker, size int64, reserve func(int64) error) (err error) {
	d.reader.Reset(r)
	head, err := readHeader(d.reader, d.options.MaxPixels)
	if err != nil {
		return err
	}
	pixels := int64(head.h) * int64(head.w)
	// Pixels of a file take at most 8 bytes; the rest is for metadata.
	if most := 8*pixels + 64<<20; size > most {
		return fmt.Errorf("the %s has %d MiB for %d × %d pixels", head.name, size>>20, head.w, head.h)
	}
	target := d.target(head.h, head.w)
	if target.pixels() > d.options.MaxPixels {
		return fmt.Errorf("the %s of %d × %d pixels (width, height) becomes %d × %d; the limit is %d in all",
			head.name, head.w, head.h, target.w, target.h, d.options.MaxPixels)
	}
	// The image is there as the decoder gives it, in 8 bits, turned, resized in width,
	// resized, and cut out.
	half := max(int64(head.h)*int64(target.w), int64(head.w)*int64(target.h))
	if err := reserve(size + head.memory + 3*(2*pixels+half+2*target.pixels())); err != nil {
		return err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	d.file.Reset()
	d.file.Grow(int(size) + bytes.MinRead)
	if _, err := d.file.ReadFrom(io.LimitReader(r, size)); err != nil {
		return err
	}
	defer d.shrink()
	defer func() { // the decoders are of others: a panic in one is the file's fault
		if p := recover(); p != nil {
			err = fmt.Errorf("the %s is damaged: %v", head.name, p)
		}
	}()
	decoded, err := head.format.decode(bytes.NewReader(d.file.Bytes()))
	if err != nil {
		return head.wrong(err)
	}
	if err := d.pixels(&d.native, decoded, head.h, head.w, head.name == "WebP"); err != nil {
		return fmt.Errorf("the %s is damaged: %w", head.name, err)
	}
	d.native.Convert(d.options.Channels)
	source := &d.native
	if head.orientation != nil {
		if o := head.orientation(d.file.Bytes()); o > 1 {
			d.turned.Orient(source, o)
			source = &d.turned
		}
	}
	d.shape(to, source)
	return nil
}

// shape resizes and cuts by the options.
func (d *Decoder) shape(to, from *raster.Image) {
	o := &d.options
	switch {
	case o.Shorter > 0 && o.Height > 0:
		// The decoder's other picture is free again.
		sized := &d.turned
		if from == sized {
			sized = &d.native
		}
		sized.H, sized.W = raster.Shorter(from.H, from.W, o.Shorter)
		d.resizer.Resize(sized, from)
		to.CropCentre(sized, o.Height, o.Width)
	case o.Shorter > 0:
		to.H, to.W = raster.Shorter(from.H, from.W, o.Shorter)
		d.resizer.Resize(to, from)
	case o.Height > 0:
		to.H, to.W = o.Height, o.Width
		d.resizer.Resize(to, from)
	default:
		to.CopyFrom(from)
	}
}

type size struct{ h, w int }

func (s size) pixels() int64 { return int64(s.h) * int64(s.w) }

// target is the largest size that an image of h × w pixels, before it is turned, has on
// the way from there to its result.
func (d *Decoder) target(h, w int) size {
	o := &d.options
	t := size{h, w}
	if o.Shorter > 0 {
		t.h, t.w = raster.Shorter(h, w, o.Shorter)
	}
	if last := (size{o.Height, o.Width}); o.Height > 0 && (o.Shorter == 0 || last.pixels() > t.pixels()) {
		return last
	}
	return t
}

// shrink gives back the memory that a large image took.
func (d *Decoder) shrink() {
	const most = 16 << 20
	if d.file.Cap()+cap(d.native.Pix)+cap(d.turned.Pix) > most {
		d.file, d.native, d.turned, d.resizer = bytes.Buffer{}, raster.Image{}, raster.Image{}, raster.Resizer{}
	}
}

// grow is s with n elements of any value.
func grow(s []uint8, n int) []uint8 {
	if n <= cap(s) {
		return s[:n]
	}
	return make([]uint8, n)
}

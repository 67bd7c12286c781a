package imagefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// format is a file format: how it begins, the extensions of its files, and the functions
// that read it.
type format struct {
	name       string
	magic      string // '?' stands for any byte
	extensions []string
	decode     func(io.Reader) (image.Image, error)
	config     func(io.Reader) (image.Config, error)
	// memory is the number of bytes per pixel that decode takes at most, its result
	// included.
	memory      int
	orientation func(data []byte) int
}

var formats = []format{
	{"PNG", "\x89PNG\r\n\x1a\n", []string{".png"}, png.Decode, png.DecodeConfig, 18, pngOrientation},
	{"JPEG", "\xff\xd8\xff", []string{".jpg", ".jpeg"}, jpeg.Decode, jpeg.DecodeConfig, 12, jpegOrientation},
	{"GIF", "GIF8?a", []string{".gif"}, gif.Decode, gif.DecodeConfig, 3, nil},
	{"WebP", "RIFF????WEBP", []string{".webp"}, webp.Decode, webp.DecodeConfig, 12, webpOrientation},
	{"BMP", "BM", []string{".bmp"}, bmp.Decode, bmp.DecodeConfig, 5, nil},
}

// maxSide is the largest height and width of an image, in pixels.
const maxSide = 1 << 16

// progressive is the memory of a progressive JPEG, which keeps 32-bit coefficients of all
// components until its last scan.
const progressive = 28

// unread are formats that are named in the error, because their files often carry the
// extension of another format, as photos from telephones do.
var unread = []struct{ name, magic string }{
	{"a HEIC", "????ftyphei"}, {"a HEIC", "????ftypmif1"}, {"an AVIF", "????ftypavif"}, {"a TIFF", "II*\x00"}, {"a TIFF", "MM\x00*"},
}

// begins reports whether a file has the magic of a format.
func begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// header is the part of a file that is known before its pixels are read.
type header struct {
	*format
	h, w int
	// memory is the number of bytes that reading the pixels takes, at most.
	memory int64
}

// readHeader finds format and size of an image. It refuses sizes above most pixels.
func readHeader(r *bufio.Reader, most int64) (header, error) {
	head, err := r.Peek(16)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return header{}, errors.New("the file is empty")
		}
		return header{}, err
	}
	for i := range formats {
		f := &formats[i]
		if !begins(head, f.magic) {
			continue
		}
		memory := f.memory
		if f.name == "JPEG" {
			if start, _ := r.Peek(r.Size()); isProgressive(start) {
				memory = progressive
			}
		}
		config, err := f.config(r)
		if err != nil {
			return header{}, f.wrong(err)
		}
		if config.Width < 1 || config.Height < 1 {
			return header{}, fmt.Errorf("the %s claims a size of %d × %d pixels", f.name, config.Width, config.Height)
		}
		pixels := int64(config.Width) * int64(config.Height)
		if config.Width > maxSide || config.Height > maxSide || pixels > most {
			return header{}, fmt.Errorf("the %s has %d × %d pixels (width, height); the limits are %d and %d in all",
				f.name, config.Width, config.Height, maxSide, most)
		}
		return header{f, config.Height, config.Width, pixels * int64(memory)}, nil
	}
	for _, f := range unread {
		if begins(head, f.magic) {
			return header{}, fmt.Errorf("no PNG, JPEG, GIF, WebP or BMP image, but %s; save it as PNG or JPEG", f.name)
		}
	}
	return header{}, fmt.Errorf("no PNG, JPEG, GIF, WebP or BMP image: the file begins with %q", head[:min(len(head), 8)])
}

// wrong explains an error of a decoder.
func (f *format) wrong(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the %s is cut off: %w", f.name, err)
	}
	if f.name == "WebP" {
		return fmt.Errorf("the WebP is damaged, cut off, or animated, which is not supported: %w", err)
	}
	return fmt.Errorf("the %s is damaged, cut off, or of a kind that is not supported: %w", f.name, err)
}

// segments calls visit with the marker and the content of the segments of a JPEG before
// its first scan, until visit returns false.
func segments(data []byte, visit func(marker byte, content []byte) bool) {
	at := 2
	for at+4 <= len(data) && data[at] == 0xff {
		marker := data[at+1]
		switch {
		case marker == 0xff: // a fill byte
			at++
			continue
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd7: // without content
			at += 2
			continue
		case marker == 0xda: // start of scan
			return
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || !visit(marker, data[at+4:max(at+4, min(at+2+n, len(data)))]) {
			return
		}
		at += 2 + n
	}
}

// isProgressive says whether a JPEG is a progressive one. Where the start of a file does
// not reach to its frame header, it is assumed to be.
func isProgressive(start []byte) bool {
	result := true
	segments(start, func(marker byte, _ []byte) bool {
		switch marker {
		case 0xc0, 0xc1:
			result = false
			return false
		case 0xc2:
			return false
		}
		return true
	})
	return result
}

func jpegOrientation(data []byte) int {
	result := 1
	segments(data, func(marker byte, content []byte) bool {
		if exif, ok := bytes.CutPrefix(content, []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			result = orientation(exif)
			return false
		}
		return true
	})
	return result
}

// pngOrientation looks for an eXIf chunk (PNG 3rd edition, 11.3.3.8).
func pngOrientation(data []byte) int {
	for at := 8; at+8 <= len(data); {
		n := int64(binary.BigEndian.Uint32(data[at:]))
		if int64(at)+8+n > int64(len(data)) {
			break
		}
		if string(data[at+4:at+8]) == "eXIf" {
			return orientation(data[at+8:][:n])
		}
		at += 12 + int(n)
	}
	return 1
}

func webpOrientation(data []byte) int {
	for at := 12; at+8 <= len(data); {
		n := int64(binary.LittleEndian.Uint32(data[at+4:]))
		if int64(at)+8+n > int64(len(data)) {
			break
		}
		if string(data[at:at+4]) == "EXIF" {
			return orientation(bytes.TrimPrefix(data[at+8:][:n], []byte("Exif\x00\x00")))
		}
		at += 8 + int(n+n&1)
	}
	return 1
}

// orientation is the number of tag 0x0112 in the first directory of EXIF data, which are
// a TIFF file (EXIF 2.32, 4.6.2); 1, upright, where there is none from 1 to 8.
func orientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case len(tiff) < 8:
		return 1
	case string(tiff[:4]) == "II*\x00":
		order = binary.LittleEndian
	case string(tiff[:4]) == "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const short = 3
		if order.Uint16(entries) == 0x0112 && order.Uint16(entries[2:]) == short {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

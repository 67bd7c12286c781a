package imagefile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"pare/datasets/raster"
)

// Source is a list of images. Its methods may be called by several goroutines at once.
type Source interface {
	Len() int
	// Reader makes a Reader, for one goroutine.
	Reader() Reader
}

// Reader reads the images of a source. The image depends on its index alone.
type Reader interface {
	// Read reads image i, from 0 to Len-1, to `to`, whose memory is used again. It calls
	// reserve at most once, with the bytes that it needs, the image included, before it
	// takes them; where reserve gives an error Read ends with it.
	Read(to *raster.Image, i int, reserve func(bytes int64) error) error
}

// Files is the source of the images of a folder, decoded anew each time.
type Files struct {
	folder  *Folder
	options Options
}

// NewFiles makes a source of the images of a folder. It gives an error where
// Options.Check does.
func NewFiles(folder *Folder, o Options) (*Files, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	return &Files{folder, o}, nil
}

// Len implements Source.
func (s *Files) Len() int { return len(s.folder.Files) }

// Reader implements Source.
func (s *Files) Reader() Reader {
	d, err := NewDecoder(s.options)
	if err != nil {
		panic(err) // NewFiles has checked the options
	}
	return &filesReader{s, d}
}

type filesReader struct {
	*Files
	decoder *Decoder
}

func (r *filesReader) Read(to *raster.Image, i int, reserve func(int64) error) error {
	return r.decoder.read(to, r.folder.Files[i], reserve)
}

// digest stands for the images that the source gives: the options, and the path below the
// folder, size in bytes and time of the last change of each file.
func (s *Files) digest() [sha256.Size]byte {
	h := sha256.New()
	o := s.options
	fmt.Fprintln(h, o.Channels, o.Shorter, o.Height, o.Width, o.Background, o.MaxPixels, s.Len())
	var number [8]byte
	write := func(v int64) {
		binary.LittleEndian.PutUint64(number[:], uint64(v))
		h.Write(number[:])
	}
	for _, f := range s.folder.Files {
		path := f.Path
		if below, err := filepath.Rel(s.folder.Root, path); err == nil {
			path = filepath.ToSlash(below)
		}
		write(int64(len(path)))
		h.Write([]byte(path))
		write(f.Size)
		write(f.Time.UnixNano())
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Kept is a source that keeps images of another one in memory, as many as fit.
type Kept struct {
	Source
	left   atomic.Int64
	images []atomic.Pointer[raster.Image]
}

// Keep makes a source that reads each image of s once and keeps it in memory, 8 bits a
// value, while all kept images take no more than the given number of bytes. Other images
// are read from s each time.
func Keep(s Source, bytes int64) *Kept {
	k := &Kept{Source: s, images: make([]atomic.Pointer[raster.Image], s.Len())}
	k.left.Store(bytes)
	return k
}

// Reader implements Source.
func (k *Kept) Reader() Reader { return &keptReader{kept: k, source: k.Source.Reader()} }

type keptReader struct {
	kept   *Kept
	source Reader
}

func (r *keptReader) Read(to *raster.Image, i int, reserve func(int64) error) error {
	slot := &r.kept.images[i]
	if m := slot.Load(); m != nil {
		if err := reserve(int64(len(m.Pix))); err != nil {
			return err
		}
		to.CopyFrom(m)
		return nil
	}
	if err := r.source.Read(to, i, reserve); err != nil {
		return err
	}
	const fields = 48 // of a raster.Image
	need := int64(len(to.Pix)) + fields
	if r.kept.left.Add(-need) < 0 {
		r.kept.left.Add(need)
		return nil
	}
	own := &raster.Image{}
	own.CopyFrom(to)
	if !slot.CompareAndSwap(nil, own) { // another goroutine was faster
		r.kept.left.Add(need)
	}
	return nil
}

// Name stands for an image in errors: its path.
func (s *Files) Name(i int) string { return s.folder.Files[i].Path }

package imagefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"pare/datasets/raster"
	"pare/internal/atomicfile"
)

// A cache file holds decoded images, one after the other, all numbers little-endian:
//
//	magic, 8 bytes | digest of the source, 32 | count, uint64 | channels, uint64
//	the values of each image, height × width × channels bytes
//	for each image: height, width, CRC-32C of its values, uint32 each
//	CRC-32C of that table, uint64 | length of the file, uint64 | magic, 8 bytes
//
// The table comes last because sizes are known only when images have been decoded. A file
// that was cut off does not end with its length and the magic.
const (
	cacheName   = "pareimg"
	cacheMagic  = cacheName + "\x01" // the last byte is the version
	cacheHeader = 8 + sha256.Size + 8 + 8
	cacheEntry  = 12
	cacheFooter = 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Cache is a source of images that were decoded before, in one file. It reads them where
// they lie and holds none in memory; the file may be replaced while it is open.
type Cache struct {
	path     string
	file     io.ReaderAt
	channels int
	images   []cached
}

type cached struct {
	offset int64
	h, w   uint32
	sum    uint32
}

// OpenCache opens the cache file of a source, and makes it where there is none, it is of
// other files or options, a file has changed in size or time since, or it is damaged; the
// loader's options bound that work. progress, if not nil, is called with the number of
// images that are done.
//
// A file at the path that is neither empty nor a cache is an error: it is never replaced.
// The file appears whole or not at all. Several processes may open and make one at once:
// each reads a whole file, and the last one made stays. The error is of an image that
// cannot be read, a file that changed meanwhile, the disk, or ctx.
func OpenCache(ctx context.Context, path string, source *Files, o LoaderOptions, progress func(done int)) (*Cache, error) {
	digest := source.digest()
	if c, err := openCache(path, digest, source.Len()); err == nil {
		return c, nil
	} else if !errors.Is(err, errStale) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := writeCache(ctx, path, digest, source, o, progress); err != nil {
		return nil, err
	}
	c, err := openCache(path, digest, source.Len())
	if errors.Is(err, errStale) {
		err = fmt.Errorf("%w since it was written: another program writes it for other images; give one of the two another file", err)
	}
	return c, err
}

func writeCache(ctx context.Context, path string, digest [sha256.Size]byte, source *Files, o LoaderOptions, progress func(done int)) error {
	loader, err := NewLoader(source, o)
	if err != nil {
		return err
	}
	all := make([]int, source.Len())
	for i := range all {
		all[i] = i
	}
	channels := source.options.Channels
	if channels == 0 {
		channels = 3
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		head := append([]byte(cacheMagic), digest[:]...)
		head = binary.LittleEndian.AppendUint64(head, uint64(len(all)))
		head = binary.LittleEndian.AppendUint64(head, uint64(channels))
		if _, err := w.Write(head); err != nil {
			return err
		}
		length := int64(cacheHeader + len(all)*cacheEntry + cacheFooter)
		table := make([]byte, 0, len(all)*cacheEntry+cacheFooter)
		for im, err := range loader.Images(ctx, all, nil) {
			if err != nil {
				return err
			}
			if _, err := w.Write(im.Pix); err != nil {
				return err
			}
			length += int64(len(im.Pix))
			for _, v := range []uint32{uint32(im.H), uint32(im.W), crc32.Checksum(im.Pix, castagnoli)} {
				table = binary.LittleEndian.AppendUint32(table, v)
			}
			if progress != nil {
				progress(len(table) / cacheEntry)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		// The digest is of the files as they were listed.
		for _, f := range source.folder.Files {
			info, err := os.Stat(f.Path)
			if err != nil || f.changed(info) {
				return &Error{f.Path, errChanged}
			}
		}
		table = binary.LittleEndian.AppendUint64(table, uint64(crc32.Checksum(table, castagnoli)))
		table = binary.LittleEndian.AppendUint64(table, uint64(length))
		_, err := w.Write(append(table, cacheMagic...))
		return err
	})
}

// errStale is that a cache file is not the one that a source needs.
var errStale = errors.New("the cache has changed")

func openCache(path string, digest [sha256.Size]byte, n int) (*Cache, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{path, errors.New("the cache is not a regular file; choose another name")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	// The size of the open file: another file may have come to the path.
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, err
	}
	if err := foreign(f); err != nil {
		f.Close()
		return nil, &Error{path, err}
	}
	c, err := readCache(f, info.Size(), digest, n)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.path = path
	return c, nil
}

// foreign is the error of a file of another kind, which a cache must not replace. A file that
// has no more than the beginning of the name of caches is none.
func foreign(r io.ReaderAt) error {
	var name [len(cacheName)]byte
	n, err := r.ReadAt(name[:], 0)
	switch {
	case err != nil && err != io.EOF:
		return err
	case !strings.HasPrefix(cacheName, string(name[:n])):
		return errors.New("there is a file of another kind, which a cache of images would replace; choose another name, or delete it")
	}
	return nil
}

// readCache reads the table of a cache of n images. The error is errStale where the file
// is another cache, or none.
func readCache(r io.ReaderAt, size int64, digest [sha256.Size]byte, n int) (*Cache, error) {
	var head [cacheHeader]byte
	tableLength := int64(n)*cacheEntry + cacheFooter
	if n < 0 || n > math.MaxInt32 || size < cacheHeader+tableLength {
		return nil, errStale
	}
	table := make([]byte, tableLength)
	for _, part := range []struct {
		to []byte
		at int64
	}{{head[:], 0}, {table, size - tableLength}} {
		if _, err := r.ReadAt(part.to, part.at); err != nil {
			return nil, err
		}
	}
	if string(head[:8]) != cacheMagic || !bytes.Equal(head[8:][:sha256.Size], digest[:]) ||
		binary.LittleEndian.Uint64(head[40:]) != uint64(n) {
		return nil, errStale
	}
	channels := binary.LittleEndian.Uint64(head[48:])
	footer := table[len(table)-cacheFooter:]
	entries := table[:len(table)-cacheFooter]
	if channels != 1 && channels != 3 || string(footer[16:]) != cacheMagic ||
		binary.LittleEndian.Uint64(footer) != uint64(crc32.Checksum(entries, castagnoli)) ||
		binary.LittleEndian.Uint64(footer[8:]) != uint64(size) {
		return nil, errStale
	}
	c := &Cache{file: r, channels: int(channels), images: make([]cached, n)}
	offset := int64(cacheHeader)
	for i := range c.images {
		e := entries[i*cacheEntry:]
		im := cached{offset, binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]), binary.LittleEndian.Uint32(e[8:])}
		if im.h < 1 || im.w < 1 || im.h > maxSide || im.w > maxSide || c.length(im) > size-tableLength-offset {
			return nil, errStale
		}
		c.images[i] = im
		offset += c.length(im)
	}
	if offset != size-tableLength {
		return nil, errStale
	}
	return c, nil
}

func (c *Cache) length(im cached) int64 { return int64(im.h) * int64(im.w) * int64(c.channels) }

// Len implements Source.
func (c *Cache) Len() int { return len(c.images) }

// Reader implements Source.
func (c *Cache) Reader() Reader { return c }

// Read implements Reader. It is an error where the file was damaged since it was opened.
func (c *Cache) Read(to *raster.Image, i int, reserve func(int64) error) error {
	im := c.images[i]
	if err := reserve(c.length(im)); err != nil {
		return err
	}
	to.Reset(int(im.h), int(im.w), c.channels)
	if _, err := c.file.ReadAt(to.Pix, im.offset); err != nil {
		return &Error{c.path, fmt.Errorf("image %d of the cache: %w", i, err)}
	}
	if crc32.Checksum(to.Pix, castagnoli) != im.sum {
		return &Error{c.path, fmt.Errorf("image %d of the cache is damaged; delete the file to have it made anew", i)}
	}
	return nil
}

// Close closes the file. No image can be read afterwards.
func (c *Cache) Close() error {
	if f, ok := c.file.(io.Closer); ok {
		return f.Close()
	}
	return nil
}

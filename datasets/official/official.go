// Package official reads image datasets in the layouts in which their publishers give them
// away: CIFAR-100, EMNIST, SVHN and Tiny ImageNet. It parses files and knows nothing of
// folders of caches or of downloads; the tables of files say where they are published.
package official

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"pare/internal/unpack"
)

// File is a published file.
type File struct {
	Name string
	URL  string
	// MD5 and SHA256 are its sums in hexadecimal digits; empty: not known.
	MD5, SHA256 string
	// Sums says who gives the sums, as not all publishers do.
	Sums string
}

// Images are images as bytes with their classes: N of height H and width W with C channels,
// channels last. Channel c of pixel (row, col) of image i is Pixels[((i*H+row)*W+col)*C+c].
type Images struct {
	N, H, W, C int
	Pixels     []uint8 // N*H*W*C
	Labels     []uint8 // N, counted from 0
	// Coarse are the superclasses of CIFAR-100, counted from 0; nil elsewhere.
	Coarse []uint8
}

// find opens the first file that is in a file system under one of the folders and one of the
// names, and unpacks one that ends in .gz.
func find(fsys fs.FS, folders, names []string, read func(r io.Reader, name string) error) error {
	for _, folder := range folders {
		for _, name := range names {
			place := path.Join(folder, name)
			f, err := fsys.Open(place)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			defer f.Close()
			var r io.Reader = bufio.NewReaderSize(f, 1<<16)
			if strings.HasSuffix(name, ".gz") {
				if r, err = unpack.Gzip(r); err != nil {
					return fmt.Errorf("%s: corrupt gzip header: %w", place, err)
				}
			}
			return read(r, place)
		}
	}
	return fmt.Errorf("no file %s in the folders %s: %w", strings.Join(names, " or "), strings.Join(folders, ", "), fs.ErrNotExist)
}

// lines calls each for the lines of a text, counted from 1, without the space around them;
// empty ones are left out.
func lines(r io.Reader, name string, each func(line string) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	n := 0
	for scanner.Scan() {
		n++
		line := strings.TrimSpace(scanner.Text())
		if line == "" {
			continue
		}
		if err := each(line); err != nil {
			return fmt.Errorf("%s: line %d: %w", name, n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s: line %d: %w", name, n+1, err)
	}
	return nil
}

// atEnd refuses bytes behind the data.
func atEnd(r io.Reader, name string) error {
	var b [1]byte
	switch _, err := io.ReadFull(r, b[:]); {
	case err == nil:
		return fmt.Errorf("%s: bytes follow the data, where the file should end", name)
	case err == io.EOF:
		return nil
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}

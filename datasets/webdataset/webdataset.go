// Package webdataset reads images and labels from WebDataset shards: tar files, plain or
// gzip, in which the files of one example follow each other and have one name up to the
// first dot, such as n01/0001.jpg and n01/0001.cls.
//
// The layout is described at https://github.com/webdataset/webdataset#the-webdataset-format.
package webdataset

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pare/internal/printable"
	"pare/internal/unpack"
)

// ImageTypes are the endings of images, in lower case, that an example is searched for.
var ImageTypes = []string{"jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pnm"}

const (
	maxLabel  = 1 << 20 // bytes of a label file
	maxImage  = 1 << 28 // bytes of an image file
	maxSample = 1 << 10 // files of one example
)

// Options say which files of an example are its image and its label. The zero value searches
// for them.
type Options struct {
	// Image is the ending of images, without the dot; empty: the one of ImageTypes that an
	// example has.
	Image string
	// Label is the ending of labels; empty: cls or json, the first that an example has.
	// A file whose ending is json or ends in .json is read as JSON.
	Label string
	// Field is the field of a JSON label; empty: label, cls or class. An object inside an
	// object is named with dots: meta.label.
	Field string
	// Classes are the names of classes in their order. Labels are then these names or
	// numbers below their count. nil: labels are numbers from 0, or the names in
	// alphabetic order.
	Classes []string
	// NoLabels says that only images are wanted: labels are not read, and there are no
	// classes.
	NoLabels bool
}

// Set is the examples of one or more shards in their order. Its methods, but Close, may be
// called by several goroutines at once.
type Set struct {
	shards  []*shard
	samples []sample
	classes []string
}

type shard struct {
	name string
	r    io.ReaderAt
	file *os.File
	// scratch is the unpacked copy of a gzip shard, deleted by close.
	scratch string
}

// sample is the place of an image, and the class of the example.
type sample struct {
	shard        int32
	class        int32
	offset, size int64
	key          string
	ending       string
}

// Open reads the directories of shards, and all labels; images stay on disk and are found by
// their offsets. A gzip shard is unpacked to a temporary file, since it cannot be read at
// random, and refused where it unpacks to far more than data do (internal/unpack).
//
// Folders and files without an ending are skipped. A name that leaves the archive, a link, a
// device, a sparse file, a cut-off shard, an example that is there twice, or one without an
// image or a label is an error with the shard and the member.
func Open(paths []string, o Options) (*Set, error) {
	if len(paths) == 0 {
		return nil, errors.New("webdataset: no shards")
	}
	s := &Set{}
	var labels []label
	for _, name := range paths {
		sh, size, err := openShard(name)
		if err == nil {
			s.shards = append(s.shards, sh)
			labels, err = s.index(sh, size, labels, o)
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("webdataset: %s: %w", filepath.Base(name), err)
		}
	}
	err := s.unique()
	if err == nil && !o.NoLabels {
		err = s.number(labels, o.Classes)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("webdataset: %w", err)
	}
	return s, nil
}

// openShard opens a tar file, or unpacks a gzip one.
func openShard(name string) (sh *shard, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the error matters more
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is no regular file")
	}
	var magic [2]byte
	if n, err := f.ReadAt(magic[:], 0); n < 2 && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if magic != [2]byte{0x1f, 0x8b} {
		return &shard{name: filepath.Base(name), r: f, file: f}, info.Size(), nil
	}
	z, err := unpack.Gzip(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, 0, fmt.Errorf("corrupt gzip header: %w", err)
	}
	out, err := os.CreateTemp("", "pare-*.tar")
	if err != nil {
		return nil, 0, err
	}
	sh = &shard{name: filepath.Base(name), r: out, file: out, scratch: out.Name()}
	// Where an open file can be deleted, an interrupted program leaves none.
	if os.Remove(out.Name()) == nil {
		sh.scratch = ""
	}
	if size, err = io.Copy(out, z); err != nil {
		sh.close()
		return nil, 0, fmt.Errorf("cannot unpack it: %w", err)
	}
	_ = f.Close() // it was only read
	return sh, size, nil
}

func (sh *shard) close() {
	_ = sh.file.Close() // it was only read
	if sh.scratch != "" {
		_ = os.Remove(sh.scratch) // it is in the folder of temporary files
	}
}

// index adds the examples of a shard and their labels.
func (s *Set) index(sh *shard, size int64, labels []label, o Options) ([]label, error) {
	at := io.NewSectionReader(sh.r, 0, size)
	archive := tar.NewReader(at)
	first := len(s.samples)
	var g group
	end := func() error {
		if g.key == "" {
			return nil
		}
		smp, l, err := g.sample(sh, o)
		if err != nil {
			return fmt.Errorf("example %q: %w", g.key, err)
		}
		smp.shard = int32(len(s.shards) - 1)
		s.samples = append(s.samples, smp)
		l.key, l.shard = g.key, sh.name
		labels = append(labels, l)
		return nil
	}
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			pos, _ := at.Seek(0, io.SeekCurrent) // of a section: no error
			return nil, fmt.Errorf("cut off or no tar file, near byte %d: %w", pos, err)
		}
		offset, _ := at.Seek(0, io.SeekCurrent) // of a section: no error
		ok, err := wanted(h, offset, size)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", h.Name, err)
		}
		if !ok {
			continue
		}
		key, ending, ok := split(h.Name)
		if !ok {
			continue
		}
		if key != g.key {
			if err := end(); err != nil {
				return nil, err
			}
			g = group{key: key}
		}
		if len(g.parts) == maxSample {
			return nil, fmt.Errorf("example %q has more than %d files", key, maxSample)
		}
		if g.find(ending) != nil {
			return nil, fmt.Errorf("member %q is there twice", h.Name)
		}
		g.parts = append(g.parts, part{ending: ending, offset: offset, size: h.Size})
	}
	if err := end(); err != nil {
		return nil, err
	}
	if len(s.samples) == first {
		return nil, errors.New("the shard has no examples")
	}
	return labels, nil
}

// wanted reports whether a member can be part of an example.
func wanted(h *tar.Header, offset, size int64) (bool, error) {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return false, nil
	}
	if name := path.Clean(h.Name); !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return false, errors.New("its name is no plain path below the archive")
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return false, nil
	case tar.TypeReg:
	case tar.TypeLink, tar.TypeSymlink:
		return false, fmt.Errorf("it is a link to %q; pack the files themselves (tar --dereference)", h.Linkname)
	case tar.TypeGNUSparse:
		return false, errors.New("it is a sparse file; pack it without --sparse")
	default:
		return false, errors.New("it is no regular file")
	}
	for record := range h.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return false, errors.New("it is a sparse file; pack it without --sparse")
		}
	}
	if h.Size > size-offset {
		return false, fmt.Errorf("cut off: expected %d bytes at byte %d of the archive, found %d", h.Size, offset, size-offset)
	}
	return true, nil
}

// split is the key and the ending of a member: its name up to the first dot behind the last
// slash, and the rest, in lower case. Files without one of them, and those called __…__,
// which WebDataset keeps for itself, belong to no example.
func split(name string) (key, ending string, ok bool) {
	name = path.Clean(name)
	folder, base := path.Split(name)
	key, ending, ok = strings.Cut(base, ".")
	reserved := strings.HasPrefix(key, "__") && strings.HasSuffix(key, "__")
	return folder + key, strings.ToLower(ending), ok && key != "" && ending != "" && !reserved && !strings.HasPrefix(folder, "__MACOSX/")
}

// group is the files of one example.
type group struct {
	key   string
	parts []part
}

type part struct {
	ending       string
	offset, size int64
}

// find is the first file with one of the endings; nil: there is none.
func (g *group) find(endings ...string) *part {
	for _, ending := range endings {
		for i := range g.parts {
			if g.parts[i].ending == ending {
				return &g.parts[i]
			}
		}
	}
	return nil
}

// endings lists the endings of the group for an error.
func (g *group) endings() string {
	var out []string
	for i, p := range g.parts {
		if i == 8 {
			out = append(out, "…")
			break
		}
		out = append(out, "."+printable.Text(p.ending))
	}
	return strings.Join(out, ", ")
}

// sample finds image and label, and reads the label.
func (g *group) sample(sh *shard, o Options) (sample, label, error) {
	images := ImageTypes
	if o.Image != "" {
		images = []string{strings.ToLower(strings.TrimPrefix(o.Image, "."))}
	}
	image := g.find(images...)
	if image == nil {
		return sample{}, label{}, fmt.Errorf("it has no image (.%s), only %s", strings.Join(images, ", ."), g.endings())
	}
	if image.size > maxImage {
		return sample{}, label{}, fmt.Errorf("its image takes %d bytes, more than %d", image.size, maxImage)
	}
	found := sample{key: g.key, ending: image.ending, offset: image.offset, size: image.size}
	if o.NoLabels {
		return found, label{}, nil
	}
	endings := []string{"cls", "json"}
	if o.Label != "" {
		endings = []string{strings.ToLower(strings.TrimPrefix(o.Label, "."))}
	}
	p := g.find(endings...)
	if p == nil {
		return sample{}, label{}, fmt.Errorf("it has no label (.%s), only %s", strings.Join(endings, ", ."), g.endings())
	}
	if p.size > maxLabel {
		return sample{}, label{}, fmt.Errorf("its label .%s takes %d bytes, more than %d", printable.Text(p.ending), p.size, maxLabel)
	}
	data := make([]byte, p.size)
	if _, err := sh.r.ReadAt(data, p.offset); err != nil && !errors.Is(err, io.EOF) {
		return sample{}, label{}, err
	}
	var l label
	var err error
	if p.ending == "json" || strings.HasSuffix(p.ending, ".json") {
		l.text, err = fromJSON(data, o.Field)
	} else {
		l.text = strings.TrimSpace(string(data))
	}
	switch {
	case err != nil:
	case l.text == "":
		err = errors.New("it is empty")
	case strings.ContainsAny(l.text, "\r\n\x00"):
		err = errors.New("it has several lines")
	}
	if err != nil {
		return sample{}, label{}, fmt.Errorf("its label .%s: %w", printable.Text(p.ending), err)
	}
	return found, l, nil
}

// label is the text of a label and the example it belongs to.
type label struct {
	text       string
	key, shard string
}

// fromJSON is the label in a JSON text: a number or string, or a field of an object.
func fromJSON(data []byte, field string) (string, error) {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	if _, object := v.(map[string]any); object {
		names := []string{"label", "cls", "class"}
		if field != "" {
			names = []string{field}
		}
		found := false
		for _, name := range names {
			if inner, ok := lookup(v, strings.Split(name, ".")); ok {
				v, found = inner, true
				break
			}
		}
		if !found {
			return "", fmt.Errorf("it has no field %s", strings.Join(names, ", "))
		}
	}
	switch v := v.(type) {
	case json.Number:
		return v.String(), nil
	case string:
		return strings.TrimSpace(v), nil
	}
	return "", errors.New("it is neither a number nor a text")
}

// lookup follows the names of fields into an object.
func lookup(v any, names []string) (any, bool) {
	for _, name := range names {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// unique refuses examples that are there twice.
func (s *Set) unique() error {
	type place struct {
		shard int32 // each may count its examples from 0
		key   string
	}
	seen := make(map[place]bool, len(s.samples))
	for i := range s.samples {
		smp := &s.samples[i]
		p := place{smp.shard, smp.key}
		if seen[p] {
			return fmt.Errorf("%s: example %q is there twice, or its files do not follow each other", s.shards[smp.shard].name, smp.key)
		}
		seen[p] = true
	}
	return nil
}

// number gives every example its class.
func (s *Set) number(labels []label, classes []string) error {
	const most = 1 << 20
	index := map[string]int32{}
	for i, name := range classes {
		if _, twice := index[name]; twice {
			return fmt.Errorf("two classes are called %q", name)
		}
		index[name] = int32(i)
	}
	numbers := classes == nil
	for _, l := range labels {
		if _, err := strconv.Atoi(l.text); err != nil {
			numbers = false
			break
		}
	}
	if classes == nil && !numbers {
		for _, l := range labels {
			if _, ok := index[l.text]; !ok {
				index[l.text] = 0
				classes = append(classes, l.text)
			}
		}
		slices.Sort(classes)
		for i, name := range classes {
			index[name] = int32(i)
		}
	}
	count := len(classes)
	if numbers {
		count = most
	}
	for i, l := range labels {
		class, ok := index[l.text]
		if !ok {
			v, err := strconv.Atoi(l.text)
			switch {
			case err != nil:
				return fmt.Errorf("%s: example %q: label %q is none of the %d classes", l.shard, l.key, l.text, len(classes))
			case v < 0 || v >= count:
				return fmt.Errorf("%s: example %q: label %d is not from 0 to %d", l.shard, l.key, v, count-1)
			}
			class = int32(v)
		}
		s.samples[i].class = class
	}
	if numbers {
		highest := int32(0)
		for i := range s.samples {
			highest = max(highest, s.samples[i].class)
		}
		for i := range highest + 1 {
			classes = append(classes, strconv.Itoa(int(i)))
		}
	}
	s.classes = classes
	return nil
}

// Len is the number of examples.
func (s *Set) Len() int { return len(s.samples) }

// Classes are the names of the classes; labels that are numbers are their own names.
func (s *Set) Classes() []string { return s.classes }

// Class is the index into Classes of an example, counted from 0.
func (s *Set) Class(i int) int { return int(s.samples[i].class) }

// Name is the shard and member of an example's image, for errors.
func (s *Set) Name(i int) string {
	smp := &s.samples[i]
	return printable.Text(fmt.Sprintf("%s: %s.%s", s.shards[smp.shard].name, smp.key, smp.ending))
}

// Image returns the bytes of an example's image as they are stored, in the format that the
// ending of Name says. They are appended to buf.
func (s *Set) Image(i int, buf []byte) ([]byte, error) {
	if i < 0 || i >= len(s.samples) {
		return nil, fmt.Errorf("webdataset: example %d is not among %d", i, len(s.samples))
	}
	smp := &s.samples[i]
	buf = slices.Grow(buf, int(smp.size))
	out := buf[len(buf) : len(buf)+int(smp.size)]
	if n, err := s.shards[smp.shard].r.ReadAt(out, smp.offset); n < len(out) {
		return nil, fmt.Errorf("webdataset: %s: read %d bytes at byte %d: %w", s.Name(i), len(out), smp.offset, err)
	}
	return buf[:len(buf)+len(out)], nil
}

// Close closes the shards and deletes unpacked copies.
func (s *Set) Close() {
	for _, sh := range s.shards {
		sh.close()
	}
	s.shards, s.samples = nil, nil
}

package parquet

import (
	"container/list"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/parquet-go/parquet-go/format"

	"pare/internal/printable"
)

// ImageOptions name the columns of images. The zero value is the layout of Hugging Face.
type ImageOptions struct {
	// Image is the column of the images, of bytes or a structure with bytes in it; empty: image,
	// or the only one that the metadata call an image.
	Image string
	// Label is the column of the classes, of integers or text; empty: label, or the only one
	// that the metadata call a class label.
	Label string
	// NoLabels says that only images are wanted: labels are not read, and there are no
	// classes.
	NoLabels bool
	// Cache is how many bytes of unpacked pages are kept for the next image; 0: 64 MiB.
	Cache int64
}

// Images are the images in one or more Parquet files, the shards of a dataset, in their
// order. Images stay in the files: one is read with the page it lies in, usually about a
// megabyte, and a cache keeps the pages read last. So examples in the order of the files are
// cheap, and each one at random costs a page. Its methods, but Close, may be called by
// several goroutines at once.
type Images struct {
	shards  []*shard
	starts  []int // the first example of each shard
	labels  []int32
	classes []string

	mu    sync.Mutex
	most  int64
	held  int64
	pages map[pageKey]*list.Element // of *heldPage
	used  list.List                 // the one used last at the front
}

// shard is a file of images with its pages.
type shard struct {
	name   string
	file   *os.File
	f      *File
	chunks []*chunk
	// Page k of the file begins at row first[k]; it is page[k] of chunks[chunk[k]].
	first       []int
	chunk, page []int
}

type pageKey struct{ shard, page int }

// heldPage is a page in the cache, or the dictionary of chunk c, whose key has the page −1−c.
type heldPage struct {
	key   pageKey
	rows  *rows
	words *values
	bytes int64
}

// OpenImages opens shards and reads all labels. Their classes are named in the metadata of
// the shards, where Hugging Face keeps them, and must be the same in all; without names
// labels are numbers from 0 or texts, whose classes are in alphabetic order.
func OpenImages(paths []string, o ImageOptions) (*Images, error) {
	if len(paths) == 0 {
		return nil, errors.New("parquet: no shards of images")
	}
	m := newImages(o.Cache)
	var texts []string
	textual := false
	var named *shard // the first one, with the names of classes
	for _, path := range paths {
		s := &shard{name: filepath.Base(path)}
		m.shards = append(m.shards, s)
		names, more, err := m.open(s, path, o)
		if err == nil && named != nil && !slices.Equal(names, m.classes) {
			err = fmt.Errorf("its metadata name %d classes that are not those of %s", len(names), named.name)
		}
		if err == nil && named != nil && (more != nil) != textual {
			err = fmt.Errorf("its labels are of another type than those of %s", named.name)
		}
		if err != nil {
			m.Close()
			return nil, fmt.Errorf("parquet: %s: %w", s.name, err)
		}
		if named == nil {
			named, m.classes, textual = s, names, more != nil
		}
		texts = append(texts, more...)
	}
	if err := m.number(texts); err != nil {
		m.Close()
		return nil, fmt.Errorf("parquet: %w", err)
	}
	if o.NoLabels {
		m.classes = nil
	}
	return m, nil
}

// newImages are no images, with a cache of so many bytes.
func newImages(cache int64) *Images {
	if cache == 0 {
		cache = 64 << 20
	}
	return &Images{most: cache, pages: map[pageKey]*list.Element{}}
}

// open opens a shard, and returns its names of classes and its labels where they are texts.
func (m *Images) open(s *shard, path string, o ImageOptions) (names, texts []string, err error) {
	if s.file, err = os.Open(path); err != nil {
		return nil, nil, err
	}
	info, err := s.file.Stat()
	if err != nil {
		return nil, nil, err
	}
	return m.add(s, s.file, info.Size(), o)
}

// add reads the footer, the places of images and the labels of a shard.
func (m *Images) add(s *shard, r io.ReaderAt, size int64, o ImageOptions) (names, texts []string, err error) {
	if s.f, err = Open(r, size); err != nil {
		return nil, nil, err
	}
	features, err := s.f.features()
	if err != nil {
		return nil, nil, err
	}
	image, err := s.f.pick(o.Image, "image", features, "Image")
	if err != nil {
		return nil, nil, err
	}
	label := ""
	if !o.NoLabels {
		if label, err = s.f.pick(o.Label, "label", features, "ClassLabel"); err != nil {
			return nil, nil, err
		}
	}
	if err := s.f.bound(2); err != nil {
		return nil, nil, err
	}
	if err := s.index(image); err != nil {
		return nil, nil, err
	}
	m.starts = append(m.starts, len(m.labels))
	if o.NoLabels {
		m.labels = append(m.labels, make([]int32, s.f.Rows())...)
		return nil, nil, nil
	}
	names = features[label].Names
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, nil, fmt.Errorf("the metadata call two classes %q", name)
		}
	}
	texts, err = m.readLabels(s, label, names)
	return names, texts, err
}

// feature is the type of a column in the metadata of Hugging Face.
type feature struct {
	Type  string   `json:"_type"`
	Names []string `json:"names"`
}

// features are the columns in the metadata of Hugging Face
// (https://huggingface.co/docs/datasets/about_dataset_features); none where there are none.
func (f *File) features() (map[string]feature, error) {
	text, ok := f.Metadata("huggingface")
	if !ok {
		return nil, nil
	}
	var meta struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return nil, fmt.Errorf("metadata of Hugging Face: %w", err)
	}
	out := map[string]feature{}
	for name, raw := range meta.Info.Features {
		var ft feature
		// Lists of features are JSON lists: no image and no class.
		if json.Unmarshal(raw, &ft) == nil {
			out[name] = ft
		}
	}
	return out, nil
}

// pick is the name of a column: the given one, else the usual one, else the only one that
// the metadata give the kind.
func (f *File) pick(given, usual string, features map[string]feature, kind string) (string, error) {
	names := f.Names()
	if given != "" {
		if !slices.Contains(names, given) {
			return "", fmt.Errorf("no column %q; there are %q", given, few(names))
		}
		return given, nil
	}
	if slices.Contains(names, usual) {
		return usual, nil
	}
	var found []string
	for _, name := range names {
		if features[name].Type == kind {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("no column %q; say which of %q it is", usual, few(names))
	}
	return found[0], nil
}

// few are the first of many names.
func few(names []string) []string {
	const most = 8
	if len(names) > most {
		return append(names[:most:most], "…")
	}
	return names
}

// index finds the pages of the images.
func (s *shard) index(image string) error {
	var l *leaf
	for _, c := range s.f.under(image) {
		if len(c.path) == 1 || len(c.path) == 2 && c.path[1] == "bytes" {
			l = c
		}
	}
	if l == nil || l.rep > 0 || l.element.Type.V != format.ByteArray {
		return fmt.Errorf("column %s is neither bytes nor a structure with bytes in it", printable.Text(image))
	}
	for g := range s.f.meta.RowGroups {
		c, err := s.f.chunk(l, g)
		if err != nil {
			return err
		}
		s.chunks = append(s.chunks, c)
		for k := range c.pages {
			s.first, s.chunk, s.page = append(s.first, c.pages[k].row), append(s.chunk, g), append(s.page, k)
		}
	}
	return nil
}

// readLabels appends the labels of a shard that are numbers, and returns those that are
// texts.
func (m *Images) readLabels(s *shard, label string, names []string) ([]string, error) {
	c, err := s.f.column(label)
	if err != nil {
		return nil, err
	}
	label = printable.Text(label)
	if c.Numbers == nil {
		if names != nil {
			return nil, fmt.Errorf("column %s is of text, though the metadata name classes for numbers", label)
		}
		texts := make([]string, len(c.Codes))
		for i, code := range c.Codes {
			if texts[i] = c.Levels[code]; texts[i] == "" {
				return nil, fmt.Errorf("row %d, column %s: no label", i+1, label)
			}
		}
		m.labels = append(m.labels, make([]int32, len(texts))...)
		return texts, nil
	}
	count := 1 << 20
	if names != nil {
		count = len(names)
	}
	for i, v := range c.Numbers {
		switch {
		case math.IsNaN(v):
			return nil, fmt.Errorf("row %d, column %s: no label", i+1, label)
		case v != math.Trunc(v) || v < 0 || v >= float64(count):
			return nil, fmt.Errorf("row %d, column %s: label %v is not a whole number from 0 to %d", i+1, label, v, count-1)
		}
		m.labels = append(m.labels, int32(v))
	}
	return nil, nil
}

// number gives texts their classes, and classes without names their numbers.
func (m *Images) number(texts []string) error {
	if texts != nil {
		m.classes = slices.Compact(slices.Sorted(slices.Values(texts)))
		for i, t := range texts {
			k, _ := slices.BinarySearch(m.classes, t)
			m.labels[i] = int32(k)
		}
	}
	if len(m.labels) == 0 {
		return errors.New("the shards have no rows")
	}
	if m.classes == nil {
		for i := range slices.Max(m.labels) + 1 {
			m.classes = append(m.classes, strconv.Itoa(int(i)))
		}
	}
	return nil
}

// Len is the number of images.
func (m *Images) Len() int { return len(m.labels) }

// Classes are the names of the classes.
func (m *Images) Classes() []string { return m.classes }

// Class is the index into Classes of an image, counted from 0.
func (m *Images) Class(i int) int { return int(m.labels[i]) }

// Name is the shard and the row, counted from 1, of an image, for errors.
func (m *Images) Name(i int) string {
	k, row := m.place(i)
	return fmt.Sprintf("%s: row %d", m.shards[k].name, row+1)
}

// place is the shard of an image and its row there, counted from 0.
func (m *Images) place(i int) (shard, row int) {
	k, found := slices.BinarySearch(m.starts, i)
	if !found {
		k--
	}
	for k+1 < len(m.starts) && m.starts[k+1] == i { // shards before it are empty
		k++
	}
	return k, i - m.starts[k]
}

// Image returns the bytes of an image as they are stored, a file of JPEG or another format.
// They are appended to buf.
func (m *Images) Image(i int, buf []byte) ([]byte, error) {
	if i < 0 || i >= len(m.labels) {
		return nil, fmt.Errorf("parquet: image %d is not among %d", i, len(m.labels))
	}
	k, row := m.place(i)
	s := m.shards[k]
	at, found := slices.BinarySearch(s.first, row)
	if !found {
		at--
	}
	r, err := m.load(k, at)
	if err != nil {
		return nil, fmt.Errorf("parquet: %s: %w", s.name, err)
	}
	p := r.place(row - s.first[at])
	if p < 0 {
		return nil, fmt.Errorf("parquet: %s: the image has no bytes; images in other files, to which a path points, are not read", m.Name(i))
	}
	return append(buf, r.values.bytes[p]...), nil
}

// load is a page of a shard, from the cache or from the file.
func (m *Images) load(shard, at int) (*rows, error) {
	s := m.shards[shard]
	key := pageKey{shard, at}
	if h := m.cached(key); h != nil {
		return h.rows, nil
	}
	c := s.chunks[s.chunk[at]]
	var dictionary *values
	if c.dictionary != nil {
		words := pageKey{shard, -1 - s.chunk[at]}
		if h := m.cached(words); h != nil {
			dictionary = h.words
		} else {
			var err error
			if dictionary, err = c.readDictionary(); err != nil {
				return nil, err
			}
			m.keep(&heldPage{key: words, words: dictionary, bytes: int64(c.dictionary.size + 24*c.dictionary.values)})
		}
	}
	r, err := c.read(&c.pages[s.page[at]], dictionary)
	if err != nil {
		return nil, err
	}
	m.keep(&heldPage{key: key, rows: r, bytes: int64(r.bytes)})
	return r, nil
}

// cached is a page in the cache; nil: it is not there.
func (m *Images) cached(key pageKey) *heldPage {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.pages[key]
	if !ok {
		return nil
	}
	m.used.MoveToFront(e)
	return e.Value.(*heldPage)
}

// keep puts a page into the cache, and drops the pages that were used longest ago.
func (m *Images) keep(h *heldPage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.pages[h.key]; ok {
		return // another goroutine was faster
	}
	m.pages[h.key] = m.used.PushFront(h)
	m.held += h.bytes
	for m.held > m.most && m.used.Len() > 1 {
		last := m.used.Remove(m.used.Back()).(*heldPage)
		delete(m.pages, last.key)
		m.held -= last.bytes
	}
}

// Close closes the files.
func (m *Images) Close() {
	for _, s := range m.shards {
		if s.file != nil {
			_ = s.file.Close() // it was only read
		}
	}
}

package imagefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pare/datasets/raster"
	"pare/internal/hostile"
)

// pngs is the source of n small images of different sizes in a new folder.
func pngs(t testing.TB, n int, o Options) *Files {
	t.Helper()
	root := t.TempDir()
	for i := range n {
		var buf bytes.Buffer
		if err := png.Encode(&buf, photo(3+i%4, 5, uint64(i))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, []string{"a", "b"}[i*2/n], fmt.Sprintf("%02d.png", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return listed(t, root, o)
}

func listed(t testing.TB, root string, o Options) *Files {
	t.Helper()
	folder, err := ListFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewFiles(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contents are all images of a source.
func contents(t testing.TB, s Source) []raster.Image {
	t.Helper()
	out := make([]raster.Image, s.Len())
	r := s.Reader()
	for i := range out {
		if err := r.Read(&out[i], i, func(int64) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func same(a, b []raster.Image) bool {
	return slices.EqualFunc(a, b, func(a, b raster.Image) bool {
		return a.H == b.H && a.W == b.W && a.C == b.C && bytes.Equal(a.Pix, b.Pix)
	})
}

// open opens a cache and says whether it was made.
func open(t testing.TB, path string, s *Files) (*Cache, bool) {
	t.Helper()
	made := 0
	c, err := OpenCache(t.Context(), path, s, LoaderOptions{Workers: 2}, func(done int) { made = done })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if made != 0 && made != s.Len() {
		t.Errorf("progress ended at %d of %d", made, s.Len())
	}
	return c, made > 0
}

func TestCache(t *testing.T) {
	for _, o := range []Options{{}, {Channels: 1}, {Height: 4, Width: 6}} {
		s := pngs(t, 10, o)
		path := filepath.Join(t.TempDir(), "images.cache")
		want := contents(t, s)
		c, made := open(t, path, s)
		if !made || !same(contents(t, c), want) {
			t.Errorf("%+v: made %v, or other images", o, made)
		}
		c, made = open(t, path, s)
		if made || !same(contents(t, c), want) {
			t.Errorf("%+v: made again %v, or other images", o, made)
		}
	}
}

// TestCacheStale: the cache is made anew after each change of the images, and only then.
func TestCacheStale(t *testing.T) {
	s := pngs(t, 6, Options{})
	root := s.folder.Root
	path := filepath.Join(t.TempDir(), "images.cache")
	first := s.folder.Files[0].Path
	open(t, path, s)
	later := func() error { return os.Chtimes(first, time.Time{}, time.Now().Add(time.Hour)) }
	for _, c := range []struct {
		name   string
		change func() error
		o      Options
		stale  bool
	}{
		{"nothing", func() error { return nil }, Options{}, false},
		{"touched", later, Options{}, true},
		{"other options", func() error { return nil }, Options{Channels: 1}, true},
		{"back", func() error { return nil }, Options{}, true},
		{"renamed", func() error { return os.Rename(first, first[:len(first)-6]+"00b.png") }, Options{}, true},
		{"another file", func() error { return os.Link(s.folder.Files[1].Path, filepath.Join(root, "b/x.png")) }, Options{}, true},
		{"a file less", func() error { return os.Remove(s.folder.Files[1].Path) }, Options{}, true},
		{"readme", func() error { return os.WriteFile(filepath.Join(root, "readme"), nil, 0o644) }, Options{}, false},
		{"nothing again", func() error { return nil }, Options{}, false},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		now := listed(t, root, c.o)
		cache, made := open(t, path, now)
		if made != c.stale || !same(contents(t, cache), contents(t, now)) {
			t.Errorf("%s: made %v, want %v, or other images", c.name, made, c.stale)
		}
	}
	// The folder may move.
	moved := root + "-moved"
	if err := os.Rename(root, moved); err != nil {
		t.Fatal(err)
	}
	if _, made := open(t, path, listed(t, moved, Options{})); made {
		t.Error("made anew for a folder that moved")
	}
	os.RemoveAll(moved)
}

// TestCacheDamaged: a cache that is cut off or changed anywhere is made anew when it is
// opened, or the image is refused when it is read.
func TestCacheDamaged(t *testing.T) {
	s := pngs(t, 4, Options{Height: 2, Width: 3})
	path := filepath.Join(t.TempDir(), "images.cache")
	c, _ := open(t, path, s)
	want := contents(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	digest := s.digest()
	read := func(data []byte) error {
		c, err := readCache(bytes.NewReader(data), int64(len(data)), digest, s.Len())
		if err != nil {
			return err
		}
		for i := range c.Len() {
			var im raster.Image
			if err := c.Read(&im, i, func(int64) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := read(whole[:n]); !errors.Is(err, errStale) {
			t.Errorf("cut off after %d of %d: %v", n, len(whole), err)
		}
		whole[n] ^= 0x10
		if err := read(whole); err == nil {
			t.Errorf("byte %d changed: no error", n)
		}
		whole[n] ^= 0x10
	}
	if err := os.Truncate(path, int64(len(whole)-5)); err != nil {
		t.Fatal(err)
	}
	if again, made := open(t, path, s); !made || !same(contents(t, again), want) {
		t.Error("a cache that was cut off is not made anew")
	}
	if c.path == "" {
		t.Error("a cache without its path")
	}
}

// TestCacheWriters: several at once end with one whole file, and each reads the right
// images.
func TestCacheWriters(t *testing.T) {
	s := pngs(t, 12, Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "images.cache")
	want := contents(t, s)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			c, err := OpenCache(t.Context(), path, s, LoaderOptions{Workers: 2}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if !same(contents(t, c), want) {
				t.Error("other images")
			}
		})
	}
	all.Wait()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want one file", entries, err)
	}
}

// TestCacheFails: no file, and no part of one, is left behind an error.
func TestCacheFails(t *testing.T) {
	s := pngs(t, 6, Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "images.cache")
	try := func(want string) {
		t.Helper()
		_, err := OpenCache(t.Context(), path, s, LoaderOptions{}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, want)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%v is left", entries)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenCache(ctx, path, s, LoaderOptions{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	third := s.folder.Files[3].Path
	if err := os.Chtimes(third, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	try("03.png: the file changed while it was read")
	if err := os.WriteFile(third, []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	s = listed(t, s.folder.Root, Options{})
	try(third + `: no PNG, JPEG, GIF, WebP or BMP image: the file begins with "no image"`)
	for path, want := range map[string]string{filepath.Join(dir, "none", "c"): "there is no folder", dir: "not a regular file"} {
		if _, err := OpenCache(t.Context(), path, s, LoaderOptions{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestCacheForeign: a file of another kind stays as it is; an empty one is replaced.
func TestCacheForeign(t *testing.T) {
	s := pngs(t, 3, Options{})
	path := filepath.Join(t.TempDir(), "photo.png")
	for _, content := range []string{"x", "a,b\n1,2\n", strings.Repeat("pareimage", 20)} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := OpenCache(t.Context(), path, s, LoaderOptions{}, nil)
		want := path + ": there is a file of another kind, which a cache of images would replace; choose another name, or delete it"
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%q became %q, %v", content, now, err)
		}
	}
	for _, content := range []string{"", "pare", cacheMagic} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, made := open(t, path, s); !made {
			t.Errorf("%q is not replaced", content)
		}
	}
}

func FuzzCache(f *testing.F) {
	s := pngs(f, 3, Options{Height: 2, Width: 3})
	path := filepath.Join(f.TempDir(), "images.cache")
	open(f, path, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, uint16(3))
	f.Add(whole[:len(whole)-1], uint16(3))
	f.Add([]byte(cacheMagic), uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, n uint16) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 4 << 20, Ratio: 100}, func() {
			var digest [sha256.Size]byte
			if len(data) >= cacheHeader {
				copy(digest[:], data[8:])
			}
			c, err := readCache(bytes.NewReader(data), int64(len(data)), digest, int(n))
			if err != nil {
				return
			}
			for i := range c.Len() {
				var im raster.Image
				if err := c.Read(&im, i, func(int64) error { return nil }); err == nil && len(im.Pix) != im.H*im.W*im.C {
					t.Fatalf("image %d: %d values of %d×%d×%d", i, len(im.Pix), im.H, im.W, im.C)
				}
			}
		})
	})
}

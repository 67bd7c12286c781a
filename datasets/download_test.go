package datasets

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// server gives a small dataset to download, its server's handler being replaceable, and a
// fresh cache.
func server(t *testing.T, handler func(file string, data []byte, w http.ResponseWriter)) (d idxSource, cache string) {
	t.Helper()
	files := map[string][]byte{}
	d = idxSource{folder: "tiny", classes: mnist.classes}
	for i, dims := range [4][]int{{20, 2, 2}, {20}, {5, 2, 2}, {5}} {
		magic := uint32(idxImages)
		if len(dims) == 1 {
			magic = idxLabels
		}
		data := gzipped(t, idxBytes(magic, dims...))
		files[idxFiles[i]+".gz"] = data
		d.md5[i] = md5Hex(data)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/data/")
		data, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if handler != nil {
			handler(name, data, w)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	d.baseURL = s.URL + "/data/"
	cache = t.TempDir()
	t.Setenv("PARE_CACHE", cache)
	return d, cache
}

// cached lists the files anywhere under the cache.
func cached(t *testing.T, cache string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(cache, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestDownload(t *testing.T) {
	requests := 0
	d, cache := server(t, func(_ string, data []byte, w http.ResponseWriter) {
		requests++
		_, _ = w.Write(data)
	})
	var last, total int64
	o := Options{Progress: func(what string, done, all int64) {
		if strings.HasPrefix(what, "tiny: ") {
			last, total = done, all
		}
	}}
	for range 2 {
		set, err := (&MNIST{}).load(t.Context(), d, o)
		if err != nil {
			t.Fatal(err)
		}
		if set.Train.Len() != 20 || set.Test.Len() != 5 {
			t.Errorf("sizes %d, %d", set.Train.Len(), set.Test.Len())
		}
	}
	if requests != 4 || len(cached(t, cache)) != 4 {
		t.Errorf("%d requests and files %q, want 4 of each", requests, cached(t, cache))
	}
	if last == 0 || last != total {
		t.Errorf("last progress %d of %d", last, total)
	}

	damaged := filepath.Join(cache, "tiny", idxFiles[0]+".gz")
	put(t, damaged, []byte("damaged"))
	no := false
	_, err := (&MNIST{Files: Files{Download: &no}}).load(t.Context(), d, Options{})
	wantError(t, err, damaged, "damaged", "downloads are off", "data.dir")
	if _, err := (&MNIST{}).load(t.Context(), d, Options{}); err != nil || requests != 5 {
		t.Errorf("damaged file was not replaced: %d requests, %v", requests, err)
	}
	if err := os.Remove(damaged); err != nil {
		t.Fatal(err)
	}
	_, err = (&MNIST{Files: Files{Download: &no}}).load(t.Context(), d, Options{})
	wantError(t, err, damaged, "missing", "downloads are off", "data.dir")
}

func TestDownloadFailures(t *testing.T) {
	for name, c := range map[string]struct {
		handler func(string, []byte, http.ResponseWriter)
		want    string
	}{
		"checksum": {func(_ string, data []byte, w http.ResponseWriter) {
			_, _ = w.Write(append([]byte("x"), data[1:]...))
		}, "MD5"},
		"truncated": {func(_ string, data []byte, w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(data)
		}, "broke off"},
		"short without a length": {func(_ string, data []byte, w http.ResponseWriter) {
			_, _ = w.Write(data[:10])
			w.(http.Flusher).Flush()
		}, "10 bytes with MD5"},
		"missing": {func(_ string, _ []byte, w http.ResponseWriter) {
			http.Error(w, "gone", http.StatusNotFound)
		}, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			d, cache := server(t, c.handler)
			_, err := (&MNIST{}).load(t.Context(), d, Options{})
			wantError(t, err, c.want, d.baseURL+idxFiles[0]+".gz", filepath.Join(cache, "tiny"), "data.dir")
			if files := cached(t, cache); len(files) != 0 {
				t.Errorf("the cache holds %q", files)
			}
		})
	}
	d, cache := server(t, nil)
	d.baseURL = "http://127.0.0.1:1/"
	_, err := (&MNIST{}).load(t.Context(), d, Options{})
	wantError(t, err, "http://127.0.0.1:1/", cache, "data.dir")
}

func TestDownloadCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan bool)
	defer close(release)
	d, cache := server(t, func(_ string, data []byte, w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(data[:10])
		w.(http.Flusher).Flush()
		cancel()
		select {
		case <-release:
		case <-time.After(10 * time.Second):
		}
	})
	_, err := (&MNIST{}).load(ctx, d, Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context", err)
	}
	if files := cached(t, cache); len(files) != 0 {
		t.Errorf("the cache holds %q", files)
	}
}

func TestCIFARArchive(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range append(cifarFiles[:], "readme.html") {
		data := cifarBytes(3)
		if err := w.WriteHeader(&tar.Header{Name: cifarFolder + "/" + f, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := gzipped(t, buf.Bytes())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(packed) }))
	defer s.Close()
	t.Setenv("PARE_CACHE", t.TempDir())
	d := cifarSource{baseURL: s.URL + "/", md5: md5Hex(packed), records: 3}
	set, err := d.load(t.Context(), Files{}, Options{})
	if err != nil || set.Train.Len() != 15 || set.Test.Len() != 3 {
		t.Fatalf("Load: %v", err)
	}

	dir := t.TempDir()
	put(t, filepath.Join(dir, cifarArchive), packed[:len(packed)/2])
	_, err = d.load(t.Context(), Files{Dir: dir}, Options{})
	wantError(t, err, cifarArchive, "gzip")
	put(t, filepath.Join(dir, cifarArchive), gzipped(t, buf.Bytes()[:cifarRecord*6]))
	_, err = d.load(t.Context(), Files{Dir: dir}, Options{})
	wantError(t, err, cifarArchive)
}

func TestCacheDir(t *testing.T) {
	t.Setenv("PARE_CACHE", "/some/where")
	if dir, err := CacheDir(); err != nil || dir != "/some/where" {
		t.Errorf("CacheDir() = %q, %v", dir, err)
	}
}

package datasets

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"pare/internal/atomicfile"
)

// remoteFile is a file on a server, known by its MD5 sum. The sums are the ones that the
// publishers give, and guard against damage.
type remoteFile struct {
	url  string
	name string // in the cache
	md5  string
}

// client gives up on a server that does not answer; a transfer may take as long as it does.
var client = func() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{Transport: t}
}()

// fetch makes sure that the dataset's folder of the cache has the files, whole, and returns
// that folder. Files with the right sum are not downloaded again.
func fetch(ctx context.Context, dataset string, files []remoteFile, o Options) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, dataset)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return "", fmt.Errorf("datasets: %s: %w", dataset, err)
		}
		path := filepath.Join(dir, f.name)
		sum, err := fileMD5(path)
		if err == nil && sum == f.md5 {
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("datasets: %s: %w", dataset, err)
		}
		if !o.mayDownload() {
			what := "is missing"
			if err == nil {
				what = "is damaged (MD5 " + sum + ", want " + f.md5 + ")"
			}
			return "", fmt.Errorf("datasets: %s: %s %s and downloads are off; allow them, or set data.dir to a folder with the official files", dataset, path, what)
		}
		if err := download(ctx, dataset, f, path, o.Progress); err != nil {
			return "", fmt.Errorf("datasets: %s: cannot download %s to the cache folder %s: %w; set data.dir to a folder with the official files to do without", dataset, f.url, dir, err)
		}
	}
	return dir, nil
}

func download(ctx context.Context, dataset string, f remoteFile, path string, progress func(string, int64, int64)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		// The URL is in the caller's message already.
		if inner := errors.Unwrap(err); inner != nil {
			return inner
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		hash := md5.New()
		body := &meter{r: resp.Body, total: resp.ContentLength}
		if progress != nil {
			body.report = func(done, total int64) { progress(dataset+": "+f.name, done, total) }
		}
		n, err := io.Copy(io.MultiWriter(w, hash), body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("the transfer broke off after %d of %d bytes: %w", n, resp.ContentLength, err)
		}
		if sum := hex.EncodeToString(hash.Sum(nil)); sum != f.md5 {
			return fmt.Errorf("the server sent %d bytes with MD5 %s, want %s", n, sum, f.md5)
		}
		return nil
	})
}

// meter tells of the bytes that go through it.
type meter struct {
	r           io.Reader
	done, total int64
	report      func(done, total int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	if m.report != nil {
		m.report(m.done, m.total)
	}
	return n, err
}

func fileMD5(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := md5.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

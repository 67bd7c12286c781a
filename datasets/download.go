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

// Files are the options of datasets that are read from official files.
type Files struct {
	Dir      string `yaml:"dir,omitempty" doc:"folder with the official files, which is only read; empty: the cache, after downloading missing files"`
	Download *bool  `yaml:"download,omitempty" doc:"whether files may be downloaded; left out: yes"`
}

// Paths implements Pathed.
func (f *Files) Paths() []*string { return []*string{&f.Dir} }

// fetch returns the folder of the files: Dir, or a folder of the cache, after it has made
// sure that the files are there, whole. Files with the right sum are not downloaded again.
func (f Files) fetch(ctx context.Context, folder string, files []remoteFile, o Options) (string, error) {
	if f.Dir != "" {
		return f.Dir, nil
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, folder)
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		path := filepath.Join(dir, file.name)
		sum, err := fileMD5(path)
		if err == nil && sum == file.md5 {
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if f.Download != nil && !*f.Download {
			fault := "is missing"
			if err == nil {
				fault = "is damaged (MD5 " + sum + ", want " + file.md5 + ")"
			}
			return "", fmt.Errorf("%s %s and downloads are off; allow them, or set data.dir to a folder with the official files", path, fault)
		}
		if err := download(ctx, folder, file, path, o.Progress); err != nil {
			return "", fmt.Errorf("cannot download %s to the cache folder %s: %w; set data.dir to a folder with the official files to do without", file.url, dir, err)
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
		done := int64(0)
		tell := written(func(n int) {
			if done += int64(n); progress != nil {
				progress(dataset+": "+f.name, done, resp.ContentLength)
			}
		})
		n, err := io.Copy(io.MultiWriter(w, hash, tell), resp.Body)
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

// written is told of the bytes that are written to it.
type written func(n int)

func (f written) Write(p []byte) (int, error) {
	f(len(p))
	return len(p), nil
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

// CacheDir is the folder that downloads go to, in a folder per dataset: $PARE_CACHE, or
// "pare" in the user's cache folder where that is unset or empty. It need not exist yet.
func CacheDir() (string, error) {
	if dir := os.Getenv("PARE_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; set PARE_CACHE, or data.dir to a folder with the official files", err)
	}
	return filepath.Join(dir, "pare"), nil
}

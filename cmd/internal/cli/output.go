package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fileTypes are the extensions that no folder is named by on purpose.
var fileTypes = []string{".npy", ".csv", ".json", ".onnx", ".svg", ".html", ".safetensors", ".yaml", ".yml", ".gz", ".zip", ".txt", ".png"}

// OutputFile checks that a file to write has the extension of a format that the flag
// writes; an empty path passes.
func OutputFile(flag, path string, formats ...string) error {
	if path == "" || slices.Contains(formats, Extension(path)) {
		return nil
	}
	what := "must end in " + formats[0]
	if len(formats) > 1 {
		what = "must end in " + strings.Join(formats[:len(formats)-1], ", ") + " or " + formats[len(formats)-1]
	}
	return InputError("%s %s: the file name %s", flag, path, what)
}

// OutputFolder checks that a folder to make is not named like a file. A path that exists
// already and an empty path pass.
func OutputFolder(flag, path string) error {
	if _, err := os.Lstat(path); path != "" && err != nil && slices.Contains(fileTypes, Extension(path)) {
		return InputError("%s %s: the output is a folder; leave %s out of its name", flag, path, filepath.Ext(path))
	}
	return nil
}

// WritableFolder is OutputFolder, and checks before any work that the folder can be made. A folder that
// exists already passes.
func WritableFolder(flag, path string) error {
	if err := OutputFolder(flag, path); path == "" || err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return InputError("%s %s is a file; choose a folder", flag, path)
		}
		return nil
	}
	above := filepath.Dir(path)
	for {
		if _, err := os.Stat(above); err == nil || above == filepath.Dir(above) {
			break
		}
		above = filepath.Dir(above)
	}
	probe, err := os.MkdirTemp(above, ".pare")
	if err == nil {
		err = os.Remove(probe)
	}
	if fault := (*os.PathError)(nil); errors.As(err, &fault) {
		return InputError("%s %s: nothing can be written in %s: %v", flag, path, above, fault.Err)
	}
	return err
}

// Extension is the extension of a path in small letters.
func Extension(path string) string { return strings.ToLower(filepath.Ext(path)) }

// Output writes to W and keeps the first error, for code that prints without looking at
// errors: a table cut short by a full disk must not pass as a success.
type Output struct {
	W   io.Writer
	Err error // of the first write that failed; nil: none
}

func (o *Output) Write(p []byte) (int, error) {
	n, err := o.W.Write(p)
	if o.Err == nil {
		o.Err = err
	}
	return n, err
}

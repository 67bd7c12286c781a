package onnx

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// ReadFile reads an ONNX file as Decode does, and the values that it keeps in other files.
// These must lie in the folder of the file or below it.
func ReadFile(path string) (*Model, error) {
	m, _, err := readFile(path)
	return m, err
}

// Files lists the files that ReadFile reads: path, and those in which it keeps values, sorted.
func Files(path string) ([]string, error) {
	_, f, err := readFile(path)
	if err != nil {
		return nil, err
	}
	out := []string{path}
	for _, location := range slices.Sorted(maps.Keys(f.sizes)) {
		out = append(out, filepath.Join(filepath.Dir(path), location))
	}
	return out, nil
}

func readFile(path string) (*Model, *folder, error) {
	b, err := readWhole(path)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	defer root.Close() // only read
	f := &folder{root: root, sizes: map[string]int64{}}
	m, err := decode(b, f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, f, nil
}

// readWhole reads a regular file of a size that a protocol buffer can have.
func readWhole(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("%s has %d bytes, an ONNX file at most %d", path, info.Size(), maxSize)
	}
	return os.ReadFile(path)
}

// folder reads the values that tensors of a model keep in other files.
type folder struct {
	root  *os.Root
	sizes map[string]int64 // of the files read from
	read  int64            // bytes of all tensors
}

// shares is how many times the bytes of a file may be read into different tensors, which
// bounds the memory for tensors that overlap.
const shares = 4

// readExternal reads the values of the tensor being read, which take size bytes.
func (c *coder) readExternal(size int64) ([]byte, error) {
	if c.external == nil {
		return nil, errors.New("values in another file are not supported here")
	}
	location, offset, length := "", int64(0), size
	var entries []entry
	list(c, 13, &entries, (*entry).code)
	for _, e := range entries {
		var err error
		switch e.key {
		case "location":
			location = e.value
		case "offset":
			offset, err = strconv.ParseInt(e.value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.value, 10, 64)
		}
		if err != nil || offset < 0 || length < 0 {
			return nil, fmt.Errorf("external data: %s is %s, it must be a number of bytes", e.key, quote(e.value))
		}
	}
	if length != size {
		return nil, fmt.Errorf("external data: length is %d, the shape needs %d bytes", length, size)
	}
	b, err := c.external.part(location, offset, size)
	if err != nil {
		return nil, fmt.Errorf("external data in %s: %w", quote(location), err)
	}
	return b, nil
}

func (f *folder) part(location string, offset, size int64) ([]byte, error) {
	if !filepath.IsLocal(location) {
		return nil, errors.New("the file must lie beside the ONNX file or in a folder beside it")
	}
	file, err := f.root.Open(location)
	if err != nil {
		var in *os.PathError
		if errors.As(err, &in) {
			err = in.Err
		}
		return nil, err
	}
	defer file.Close() // only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	if offset > info.Size() || size > info.Size()-offset {
		return nil, fmt.Errorf("%d bytes at offset %d are asked for, the file has %d", size, offset, info.Size())
	}
	f.sizes[location] = info.Size()
	total := int64(0)
	for _, n := range f.sizes {
		total += n
	}
	if f.read += size; f.read > shares*total {
		return nil, fmt.Errorf("tensors take the file's bytes more than %d times", shares)
	}
	b := make([]byte, size)
	if _, err := file.ReadAt(b, offset); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

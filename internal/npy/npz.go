package npy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"pare/internal/limit"
	"pare/internal/unpack"
)

// Archive is a .npz file: a zip archive of .npy files, as numpy.savez and
// numpy.savez_compressed write it.
type Archive struct {
	r       io.ReaderAt
	size    int64
	names   []string // in the order of the archive
	members map[string]*zip.File
}

// OpenArchive reads the directory of a .npz file of size bytes. A member that is there twice,
// or whose name is no plain path below the archive, is an error; members that are no .npy
// files are left out.
func OpenArchive(r io.ReaderAt, size int64) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: not a zip archive of arrays: %w", err)
	}
	a := &Archive{r: r, size: size, members: map[string]*zip.File{}}
	for _, f := range z.File {
		name, isArray := strings.CutSuffix(f.Name, ".npy")
		switch {
		case !isArray:
			continue
		case !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00"):
			return nil, fmt.Errorf("npz: the name of member %q is no plain path", f.Name)
		case a.members[name] != nil:
			return nil, fmt.Errorf("npz: two members are called %q", f.Name)
		}
		a.members[name] = f
		a.names = append(a.names, name)
	}
	if len(a.names) == 0 {
		return nil, fmt.Errorf("npz: the archive has no arrays: none of its %d members is a .npy file", len(z.File))
	}
	return a, nil
}

// Names are the names of the arrays, without .npy, in the order of the archive.
func (a *Archive) Names() []string { return a.names }

// Array opens the array of a name. One that is not compressed is read by rows from the
// archive; a compressed one is unpacked into memory as a whole, and refused where that is
// far more than data unpack to (internal/unpack) or more than there is.
func (a *Archive) Array(name string) (*Array, error) {
	f := a.members[name]
	if f == nil {
		return nil, fmt.Errorf("npz: no array %q; the archive has %s", name, strings.Join(quoted(a.names), ", "))
	}
	out, err := a.open(f)
	if err != nil {
		return nil, fmt.Errorf("npz: member %q: %w", f.Name, err)
	}
	return out, nil
}

func (a *Archive) open(f *zip.File) (*Array, error) {
	if f.Flags&1 != 0 {
		return nil, fmt.Errorf("it is encrypted; write the archive without a password")
	}
	if f.Method == zip.Store {
		at, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		n := f.UncompressedSize64
		if at < 0 || at > a.size || n > uint64(a.size-at) {
			return nil, fmt.Errorf("truncated: its %d bytes do not fit into the archive of %d bytes: %w", n, a.size, io.ErrUnexpectedEOF)
		}
		return Open(io.NewSectionReader(a.r, at, int64(n)), int64(n))
	}
	if n := f.UncompressedSize64; n > uint64(limit.Memory()) {
		return nil, limit.Check("the unpacked array", int64(min(n, 1<<62)), 1)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(unpack.Bounded(r, int64(min(f.CompressedSize64, uint64(a.size)))))
	if err != nil {
		return nil, err
	}
	return Open(bytes.NewReader(data), int64(len(data)))
}

// quoted are the first names of a list in quotes.
func quoted(names []string) []string {
	const few = 8
	out := []string{}
	for i, name := range names {
		if i == few {
			return append(out, fmt.Sprintf("… (%d arrays)", len(names)))
		}
		out = append(out, fmt.Sprintf("%q", name))
	}
	return out
}

package datasets

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"pare/internal/unpack"
)

// input reads a file and keeps its offset in the unpacked data. It recognises a gzip file
// by its content.
type input struct {
	ctx    context.Context
	r      io.Reader
	name   string
	zipped bool
	offset int64 // of the unpacked data
}

func newInput(ctx context.Context, r io.Reader, name string) (*input, error) {
	buf := bufio.NewReaderSize(r, 1<<16)
	in := &input{ctx: ctx, r: buf, name: name}
	magic, err := buf.Peek(2)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := unpack.Gzip(buf)
		if err != nil {
			return nil, fmt.Errorf("%s: corrupt gzip header: %w; get the file again", name, err)
		}
		in.r, in.zipped = z, true
	}
	return in, nil
}

// openInput opens the file for f, and closes it afterwards.
// A pipe or a device, which may never begin or end, is an error.
func openInput(ctx context.Context, path string, f func(*input) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("%s is no regular file; write the data into one", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in, err := newInput(ctx, file, path)
	if err != nil {
		return err
	}
	return f(in)
}

// Read implements io.Reader. Errors other than io.EOF name the file and the place.
func (in *input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, fmt.Errorf("reading %s: %w", in.name, err)
	}
	n, err := in.r.Read(p)
	in.offset += int64(n)
	if err != nil && err != io.EOF {
		if errors.As(err, new(unpack.Error)) {
			return n, fmt.Errorf("%s: %w", in.name, err)
		}
		if in.zipped {
			return n, fmt.Errorf("%s: corrupt or cut off gzip data at %s: %w; get the file again", in.name, in.place(in.offset), err)
		}
		return n, fmt.Errorf("%s: at %s: %w", in.name, in.place(in.offset), err)
	}
	return n, err
}

// place describes an offset in the unpacked data.
func (in *input) place(offset int64) string {
	if in.zipped {
		return fmt.Sprintf("byte %d of the unpacked data", offset)
	}
	return fmt.Sprintf("byte %d", offset)
}

// take reads exactly n bytes; error messages call them name. It allocates only for bytes
// that are in the file, so a damaged count cannot exhaust the memory.
func (in *input) take(n int64, name string) ([]byte, error) {
	start := in.offset
	out, err := io.ReadAll(io.LimitReader(in, n))
	if err != nil {
		return nil, err
	}
	if have := int64(len(out)); have < n {
		return nil, fmt.Errorf("%s: truncated: %s at %s should take %d bytes, found %d; get the file again",
			in.name, name, in.place(start), n, have)
	}
	return out, nil
}

// end checks that nothing follows.
func (in *input) end() error {
	start := in.offset
	rest, err := io.Copy(io.Discard, in)
	if err != nil {
		return err
	}
	if rest != 0 {
		return fmt.Errorf("%s: %d trailing bytes at %s, where the data should end; get the file again", in.name, rest, in.place(start))
	}
	return nil
}

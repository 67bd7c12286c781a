package safetensors

import (
	"bytes"
	"strings"
	"testing"

	"pare/internal/hostile"
)

// FuzzRead checks that no input makes Read panic and that every accepted file
// survives being written and read again.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := Write(&buf, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add(raw(`{}`, nil))
	f.Add(raw(`{"__metadata__":{"a":"b"},"h":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]}}`, make([]byte, 4)))
	f.Add(raw(`{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[0],"data_offsets":[8,8]}}`, make([]byte, 8)))
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 8 << 20, Ratio: 1000}, func() {
			file, err := readBytes(in)
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			var buf bytes.Buffer
			if err := Write(&buf, *file); err != nil {
				t.Fatal(err)
			}
			again, err := readBytes(buf.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(*file, *again); d != "" {
				t.Fatal(d)
			}
		})
	})
}

// FuzzOpen: no file panics, or has an array larger than the file.
func FuzzOpen(f *testing.F) {
	f.Add(raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)))
	f.Add(raw(`{"x":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}`, make([]byte, 2)))
	f.Add(raw(`{"x":{"dtype":"U8","shape":[-1],"data_offsets":[4,0]}}`, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 8 << 20, Ratio: 1000}, func() {
			a, err := Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				return
			}
			for _, name := range a.Names() {
				if x, err := a.Array(name); err == nil && int64(x.Len())*int64(x.Width())*int64(x.Dtype.Size) > int64(len(data)) {
					t.Errorf("%s has shape %v in %d bytes", name, x.Shape, len(data))
				}
				if err := a.ReadAt(name, make([]float32, 1), len(data)); err == nil {
					t.Errorf("%s has a value behind the end of the file", name)
				}
			}
		})
	})
}

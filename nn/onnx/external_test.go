package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// external is a file of tensors [2] whose values lie in other files.
func external(kind int64, entries ...entry) []byte {
	return externals(kind, 1, entries...)
}

func externals(kind int64, tensors int, entries ...entry) []byte {
	return appendMessage(Encode(&Model{}), modelGraph, func(b []byte) []byte {
		for i := range tensors {
			b = appendMessage(b, graphInitializer, func(b []byte) []byte {
				b = appendInt(appendInt(b, tensorDims, 2), tensorType, kind)
				b = appendInt(appendString(b, tensorName, strconv.Itoa(i)), tensorDataLocation, 1)
				for _, e := range entries {
					b = appendMessage(b, 13, func(b []byte) []byte { return appendString(appendString(b, 1, e.key), 2, e.value) })
				}
				return b
			})
		}
		return b
	})
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := []byte("skip")
	for _, v := range []float32{1.5, -2} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	write("m.onnx.data", data)
	location := entry{"location", "m.onnx.data"}
	m, err := ReadFile(write("m.onnx", external(1, location, entry{"offset", "4"}, entry{"length", "8"})))
	if err != nil {
		t.Fatal(err)
	}
	if f := m.Graph.Initializers[0].Floats; f[0] != 1.5 || f[1] != -2 {
		t.Error(f)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		want string
		b    []byte
	}{
		{"the file must lie beside the ONNX file", external(1, entry{"location", "../m.onnx.data"})},
		{"the file must lie beside the ONNX file", external(1, entry{"location", "/etc/passwd"})},
		{"the file must lie beside the ONNX file", external(1)},
		{"path escapes from parent", external(1, entry{"location", "link"})},
		{"no such file", external(1, entry{"location", "gone"})},
		{"it is not a file", external(1, entry{"location", "."})},
		{"8 bytes at offset 8 are asked for, the file has 12", external(1, location, entry{"offset", "8"})},
		{"offset is \"-1\"", external(1, location, entry{"offset", "-1"})},
		{"length is 9, the shape needs 8 bytes", external(1, location, entry{"length", "9"})},
		{"16 bytes at offset 0", external(7, location)},
		{"more than 4 times", externals(1, 7, location)},
	} {
		_, err := ReadFile(write("bad.onnx", tc.b))
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, tc.want)
		}
	}
}

// TestElementTypes reads the same numbers from raw data of every type; the bytes are those
// of Python's struct and of IEEE 754.
func TestElementTypes(t *testing.T) {
	for kind, raw := range map[int64]string{
		2: "\x03\x80", 3: "\x03\x80", 4: "\x03\x00\x00\x80", 5: "\x03\x00\x00\x80", 6: "\x03\x00\x00\x00\x00\x00\x00\x80", 9: "\x00\x05",
		10: "\x00\x42\x01\x80", 11: "\x00\x00\x00\x00\x00\x00\x08\x40\x00\x00\x00\x00\x00\x00\x00\xc0", 12: "\x03\x00\x00\x00\x00\x00\x00\x80",
		16: "\x40\x40\x00\xc0",
	} {
		b := appendMessage(Encode(&Model{}), modelGraph, func(b []byte) []byte {
			return appendMessage(b, graphInitializer, func(b []byte) []byte {
				b = appendInt(appendInt(b, tensorDims, 2), tensorType, kind)
				return appendString(b, tensorRaw, raw)
			})
		})
		m, err := Decode(b)
		if err != nil {
			t.Errorf("type %d: %v", kind, err)
			continue
		}
		got := m.Graph.Initializers[0]
		ints := map[int64][2]int64{2: {3, 128}, 3: {3, -128}, 4: {3, 32768}, 5: {3, -32768}, 6: {3, math.MinInt32}, 9: {0, 1}, 12: {3, 1 << 31}}
		floats := map[int64][2]float32{10: {3, -1.0 / (1 << 24)}, 11: {3, -2}, 16: {3, -2}}
		if want, ok := ints[kind]; ok {
			if len(got.Ints) != 2 || [2]int64(got.Ints) != want {
				t.Errorf("type %d: %v, want %v", kind, got.Ints, want)
			}
		} else if [2]float32(got.Floats) != floats[kind] {
			t.Errorf("type %d: %v, want %v", kind, got.Floats, floats[kind])
		}
	}
}

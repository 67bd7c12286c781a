package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write writes f with dtype F32. The output depends on f alone: metadata keys
// are sorted, tensors keep their order, and the header is padded with spaces
// so that the data starts at a multiple of 8 bytes. Empty metadata is left
// out.
//
// An error is returned, and nothing written, for a duplicate, reserved
// ("__metadata__") or non-UTF-8 tensor name, a shape that is negative or does
// not match the data, metadata that is not UTF-8, and a header over 100 MB.
// Errors of w are returned wrapped.
func Write(w io.Writer, f File) error {
	head, err := encodeHeader(f)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("safetensors: write header: %w", err)
	}
	var buf []byte
	for _, t := range f.Tensors {
		for start := 0; start < len(t.Data); start += chunkBytes / 4 {
			buf = buf[:0]
			for _, v := range t.Data[start:min(start+chunkBytes/4, len(t.Data))] {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
			if _, err := w.Write(buf); err != nil {
				return fmt.Errorf("safetensors: write tensor %s: %w", quote(t.Name), err)
			}
		}
	}
	return nil
}

// encodeHeader checks f and returns the header with its length in front.
func encodeHeader(f File) ([]byte, error) {
	b := append(make([]byte, 8), '{') // the first 8 bytes are the length, set below
	if len(f.Metadata) > 0 {
		var err error
		if b, err = appendMetadata(b, f.Metadata); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]bool, len(f.Tensors))
	offset := int64(0)
	for i, t := range f.Tensors {
		if err := check(t); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %s: duplicate name", quote(t.Name))
		}
		seen[t.Name] = true
		if i > 0 || len(f.Metadata) > 0 {
			b = append(b, ',')
		}
		b = appendString(b, t.Name)
		b = append(b, `:{"dtype":"F32","shape":[`...)
		for k, d := range t.Shape {
			if k > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = append(b, `],"data_offsets":[`...)
		b = strconv.AppendInt(b, offset, 10)
		offset += 4 * int64(len(t.Data))
		b = append(b, ',')
		b = strconv.AppendInt(b, offset, 10)
		b = append(b, "]}"...)
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b)-8 > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed", len(b)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b, nil
}

// check reports what is wrong with a tensor on its own.
func check(t Tensor) error {
	if t.Name == metadataKey {
		return errors.New("the name is reserved")
	}
	if !utf8.ValidString(t.Name) {
		return errors.New("the name is not valid UTF-8")
	}
	n, err := elements(t.Shape)
	if err != nil {
		return err
	}
	if n != len(t.Data) {
		return fmt.Errorf("shape %s needs %d values, found %d", brief(t.Shape), n, len(t.Data))
	}
	return nil
}

func appendMetadata(b []byte, m map[string]string) ([]byte, error) {
	b = appendString(b, metadataKey)
	b = append(b, ":{"...)
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if !utf8.ValidString(k) || !utf8.ValidString(m[k]) {
			return nil, fmt.Errorf("metadata %s is not valid UTF-8", quote(k))
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, k)
		b = append(b, ':')
		b = appendString(b, m[k])
	}
	return append(b, '}'), nil
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil { // cannot happen for a string
		return append(b, `""`...)
	}
	return append(b, q...)
}

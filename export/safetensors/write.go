package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// Write writes f with dtype F32. The output depends on f alone: metadata keys
// are sorted, tensors keep their order, and the header is padded with spaces
// so that the data starts at a multiple of 8 bytes. Empty metadata is left
// out.
//
// An error is returned, and nothing written, for a duplicate, reserved
// ("__metadata__") or non-UTF-8 tensor name, a shape that is negative or does
// not match the data, metadata that is not UTF-8, and a header over 16 MiB.
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

// description is the header's entry for a tensor.
type description struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// encodeHeader checks f and returns the header with its length in front.
func encodeHeader(f File) ([]byte, error) {
	b := append(make([]byte, 8), '{') // the first 8 bytes are the length, set below
	put := func(key string, value any) error {
		if len(b) > len("12345678{") {
			b = append(b, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		b = append(append(append(b, name...), ':'), text...)
		return err
	}
	for k, v := range f.Metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("metadata %s is not valid UTF-8", quote(k))
		}
	}
	if len(f.Metadata) > 0 {
		if err := put(metadataKey, f.Metadata); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]bool, len(f.Tensors))
	offset := int64(0)
	for _, t := range f.Tensors {
		end := offset + 4*int64(len(t.Data))
		err := check(t)
		if err == nil && seen[t.Name] {
			err = errors.New("duplicate name")
		}
		if err == nil {
			err = put(t.Name, description{"F32", append([]int{}, t.Shape...), [2]int64{offset, end}})
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		seen[t.Name] = true
		offset = end
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

// check reports a tensor that no file can hold.
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

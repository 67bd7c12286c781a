// Package safetensors reads and writes safetensors files: Read and Write whole files of
// float32 values, Open tensors of any dtype by rows.
//
// The format is described at
// https://github.com/huggingface/safetensors#format: the header length (8
// bytes, little endian), a JSON object that maps each tensor name to its
// dtype, shape and data offsets, and the tensors' bytes, little endian, in C
// order, without holes. The reserved key "__metadata__" maps strings to
// strings.
package safetensors

import (
	"fmt"
	"math"
)

const (
	// metadataKey is the reserved header key; no tensor may have this name.
	metadataKey = "__metadata__"

	// maxHeader bounds the header length: 16 MiB describe some 200,000 tensors. A
	// header takes about ten times its length in memory.
	maxHeader = 16 << 20

	// chunkBytes is the unit of reading and writing tensor data; it is a
	// multiple of every element size.
	chunkBytes = 1 << 16
)

// Tensor is a named array of float32 values in C order (last index fastest).
// The product of Shape is len(Data). An empty or nil Shape is a scalar with
// one value; a dimension of zero gives a tensor without values. The zero value
// is not a valid tensor, because a scalar needs one value.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// File is the content of a safetensors file: the tensors in the order of their
// data and free-form metadata, nil if there is none. The zero value is a valid
// file without tensors.
type File struct {
	Tensors  []Tensor
	Metadata map[string]string
}

// elements returns the number of elements of a tensor of the given shape. Like
// the reference implementation it rejects an overflow even if a later
// dimension is zero.
func elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %s has a negative dimension", brief(shape))
		}
		// The limit leaves room for 8 bytes an element.
		if d > 0 && n > math.MaxInt/8/d {
			return 0, fmt.Errorf("shape %s has too many elements", brief(shape))
		}
		n *= d
	}
	return n, nil
}

// brief formats a shape for an error, shortened if it is very long.
func brief(shape []int) string {
	const most = 16
	if len(shape) <= most {
		return fmt.Sprint(shape)
	}
	return fmt.Sprintf("%v... (%d dimensions)", shape[:most], len(shape))
}

// quote formats a name for an error, shortened if it is very long.
func quote(name string) string {
	const most = 200
	if len(name) <= most {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
}

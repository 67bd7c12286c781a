package nn

import (
	"fmt"
	"strconv"
	"strings"

	"gorgonia.org/tensor"
)

// Shape is the shape of one example of a value, channels first: [C, H, W] for
// an image, [F] for a vector. The batch axis is not part of it.
type Shape []int

// Units is the number of channels or features: the first axis.
func (s Shape) Units() int {
	if len(s) == 0 {
		return 0
	}
	return s[0]
}

// Positions is the number of values each unit has: H·W for an image, 1 for a
// vector.
func (s Shape) Positions() int {
	n := 1
	for _, d := range s[min(1, len(s)):] {
		n *= d
	}
	return n
}

// Size is the number of values in one example.
func (s Shape) Size() int { return s.Units() * s.Positions() }

// maxValues bounds the values of one example, so that a damaged architecture
// file cannot make a reader overflow or run out of memory.
const maxValues = 1 << 31

// maxAxes bounds the axes of a shape; layers know up to three.
const maxAxes = 8

// Valid reports whether the shape has one to eight axes, every axis is at least
// 1 and the size is one that a network can have.
func (s Shape) Valid() bool {
	size := 1
	for _, d := range s {
		if d < 1 || size > maxValues/d {
			return false
		}
		size *= d
	}
	return len(s) > 0 && len(s) <= maxAxes
}

// Equal reports whether both shapes have the same axes.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// WithUnits returns the shape with another number of units.
func (s Shape) WithUnits(n int) Shape {
	t := append(Shape(nil), s...)
	t[0] = n
	return t
}

// Batched returns the shape inside a compiled graph: (batch, F) or channels
// last, (batch, H, W, C).
func (s Shape) Batched(batch int) tensor.Shape {
	t := tensor.Shape{batch}
	t = append(t, s[1:]...)
	return append(t, s[0])
}

func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.Itoa(d)
	}
	return strings.Join(parts, "×")
}

// ImageShape returns C, H and W of an image shape, or an error that names the
// layer that wanted one.
func (s Shape) ImageShape(layer string) (c, h, w int, err error) {
	if len(s) != 3 {
		return 0, 0, 0, fmt.Errorf("%s needs an image input of shape C×H×W, got %s", layer, s)
	}
	return s[0], s[1], s[2], nil
}

package infer

import (
	"pare/internal/kernel/vector"
	"pare/nn"
)

// channelsLast copies examples of a shape from [C, positions] to [positions, C].
func channelsLast(dst, src []float32, s nn.Shape) { turn(dst, src, s.Units(), s.Positions()) }

// channelsFirst is the inverse.
func channelsFirst(dst, src []float32, s nn.Shape) { turn(dst, src, s.Positions(), s.Units()) }

// turn transposes matrices [rows, cols] that lie one after another.
func turn(dst, src []float32, rows, cols int) {
	if rows == 1 || cols == 1 {
		copy(dst, src)
		return
	}
	for i := 0; i < len(src); i += rows * cols {
		vector.Transpose(dst[i:i+rows*cols], src[i:i+rows*cols], rows, cols, rows, cols)
	}
}

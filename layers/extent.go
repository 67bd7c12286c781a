package layers

import (
	"fmt"

	"pare/internal/option"
	"pare/nn"
	"pare/nn/onnx"
)

// Extent is a number of rows and of columns: the size of a kernel, a stride, a dilation.
// Configs and architecture files write it as a number where both are equal, else as
// [height, width]. The zero value stands for the default.
type Extent struct{ H, W int }

// Square is n rows and n columns.
func Square(n int) Extent { return Extent{n, n} }

// Lengths implements option.Numbers.
func (e *Extent) Lengths() []int { return []int{2} }

// Numbers implements option.Numbers.
func (e *Extent) Numbers() []int {
	if e.H == e.W {
		return []int{e.H}
	}
	return []int{e.H, e.W}
}

// SetNumbers implements option.Numbers.
func (e *Extent) SetNumbers(v []int) { e.H, e.W = v[0], v[len(v)-1] }

// MarshalJSON implements json.Marshaler.
func (e Extent) MarshalJSON() ([]byte, error) { return option.WriteNumbers(&e) }

// UnmarshalJSON implements json.Unmarshaler.
func (e *Extent) UnmarshalJSON(data []byte) error { return option.ReadNumbers(e, data) }

// String is "3" or "1×7".
func (e Extent) String() string {
	if e.H == e.W {
		return fmt.Sprint(e.H)
	}
	return fmt.Sprintf("%d×%d", e.H, e.W)
}

// orElse is e, or d where e is not set.
func (e Extent) orElse(d Extent) Extent {
	if e == (Extent{}) {
		return d
	}
	return e
}

func (e Extent) least() int { return min(e.H, e.W) }

// size checks e as the height and width of an image.
func (e Extent) size(kind, name string) error {
	if e.least() < 1 || max(e.H, e.W) > maxExtent {
		return fmt.Errorf("%s: %s is %s, it must be between 1 and %d", kind, name, e, maxExtent)
	}
	return nil
}

// dilated is the extent of a kernel of e taps that are d positions apart.
func (e Extent) dilated(d Extent) Extent { return Extent{(e.H-1)*d.H + 1, (e.W-1)*d.W + 1} }

// Padding is a number of rows above and below an image and of columns beside it. Configs and
// architecture files write it as a number where all are equal, as [height, width] where
// opposite sides are, else as [top, left, bottom, right].
type Padding struct{ Top, Left, Bottom, Right int }

// Around is a padding of n rows or columns on every side.
func Around(n int) Padding { return Padding{n, n, n, n} }

// Lengths implements option.Numbers.
func (p *Padding) Lengths() []int { return []int{2, 4} }

// Numbers implements option.Numbers.
func (p *Padding) Numbers() []int {
	switch {
	case p.Top != p.Bottom || p.Left != p.Right:
		return []int{p.Top, p.Left, p.Bottom, p.Right}
	case p.Top != p.Left:
		return []int{p.Top, p.Left}
	}
	return []int{p.Top}
}

// SetNumbers implements option.Numbers.
func (p *Padding) SetNumbers(v []int) {
	switch len(v) {
	case 1:
		*p = Around(v[0])
	case 2:
		*p = Padding{v[0], v[1], v[0], v[1]}
	case 4:
		*p = Padding{v[0], v[1], v[2], v[3]}
	}
}

// MarshalJSON implements json.Marshaler.
func (p Padding) MarshalJSON() ([]byte, error) { return option.WriteNumbers(&p) }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Padding) UnmarshalJSON(data []byte) error { return option.ReadNumbers(p, data) }

// String is "1", "1×2" or "0, 0, 1, 1".
func (p Padding) String() string {
	switch v := p.Numbers(); len(v) {
	case 1:
		return fmt.Sprint(v[0])
	case 2:
		return fmt.Sprintf("%d×%d", v[0], v[1])
	}
	return fmt.Sprintf("%d, %d, %d, %d", p.Top, p.Left, p.Bottom, p.Right)
}

func (p Padding) least() int { return min(p.Top, p.Left, p.Bottom, p.Right) }

// around is the height and width of an image with the padding.
func (p Padding) around(h, w int) (int, int) { return h + p.Top + p.Bottom, w + p.Left + p.Right }

// Margin is a number of positions before and behind a sequence. Configs and architecture
// files write it as a number where both are equal, else as [before, behind].
type Margin struct{ Before, Behind int }

// Lengths implements option.Numbers.
func (m *Margin) Lengths() []int { return []int{2} }

// Numbers implements option.Numbers.
func (m *Margin) Numbers() []int {
	if m.Before == m.Behind {
		return []int{m.Before}
	}
	return []int{m.Before, m.Behind}
}

// SetNumbers implements option.Numbers.
func (m *Margin) SetNumbers(v []int) { m.Before, m.Behind = v[0], v[len(v)-1] }

// MarshalJSON implements json.Marshaler.
func (m Margin) MarshalJSON() ([]byte, error) { return option.WriteNumbers(&m) }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Margin) UnmarshalJSON(data []byte) error { return option.ReadNumbers(m, data) }

// A sequence [C, T] is an image [C, 1, T], and windows over it are one row high.

func oneRow(sequence nn.Shape) nn.Shape { return nn.Shape{sequence[0], 1, sequence[1]} }

// along is an extent of n positions of a sequence; the zero value where n is 0.
func along(n int) Extent {
	if n == 0 {
		return Extent{}
	}
	return Extent{1, n}
}

func (m Margin) padding() Padding { return Padding{Left: m.Before, Right: m.Behind} }

// sliding is the geometry of a window that moves over an image or, with line, over a
// sequence.
type sliding struct {
	kernel, stride, dilation Extent
	pad                      Padding
	line                     bool
}

// onnx are the attributes of a convolution or pooling operator.
func (s sliding) onnx() []onnx.Attr {
	p := s.pad
	ints := func(name string, e Extent) onnx.Attr { return onnx.Ints(name, int64(e.H), int64(e.W)) }
	pads := onnx.Ints("pads", int64(p.Top), int64(p.Left), int64(p.Bottom), int64(p.Right))
	if s.line {
		ints = func(name string, e Extent) onnx.Attr { return onnx.Ints(name, int64(e.W)) }
		pads = onnx.Ints("pads", int64(p.Left), int64(p.Right))
	}
	attrs := []onnx.Attr{ints("kernel_shape", s.kernel), ints("strides", s.stride), pads}
	if s.dilation != Square(1) {
		attrs = append(attrs, ints("dilations", s.dilation))
	}
	return attrs
}

// check reports hyper-parameters that no image fits, and an image that is too small. kind
// is the layer, window the word for its window.
func (s sliding) check(kind, window string, image nn.Shape) error {
	if err := s.checkOptions(kind, window); err != nil {
		return err
	}
	h, w := s.pad.around(image[1], image[2])
	if e := s.kernel.dilated(s.dilation); h < e.H || w < e.W {
		padded := nn.Shape{image[0], h, w}
		if s.line {
			padded = nn.Shape{image[0], w}
		}
		return fmt.Errorf("%s: %s %s is larger than the padded input %s", kind, window, s.text(e), padded)
	}
	return nil
}

// checkOptions reports hyper-parameters that no image fits.
func (s sliding) checkOptions(kind, window string) error {
	if err := extents(kind, s.kernel.H, s.kernel.W, s.stride.H, s.stride.W, s.dilation.H, s.dilation.W,
		s.pad.Top, s.pad.Left, s.pad.Bottom, s.pad.Right); err != nil {
		return err
	}
	if s.kernel.least() < 1 || s.stride.least() < 1 || s.dilation.least() < 1 || s.pad.least() < 0 {
		return fmt.Errorf("%s: %s %s, stride %s and dilation %s must be positive and pad %s not negative",
			kind, window, s.text(s.kernel), s.text(s.stride), s.text(s.dilation), s.padText())
	}
	return nil
}

// text is an extent as the options have it.
func (s sliding) text(e Extent) string {
	if s.line {
		return fmt.Sprint(e.W)
	}
	return e.String()
}

// padText is the padding as the options have it.
func (s sliding) padText() string {
	if s.line && s.pad.Left == s.pad.Right {
		return fmt.Sprint(s.pad.Left)
	}
	if s.line {
		return fmt.Sprintf("%d, %d", s.pad.Left, s.pad.Right)
	}
	return s.pad.String()
}

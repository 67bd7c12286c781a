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

// dilated is the extent of a kernel of e taps that are d positions apart.
func (e Extent) dilated(d Extent) Extent { return Extent{(e.H-1)*d.H + 1, (e.W-1)*d.W + 1} }

func (e Extent) onnx(name string) onnx.Attr { return onnx.Ints(name, int64(e.H), int64(e.W)) }

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

// sliding is the geometry of a window that moves over an image.
type sliding struct {
	kernel, stride, dilation Extent
	pad                      Padding
}

// onnx are the attributes of a convolution or pooling operator.
func (s sliding) onnx() []onnx.Attr {
	p := s.pad
	attrs := []onnx.Attr{s.kernel.onnx("kernel_shape"), s.stride.onnx("strides"),
		onnx.Ints("pads", int64(p.Top), int64(p.Left), int64(p.Bottom), int64(p.Right))}
	if s.dilation != Square(1) {
		attrs = append(attrs, s.dilation.onnx("dilations"))
	}
	return attrs
}

// check reports hyper-parameters that no image fits, and an image that is too small.
// kind is the layer, window the word for its window.
func (s sliding) check(kind, window string, image nn.Shape) error {
	if err := extents(kind, s.kernel.H, s.kernel.W, s.stride.H, s.stride.W, s.dilation.H, s.dilation.W,
		s.pad.Top, s.pad.Left, s.pad.Bottom, s.pad.Right); err != nil {
		return err
	}
	if s.kernel.least() < 1 || s.stride.least() < 1 || s.dilation.least() < 1 || s.pad.least() < 0 {
		return fmt.Errorf("%s: %s %s, stride %s and dilation %s must be positive and pad %s not negative",
			kind, window, s.kernel, s.stride, s.dilation, s.pad)
	}
	h, w := s.pad.around(image[1], image[2])
	if e := s.kernel.dilated(s.dilation); h < e.H || w < e.W {
		return fmt.Errorf("%s: %s %s is larger than the padded input %s", kind, window, e, nn.Shape{image[0], h, w})
	}
	return nil
}

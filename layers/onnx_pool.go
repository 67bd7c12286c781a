package layers

import (
	"pare/nn"
	"pare/nn/onnx"
)

// ends returns the padding behind the last row and column with which windows
// counted downwards are as many as Ceil counts; without Ceil it is Pad. ONNX
// has a ceil_mode, but its rule for a window that starts in the padding
// differs from PyTorch's in older operator sets and runtimes.
func (w *Window) ends(s nn.Shape) (h, wd int) {
	if !w.Ceil {
		return w.Pad, w.Pad
	}
	k := w.shape(1, s[0], s[1], s[2])
	return max(0, (k.OutH()-1)*w.Stride+w.Kernel-s[1]-w.Pad),
		max(0, (k.OutW()-1)*w.Stride+w.Kernel-s[2]-w.Pad)
}

// onnx adds a pooling operator with padding of begin rows and columns before
// and h and wd after the image.
func (w *Window) onnx(b *onnx.Builder, op, x string, begin, h, wd int, attrs ...onnx.Attr) string {
	attrs = append([]onnx.Attr{square("kernel_shape", w.Kernel), square("strides", w.Stride),
		onnx.Ints("pads", int64(begin), int64(begin), int64(h), int64(wd))}, attrs...)
	return b.Node(op, []string{x}, attrs...)
}

// ONNX is MaxPool, where padding never wins either.
func (l *MaxPool) ONNX(b *onnx.Builder, _ string, in []string, shapes []nn.Shape) (string, error) {
	h, wd := l.ends(shapes[0])
	return l.Window.onnx(b, "MaxPool", in[0], l.Pad, h, wd), nil
}

// ONNX is AveragePool. A partial window divides by what it covers of image and
// padding but not of what lies beyond, so padding that counts becomes a Pad of
// its own there.
func (l *AvgPool) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	h, wd := l.ends(shapes[0])
	count := func(v int64) onnx.Attr { return onnx.Int("count_include_pad", v) }
	switch {
	case l.ExcludePad:
		return l.Window.onnx(b, "AveragePool", in[0], l.Pad, h, wd, count(0)), nil
	case h <= l.Pad && wd <= l.Pad:
		return l.Window.onnx(b, "AveragePool", in[0], l.Pad, h, wd, count(1)), nil
	}
	p := l.Pad
	padded := in[0]
	if p > 0 {
		padded = b.Node("Pad", []string{in[0], b.Ints(name+"/pads", []int{0, 0, p, p, 0, 0, p, p})})
	}
	return l.Window.onnx(b, "AveragePool", padded, 0, max(0, h-p), max(0, wd-p), count(0)), nil
}

// ONNX is GlobalAveragePool and Flatten.
func (l *GlobalPool) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Flatten", []string{b.Node("GlobalAveragePool", in)}), nil
}

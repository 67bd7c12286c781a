package export

import (
	"fmt"
	"testing"

	"pare/layers"
	"pare/nn"
)

// geometry has windows of any form and the layers that change the size of an image.
func geometry(t *testing.T) *nn.Network {
	s := newStack(t, "geometry", 4, 9, 8)
	s.add("wide", &layers.Conv{Out: 6, Kernel: layers.Extent{H: 1, W: 3}, Pad: layers.Padding{Left: 1, Right: 1}})
	s.add("dilated", &layers.Conv{Out: 8, Dilation: layers.Extent{H: 2, W: 1}, Pad: layers.Padding{Top: 2, Left: 1, Bottom: 2, Right: 1}})
	s.act("relu")
	s.add("grouped", &layers.Conv{Out: 8, Groups: 4, Kernel: layers.Square(2), Pad: layers.Padding{Bottom: 1, Right: 1}})
	trunk := s.add("depthwise", &layers.Depthwise{Dilation: layers.Square(2), Pad: layers.Around(2)})
	s.add("max", &layers.MaxPool{Window: layers.Window{Kernel: layers.Extent{H: 2, W: 3}, Stride: layers.Extent{H: 1, W: 2},
		Pad: layers.Padding{Left: 1}}, Dilation: layers.Extent{H: 3, W: 1}})
	s.add("up", &layers.ConvTranspose{Out: 8, Stride: layers.Square(2), Pad: layers.Around(1), OutputPad: layers.Square(1), Groups: 2})
	s.add("shuffle", &layers.PixelShuffle{})
	s.add("uneven", &layers.AvgPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2),
		Pad: layers.Padding{Bottom: 1, Right: 1}, Ceil: true}})
	s.add("transposed", &layers.ConvTranspose{Out: 5, Kernel: layers.Extent{H: 2, W: 1}, Dilation: layers.Extent{H: 2, W: 1}, NoBias: true})
	all := []string{s.add("flat", &layers.Flatten{})}
	for i, l := range []nn.Layer{
		&layers.Upsample{}, &layers.Upsample{Size: layers.Extent{H: 7, W: 11}}, &layers.Upsample{Scale: layers.Extent{H: 3, W: 2}, Mode: "bilinear"},
		&layers.Upsample{Mode: "bilinear", AlignCorners: true}, &layers.Upsample{Size: layers.Extent{H: 5, W: 13}, Mode: "bilinear"},
		&layers.Upsample{Size: layers.Extent{H: 4, W: 9}, Mode: "bilinear", AlignCorners: true},
		&layers.AdaptiveAvgPool{}, &layers.AdaptiveAvgPool{Out: layers.Extent{H: 3, W: 4}}, &layers.AdaptiveAvgPool{Out: layers.Extent{H: 4, W: 5}},
	} {
		s.add(fmt.Sprintf("%s%d", l.Kind(), i), l, trunk)
		all = append(all, s.add(fmt.Sprintf("flat%d", i), &layers.Flatten{}))
	}
	s.add("both", &layers.Concat{}, all...)
	s.add("fc", &layers.Linear{Out: 5})
	randomise(s.net, 0)
	return s.net
}

// lines has convolutions and pools along a sequence.
func lines(t *testing.T) *nn.Network {
	s := newStack(t, "lines", 4, 20)
	s.add("conv", &layers.Conv1d{Out: 8, Pad: layers.Margin{Before: 2}})
	s.act("relu")
	s.add("grouped", &layers.Conv1d{Out: 8, Kernel: 2, Dilation: 3, Groups: 4, NoBias: true})
	s.add("max", &layers.MaxPool1d{Window1d: layers.Window1d{Stride: 1, Pad: layers.Margin{Before: 1}}, Dilation: 2})
	s.add("avg", &layers.AvgPool1d{Window1d: layers.Window1d{Kernel: 3, Stride: 2, Pad: layers.Margin{Before: 1, Behind: 1}, Ceil: true}})
	s.add("inside", &layers.AvgPool1d{Window1d: layers.Window1d{Kernel: 3, Stride: 1, Pad: layers.Margin{Behind: 1}}, ExcludePad: true})
	s.add("strided", &layers.Conv1d{Out: 6, Stride: 2})
	s.add("flat", &layers.Flatten{})
	s.add("fc", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// geometries lists the networks of this file, whole and pruned.
func geometries(t *testing.T) []*nn.Network {
	nets := []*nn.Network{geometry(t), lines(t)}
	for _, rate := range []float64{0.2, 0.4} {
		nets = append(nets, pruned(t, geometry(t), rate), pruned(t, lines(t), rate))
	}
	return nets
}

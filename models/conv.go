package models

import "pare/layers"

// convBN adds a convolution without bias that keeps the image size at stride 1,
// and its normalisation: "conv1" and "conv1_bn" for the name conv1. It returns
// the name of the second. An empty input stands for the layer before.
func (s *stack) convBN(name string, out, kernel, stride int, input string) string {
	s.conv(name, out, kernel, stride, input)
	return s.add(name+"_bn", &layers.BatchNorm{})
}

// conv adds a convolution without bias that keeps the image size at stride 1 and
// returns its name. An empty input stands for the layer before.
func (s *stack) conv(name string, out, kernel, stride int, input string) string {
	var inputs []string
	if input != "" {
		inputs = []string{input}
	}
	return s.add(name, &layers.Conv{Out: out, Kernel: kernel, Stride: stride, Pad: kernel / 2, NoBias: true}, inputs...)
}

// convBNReLU is convBN of stride 1 with a ReLU behind it, "conv1_relu", whose
// name it returns.
func (s *stack) convBNReLU(name string, out, kernel int, input string) string {
	s.convBN(name, out, kernel, 1, input)
	return s.add(name+"_relu", layers.ReLU())
}

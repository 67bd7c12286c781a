// Package nn describes a network once and lets everything else read that
// description: Compile turns it into a Gorgonia graph, package prune rewrites
// it, package export writes it, and the cost functions count it.
//
// A Network is a directed acyclic graph of layers. Shapes are per example and
// channels first, [C, H, W] for images and [F] for vectors, as PyTorch users
// write them; inside a compiled graph activations are channels last,
// (B, H, W, C). The first axis of a Shape counts the units of a value: the
// channels or neurons that training may drive to zero and pruning removes.
package nn

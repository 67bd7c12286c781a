// Package activity tells what the activations of a network do: which values are
// the outputs of activations that make exact zeros (Sites), how many of their
// values are not 0, and which units never are.
package activity

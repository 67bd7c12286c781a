// Package activity measures the activations of a network: which layers make exact
// zeros (Sites), how many of their values are not 0, and which units never are.
package activity

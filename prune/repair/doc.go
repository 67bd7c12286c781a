// Package repair gives a network that has lost units back part of its accuracy, without
// labels and without training: the layers that read removed units get new weights, by least
// squares on some hundred examples.
package repair

// Package sparse computes layers of trained networks that skip zeros: of activations, as a
// ReLU makes them, and of weights. Weights are packed once and do not change; any number of
// callers share them, each with a workspace of its own. A call allocates nothing once warm,
// and its result does not depend on the number of threads. Slices of a wrong length are
// programming errors and panic.
package sparse

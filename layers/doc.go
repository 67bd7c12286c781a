// Package layers holds the built-in layers, one a file: shapes and parameters,
// the Gorgonia op with its gradient, the channel semantics that pruning asks
// for, the cost, and the ONNX form. Importing the package registers them.
package layers

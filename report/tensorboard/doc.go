// Package tensorboard writes scalars to the event files that TensorBoard reads:
// TFRecord frames around Event messages of protocol buffers, after
// tensorflow/core/util/event.proto and framework/summary.proto.
package tensorboard

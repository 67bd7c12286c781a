// Package tensorboard writes scalars and hyperparameters to the event files that TensorBoard
// reads: TFRecord frames around Event messages of protocol buffers, after
// tensorflow/core/util/event.proto, framework/summary.proto and
// tensorboard/plugins/hparams/{api,plugin_data}.proto.
package tensorboard

// Package train fits networks: optimizers with exact proximal steps, learning
// rate schedules, the loop over epochs and batches, checkpoints that resume bit
// for bit, a log of metrics and progress on the terminal.
//
// A Trainer runs one phase, such as training or the fine-tuning after pruning.
// One step is: forward and backward through the compiled network, an update of
// every parameter by the gradient, then the proximal map of every penalty that
// has one; with Options.Adversarial an attack moves the examples first. Nothing
// depends on the number of threads or on the clock, so one seed gives one result.
package train

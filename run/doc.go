// Package run takes a config through all of pare: data, network, training with penalties,
// pruning with its certificate, fine-tuning, export and summary, in a run folder from which
// an interrupted run resumes, bit for bit.
package run

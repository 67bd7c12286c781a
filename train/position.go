package train

import "pare/nn"

// Position is how far a phase has come: with parameters and optimizer state all
// that decides what happens next.
type Position struct {
	Phase  string         `json:"phase"`
	Epoch  int            `json:"epoch"` // epochs complete, their evaluation included
	Batch  int            `json:"batch"` // batches done in the epoch after those
	Step   int            `json:"step"`  // updates made in the phase
	Random nn.RandomState `json:"random"`

	LossSum   float64 `json:"loss_sum"`       // of the losses of the Batch batches
	Last      Last    `json:"last"`           // what a log line after a resume says of the step before it
	Best      *Best   `json:"best,omitempty"` // nil before the first evaluation
	BadEpochs int     `json:"bad_epochs"`     // evaluations since the best
	Done      bool    `json:"done"`           // the phase is over
	LogLines  int     `json:"log_lines"`      // lines in the metrics log
	Seconds   float64 `json:"seconds"`        // spent, over all sessions
	Waited    float64 `json:"waited"`         // seconds of them waiting for training data
}

// Last is what the last update left for logs.
type Last struct {
	Loss     float64    `json:"loss"`
	LR       float64    `json:"lr"`
	GradNorm float64    `json:"grad_norm"`
	Terms    []LastTerm `json:"terms,omitempty"` // one per penalty
}

// LastTerm is the value and strength of a penalty.
type LastTerm struct {
	Value  float64 `json:"value"`
	Lambda float64 `json:"lambda"`
}

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
	Best      *Best   `json:"best,omitempty"` // nil before the first evaluation
	BadEpochs int     `json:"bad_epochs"`     // evaluations since the best
	Done      bool    `json:"done"`           // the phase is over
	LogLines  int     `json:"log_lines"`      // lines in the metrics log
	Seconds   float64 `json:"seconds"`        // spent, over all sessions
}

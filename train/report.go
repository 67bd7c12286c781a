package train

import "time"

// Status is where training stands after a step.
type Status struct {
	Phase          string
	Epoch, Epochs  int // the epoch under way, counted from 1
	Batch, Batches int // batches done in it
	Step, Steps    int // updates made and to be made in the phase
	Loss           float64
	Val            *Metrics      // of the last evaluation; nil before the first
	ByLoss         bool          // the loss says more than the accuracy: targets are numbers, or several an example
	Remaining      *Remaining    // at the end of the last epoch; nil before the first
	Left           time.Duration // estimate; 0 while there is none
}

// Reporter tells the user how training goes. Its methods are called from the
// goroutine that trains.
type Reporter interface {
	// Step is called after every update.
	Step(Status)
	// Epoch is called after every epoch and its evaluation.
	Epoch(Status, Record)
	// Close ends the report of a phase, finished or not.
	Close()
}

// Silent reports nothing.
type Silent struct{}

func (Silent) Step(Status)          {}
func (Silent) Epoch(Status, Record) {}
func (Silent) Close()               {}

package estimate

import "errors"

// Search says which λ to fit, how to choose one of them, and how exact a fit has to be. The
// zero value is a path of the solver's own λ, without a choice.
type Search struct {
	Lambda *float64 // the one λ to fit; nil: a path
	Count  int      // of the λ of a path; 0: the solver's own
	Ratio  float64  // of the last λ of a path to the first; 0: the solver's own
	Folds  int      // of the cross-validation that chooses λ; 0: none
	OneSE  bool     // choose the sparsest result within one standard error of the best
	Seed   uint64   // of folds, subsamples and other random draws

	Tolerance     float64 // of the duality gap; 0: the solver's own
	MaxIterations int     // 0: the solver's own
	Threads       int     // 0: all processors

	// Progress, unless nil, is called with the progress of each stage.
	Progress func(what string, done, total int64)
}

// Check refuses one λ together with options of a path.
func (s *Search) Check() error {
	switch {
	case s.Lambda != nil && (s.Count != 0 || s.Ratio != 0):
		return errors.New("-lambda is one λ, -path and -ratio make a path; give one or the other")
	case s.Lambda != nil && s.Folds != 0:
		return errors.New("-cv chooses a λ of a path, and -lambda gives it; leave one of them out")
	}
	return nil
}

// Tell returns the Progress of one stage for a solver; nil if there is no Progress.
func (s *Search) Tell(stage string) func(done, total int) {
	if s.Progress == nil {
		return nil
	}
	return func(done, total int) { s.Progress(stage, int64(done), int64(total)) }
}

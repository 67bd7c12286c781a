package run

import (
	"errors"

	"pare/config"
	"pare/internal/limit"
	"pare/prune"
	"pare/train"
)

// InputError is a fault in the input of the user, other than in the config:
// commands exit with status 2.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// notFinite reports whether a network gave outputs that are not finite.
func notFinite(err error) bool {
	return errors.Is(err, train.ErrNotFinite) || errors.Is(err, prune.ErrNotFinite)
}

// IsInput reports whether an error is the fault of the input of the user, or of a task
// that does not fit into the memory.
func IsInput(err error) bool {
	var in *InputError
	var large *limit.Error
	return errors.As(err, &in) || errors.As(err, &large) || errors.Is(err, config.ErrConfig)
}

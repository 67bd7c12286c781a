package run

import (
	"errors"

	"pare/config"
)

// InputError is a fault in what the user gave, other than in the config:
// commands exit with status 2.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// IsInput reports whether an error is the fault of what the user gave.
func IsInput(err error) bool {
	var in *InputError
	return errors.As(err, &in) || errors.Is(err, config.ErrConfig)
}

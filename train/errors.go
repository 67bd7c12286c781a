package train

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart; those returned wrap them and say more.
var (
	// ErrInterrupted: the context ended. The state was saved, if there is a
	// checkpoint folder.
	ErrInterrupted = errors.New("interrupted")
	// ErrDiverged: a loss, a gradient or a parameter is no longer finite.
	ErrDiverged = errors.New("training diverged")
	// ErrNotFinite: a network gives an output that is not a finite number.
	ErrNotFinite = errors.New("an output of the network is not a finite number")
	// ErrDamaged: a checkpoint is cut off or has changed since it was written.
	ErrDamaged = errors.New("the checkpoint is damaged")
	// ErrMismatch: a checkpoint belongs to another network, configuration,
	// phase or optimizer.
	ErrMismatch = errors.New("the checkpoint does not fit")
)

// Diverged is the error of a training whose network gives outputs that are not finite,
// as err says.
func Diverged(err error) error { return fmt.Errorf("%w: %w; %s", ErrDiverged, err, remedy) }

package train

import (
	"fmt"

	"pare/nn"
)

// Checkpoint is everything a phase needs to go on bit for bit.
type Checkpoint struct {
	Position     Position
	Architecture string           // Fingerprint of the network
	Network      *nn.Architecture // the network, where a Reshaper has changed it; nil: the one the phase began with
	Reshape      []byte           // Reshaped.State, JSON; nil without a Reshaper
	Config       string           // the caller's hash of what was configured
	Params       []NamedTensor    // of the network, running statistics included
	Optimizer    OptimizerState   // moments and frozen zeros
	Best         []NamedTensor    // parameters of the best epoch; nil unless they are kept
	State        []NamedTensor    // what layers carry to the next batch; nil between epochs and without such layers
	Penalties    []NamedTensor    // what penalties carry to the next step; nil where none does
}

// LoadParams copies the parameters into a network of the same architecture.
// After an error nothing has changed.
func (c *Checkpoint) LoadParams(net *nn.Network) error {
	if err := c.fits(net); err != nil {
		return err
	}
	copyTensors(paramTensors(net), c.Params)
	return nil
}

func (c *Checkpoint) fits(net *nn.Network) error {
	if f := Fingerprint(net); f != c.Architecture {
		return fmt.Errorf("%w: it was written for another architecture, not for %s (%.8s, not %.8s)",
			ErrMismatch, net.Name, c.Architecture, f)
	}
	own := paramTensors(net)
	err := sameTensors(own, c.Params)
	if err == nil && c.Best != nil {
		err = sameTensors(own, c.Best)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	return nil
}

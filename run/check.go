package run

import (
	"context"

	"pare/config"
	"pare/nn"
)

// Plan loads the data, builds the network and binds the penalties without
// training, so that mistakes show before a run folder is made.
func Plan(ctx context.Context, c *config.Config, progress func(what string, done, total int64)) (*nn.Network, error) {
	d, err := LoadData(ctx, c, progress)
	if err != nil {
		return nil, err
	}
	net, err := BuildNetwork(c, d.Task())
	if err != nil {
		return nil, err
	}
	_, err = penalties(c, net)
	return net, err
}

package pare

import (
	"context"
	"os"

	"pare/internal/fault"
	"pare/run"
)

// PruneOptions say which units to remove. The zero value removes those that training made
// constant or dead; with a budget, MACs or Params, the least important ones go first, by the
// criterion Importance ("": taylor, which needs Data; magnitude and others need none).
type PruneOptions = run.PruneRequest

// Prune removes units and returns the smaller network with the record of the removal: sizes,
// layers, and the certificate that removal kept the function. m is not changed. With data,
// criteria score units on one half of the examples, and the other half tests the network and
// is compared by the certificate, beside random inputs; nil: random inputs alone.
func Prune(ctx context.Context, m Model, o PruneOptions, d *Data) (small Model, p *run.Pruning, err error) {
	defer fault.Recover(&err)
	if err := whole(ctx, m); err != nil {
		return Model{}, nil, err
	}
	var data *run.Data
	if d != nil {
		dir, err := os.MkdirTemp("", "pare-*")
		if err != nil {
			return Model{}, nil, err
		}
		defer os.RemoveAll(dir)
		a, err := d.ofModel(dir, m)
		if err != nil {
			return Model{}, nil, err
		}
		if data, err = a.Data(ctx, m, "", nil); err != nil {
			return Model{}, nil, ofData(err, nil)
		}
	}
	net, err := m.Net.Clone() // units are zeroed in place
	if err != nil {
		return Model{}, nil, err
	}
	if m.Net, p, err = run.Prune(ctx, net, o, data); err != nil {
		return Model{}, nil, err
	}
	return m, p, nil
}

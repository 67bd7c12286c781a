package app

import (
	"fmt"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/prune"
	"pare/run"
)

// keepFlags adds the flags that demand units of layers, and budgets of single layers and of
// time. The function that it returns reads them into the request.
func keepFlags(f *flags, q *run.PruneRequest) func() error {
	keep := f.String("keep", "", "`LIST` of layers that keep all their outputs, names or patterns such as layer4.*, and of "+
		"bounds on all layers: least=N, the fewest units that a layer keeps (below 1 a share of them), and lose=SHARE, "+
		"the largest share that it may lose; separated by commas")
	f.IntVar(&q.RoundTo, "round-to", 0, "layers end with a multiple of `N` units, or keep all")
	f.Float64Var(&q.Latency, "latency", 0, "least, magnitude and random: `share` of the time of an inference to keep, above 0 and "+
		"at most 1, as measured on this machine")
	f.IntVar(&q.Batch, "batch", 0, "-latency: `examples` of an inference (default 1)")
	shares := f.String("layers", "", "least, magnitude and random: `LIST` of layers with the largest share of their units that they "+
		"keep, such as layer1.*=0.5,conv1=0.8")
	return func() (err error) {
		if f.given("round-to") && q.RoundTo < 1 {
			return cli.InputError("-round-to is %d; it must be at least 1", q.RoundTo)
		}
		if f.given("batch") && q.Batch < 1 {
			return cli.InputError("-batch is %d; it must be at least 1", q.Batch)
		}
		if q.Keep, err = parseKeep(*keep); err != nil {
			return cli.InputError("-keep: %w", err)
		}
		if q.LayerShares, err = parseShares(*shares); err != nil {
			return cli.InputError("-layers: %w", err)
		}
		return nil
	}
}

// parseKeep reads layers and bounds; "" is nil.
func parseKeep(text string) (*prune.Keep, error) {
	if text == "" {
		return nil, nil
	}
	k := &prune.Keep{}
	for item := range strings.SplitSeq(text, ",") {
		name, value, bound := strings.Cut(strings.TrimSpace(item), "=")
		switch {
		case name == "":
			return nil, fmt.Errorf("%q has an item without a name", text)
		case !bound:
			k.Layers = append(k.Layers, name)
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		at := map[string]*float64{"least": &k.Least, "lose": &k.Lose}[name]
		switch {
		case at == nil:
			return nil, fmt.Errorf("there is no bound %q; use least or lose", name)
		case err != nil || !(v > 0):
			return nil, fmt.Errorf("%s is %q; it must be a number above 0", name, value)
		case *at != 0:
			return nil, fmt.Errorf("%s is given twice", name)
		}
		*at = v
	}
	if err := k.Validate(); err != nil {
		return nil, err
	}
	return k, nil
}

// parseShares reads shares of layers; "" is nil.
func parseShares(text string) (map[string]float64, error) {
	if text == "" {
		return nil, nil
	}
	out := map[string]float64{}
	for item := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		v, err := strconv.ParseFloat(value, 64)
		switch _, twice := out[name]; {
		case !ok || name == "":
			return nil, fmt.Errorf("%q is no layer with a share, such as conv1=0.5", item)
		case err != nil || !(v > 0 && v <= 1):
			return nil, fmt.Errorf("the share of %s is %q; it must be a number above 0 and at most 1", name, value)
		case twice:
			return nil, fmt.Errorf("layer %s is given twice", name)
		}
		out[name] = v
	}
	return out, nil
}

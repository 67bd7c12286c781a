package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"pare/config"
	"pare/internal/printable"
	"pare/run"
)

// dryRun checks the config against its data and prints the network.
func dryRun(ctx context.Context, c *config.Config) error {
	net, _, err := run.Plan(ctx, c, progress(false))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(printable.Writer{W: os.Stdout}, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "layer\tkind\treads\toutput\tparams\tMACs\n")
	for _, n := range net.Nodes {
		in := make([]string, len(n.Inputs))
		for k, i := range n.Inputs {
			in[k] = net.NameOf(i)
		}
		k := net.CountNode(n)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\n", n.Name, n.Layer.Kind(), strings.Join(in, ", "), n.Shape, k.Params, k.MACs)
	}
	t := net.Count()
	fmt.Fprintf(w, "total\t\t\t\t%d\t%d\n", t.Params, t.MACs)
	return w.Flush()
}

// Command repair measures how much of the accuracy that a selection of units costs a repair
// brings back, without training, on a trained run of classes:
//
//	go run ./scripts/repair [-macs 0.75,0.5] [-examples 128,512,2048] [-ridge 0.001] [-data-dir DIR] RUN
//
// For each budget it prints a row of a Markdown table: the test accuracy of the trained network,
// with the chosen units at 0, with running statistics measured anew, and repaired from each
// number of examples. Units go by magnitude; all that is drawn depends on the seed of the run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
	"pare/run"
)

func main() {
	budgets := flag.String("macs", "0.75,0.5", "shares of the multiply-accumulates to keep")
	examples := flag.String("examples", "128,512,2048", "numbers of examples to repair from")
	ridge := flag.Float64("ridge", 0, "ridge of the fits; 0: the default")
	dir := flag.String("data-dir", "", "folder with the data, in place of data.dir of the run's config")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "repair: name one run folder")
		os.Exit(2)
	}
	if err := measure(context.Background(), flag.Arg(0), *dir, *budgets, *examples, *ridge); err != nil {
		fmt.Fprintln(os.Stderr, "repair:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, path, dir, budgets, examples string, ridge float64) error {
	shares, err := numbers(budgets)
	if err != nil {
		return err
	}
	counts, err := numbers(examples)
	if err != nil {
		return err
	}
	a, err := run.OpenArtifact(path)
	if err != nil {
		return err
	}
	m, err := a.Trained()
	if err != nil {
		return err
	}
	data, err := a.Data(ctx, m, dir, nil)
	if err != nil {
		return err
	}
	e := &experiment{dense: m.Net, data: data, seed: a.Config.Seed, ridge: ridge}
	trained, err := e.accuracy(ctx, m.Net)
	if err != nil {
		return err
	}
	fmt.Print("| MACs left | trained | zeroed | new statistics |")
	for _, n := range counts {
		fmt.Printf(" repaired, %.0f examples |", n)
	}
	fmt.Printf("\n|---|---|---|---|%s\n", strings.Repeat("---|", len(counts)))
	for _, share := range shares {
		row, err := e.row(ctx, share, counts)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.2f %% |%s\n", row[0], 100*trained, row[1])
	}
	return nil
}

// experiment is a trained network with its data.
type experiment struct {
	dense *nn.Network
	data  *run.Data
	seed  uint64
	ridge float64
}

// row is the share of the multiply-accumulates that remain, and the cells behind the trained
// network's.
func (e *experiment) row(ctx context.Context, share float64, counts []float64) (row [2]string, err error) {
	zeroed, err := e.dense.Clone()
	if err != nil {
		return row, err
	}
	if err := (prune.Selection{Importance: importance.Magnitude{}, MACs: share, Seed: e.seed}).Zero(zeroed); err != nil {
		return row, err
	}
	left, err := prune.Remaining(zeroed)
	if err != nil {
		return row, err
	}
	row[0] = fmt.Sprintf("%.1f %%", 100*float64(left.MACs)/float64(e.dense.Count().MACs))
	cell := func(change func(net *nn.Network) error) error {
		net, err := zeroed.Clone()
		if err == nil {
			err = change(net)
		}
		if err != nil {
			return err
		}
		accuracy, err := e.accuracy(ctx, net)
		row[1] += fmt.Sprintf(" %.2f %% |", 100*accuracy)
		return err
	}
	if err := cell(func(*nn.Network) error { return nil }); err != nil {
		return row, err
	}
	if err := cell(func(net *nn.Network) error { return e.data.MeasureStatistics(ctx, net) }); err != nil {
		return row, err
	}
	for _, n := range counts {
		err := cell(func(net *nn.Network) error {
			if _, err := e.data.Reconstruct(ctx, e.dense, net, int(n), e.ridge, e.seed); err != nil {
				return err
			}
			return e.data.MeasureStatistics(ctx, net)
		})
		if err != nil {
			return row, err
		}
	}
	return row, nil
}

// accuracy is the share of the test set that a network gets right.
func (e *experiment) accuracy(ctx context.Context, net *nn.Network) (float64, error) {
	m, err := e.data.Test(ctx, net)
	if err != nil {
		return 0, err
	}
	return m.Accuracy, nil
}

func numbers(list string) (out []float64, err error) {
	for text := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a list of numbers", list)
		}
		out = append(out, v)
	}
	return out, nil
}

package main

import (
	"flag"
	"math"
	"slices"

	"pare/cmd/internal/cli"
	"pare/stat/estimate"
)

// simulateFlags are the options that draw signals in place of reading them.
type simulateFlags struct{ estimate.Simulation }

// simulateOptions count only with -simulate; of the others these may stand beside it.
var (
	simulateOptions = []string{"kernel", "nodes", "degree", "observations", "snr"}
	besideSimulate  = map[string]bool{"simulate": true, "seed": true, "out": true, "json": true, "threads": true}
)

func (s *simulateFlags) add(f *flags) {
	f.StringVar(&s.Graph, "simulate", "", "write simulated signals on a `graph` to -out instead of fitting: er, ring, grid or ba")
	f.StringVar(&s.Kernel, "kernel", "consensus", "-simulate: kernel: consensus, heat or walk")
	f.IntVar(&s.Nodes, "nodes", 100, "-simulate: `number` of nodes")
	f.Float64Var(&s.Degree, "degree", 6, "-simulate er and ba: mean number of neighbours")
	f.IntVar(&s.Observations, "observations", 200, "-simulate: `number` of observations")
	f.Float64Var(&s.Decibels, "snr", 20, "-simulate: signal-to-noise ratio in `dB`; inf: no noise")
}

// check refuses options that would not count.
func (s *simulateFlags) check(f *flags, out string) error {
	if s.Graph == "" {
		return f.only("it goes with -simulate", simulateOptions...)
	}
	var unused string
	f.Visit(func(o *flag.Flag) {
		if !besideSimulate[o.Name] && !slices.Contains(simulateOptions, o.Name) {
			unused = o.Name
		}
	})
	if unused != "" {
		return cli.InputError("-%s: it is for a fit; leave -simulate out", unused)
	}
	switch {
	case out == "":
		return cli.InputError("no -out; name a folder for the signals of -simulate")
	case math.IsNaN(s.Decibels) || math.IsInf(s.Decibels, -1):
		return cli.InputError("-snr is %v; give a number of dB, or inf", s.Decibels)
	}
	return nil
}

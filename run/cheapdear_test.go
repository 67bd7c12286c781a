package run

import (
	"bytes"
	"flag"
	"fmt"
	"testing"
	"text/tabwriter"

	"pare/config"
)

// cheapSeeds: with three it prints the whole table:
//
//	go test ./run -run TestCheapAndDear -cheap.seeds 3 -timeout 30m -v
var cheapSeeds = flag.Int("cheap.seeds", 1, "seeds of TestCheapAndDear; above 1 it also runs the other networks and scale none")

// cheapAndDear are networks with groups that cost many multiply-accumulates and groups
// that cost few, with their training.
var cheapAndDear = []struct{ name, text string }{
	{"gated", `
name: gated
data: {dataset: digits, validation: 100}
model:
  layers:
    - conv: {out: 12, kernel: 3, pad: 1, no_bias: true, name: c1}
    - batchnorm: {name: b1}
    - relu: {name: r1}
    - concat: {name: cc, inputs: [r1, input, r1]}
    - conv: {out: 12, kernel: 3, pad: 1, name: c2}
    - batchnorm: {name: b2}
    - add: {name: s, inputs: [b2, r1, r1]}
    - relu: {name: r2}
    - depthwise: {kernel: 3, pad: 1, multiplier: 2, name: dw}
    - batchnorm: {name: b3}
    - silu: {name: sp}
    - conv: {out: 24, kernel: 1, name: gate_c, inputs: [r2]}
    - sigmoid: {name: gs}
    - mul: {name: m, inputs: [sp, gs]}
    - avgpool: {kernel: 3, stride: 2, pad: 1, name: ap}
    - conv: {out: 12, kernel: 3, pad: 1, groups: 3, name: g}
    - batchnorm: {name: b5}
    - leaky_relu
    - maxpool: {kernel: 2, stride: 2, name: mp}
    - flatten
    - linear: {out: 16, name: fc1}
    - relu
    - linear: {out: 10, name: fc}
train: {epochs: 12, batch: 64, optimizer: {lr: 0.05, momentum: 0.9, weight_decay: 1e-4}, schedule: {type: cosine, warmup: 0.5}}
`},
	{"lenet5", `
name: lenet5
data: {dataset: glyphs, classes: digits, train: 4000, validation: 200, test: 2000, augment: {crop: 2}}
model: {type: lenet5, conv1: 8, conv2: 16, fc1: 64}
train: {epochs: 12, batch: 32, optimizer: {lr: 0.02, momentum: 0.9, weight_decay: 5e-4}, schedule: {type: cosine, warmup: 0.5}}
`},
	{"wide head", `
name: wide-head
data: {dataset: digits, validation: 100}
model:
  layers:
    - conv: {out: 16, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - conv: {out: 24, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - maxpool: {kernel: 4, stride: 4}
    - flatten
    - linear: {out: 48, name: fc1}
    - relu
    - linear: {out: 10, name: fc}
train: {epochs: 12, batch: 32, optimizer: {lr: 0.05, momentum: 0.9, weight_decay: 1e-4}, schedule: {type: cosine, warmup: 0.5}}
`},
}

// TestCheapAndDear: a trained network comes down to 0.7 of its multiply-accumulates
// within a point of its accuracy, with one λ for channels and neurons, though a
// channel costs a hundred times as many as a neuron.
func TestCheapAndDear(t *testing.T) {
	full := *cheapSeeds > 1
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "network\tseed\tscale\tMACs left\tchannels gone\tneurons gone\ttrained\tpruned")
	for _, net := range cheapAndDear {
		for seed := 1; seed <= *cheapSeeds; seed++ {
			dense := finish(t, cheapConfig(t, net.text, seed))
			for _, scale := range []string{"macs", "none"} {
				if !full && scale == "none" {
					continue
				}
				c := cheapConfig(t, net.text, seed, "model={type: saved, run: "+dense.folder.path(trainedDir)+"}", "target={macs: 0.7}",
					fmt.Sprintf("penalties=[{type: group_lasso, on: channels, lambda: 1e-3, scale: %s}, {type: group_lasso, on: neurons, lambda: 1e-3, scale: %[1]s}]", scale))
				r := finish(t, c)
				fmt.Fprintf(w, "%s\t%d\t%s\t%.1f %%\t%d\t%d\t%.2f %%\t%.2f %%\n", net.name, seed, scale,
					100*float64(r.MACsAfter)/float64(r.MACsBefore), r.Removed.Channels, r.Removed.Units, 100*dense.AccuracyFinal, 100*r.AccuracyFinal)
				if r.TargetReached > 0.7 || r.TargetReached < 0.65 {
					t.Errorf("%s, seed %d, scale %s: reached %g, asked for 0.7", net.name, seed, scale, r.TargetReached)
				}
				if lost := dense.AccuracyFinal - r.AccuracyFinal; lost > 0.01+1e-9 {
					t.Errorf("%s, seed %d, scale %s: accuracy %g, %g before", net.name, seed, scale, r.AccuracyFinal, dense.AccuracyFinal)
				}
			}
		}
		if !full {
			break
		}
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}

func cheapConfig(t *testing.T, text string, seed int, sets ...string) *config.Config {
	t.Helper()
	return parse(t, text, append(sets, fmt.Sprintf("seed=%d", seed))...)
}

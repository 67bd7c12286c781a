// Command infer times forward passes of models with random parameters, and of the networks of runs on
// their test examples, for scripts/bench/infer.py. It writes each as an ONNX file into a folder and
// prints "ready"; then it answers every line "NUMBER BATCH SIDE" of standard input, with the number of
// the model in the list, with a JSON object: ms, the median of the calls in the time of a turn, and
// least_ms. SIDE is predictor, dense for one that skips no zeros, or program for the network compiled
// as it is.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pare/export"
	"pare/infer"
	"pare/internal/kernel/parallel"
	"pare/models"
	"pare/nn"
	"pare/run"
)

func main() {
	names := flag.String("models", "lenet5", "`names` of models, and folders of runs, with a slash in their paths")
	dir := flag.String("out", ".", "`folder` for the files")
	turn := flag.Duration("turn", 200*time.Millisecond, "`time` of a turn")
	threads := flag.Int("threads", 0, "processor threads; 0: all cores")
	flag.Parse()
	parallel.SetThreads(*threads)
	if err := serve(strings.Split(*names, ","), *dir, *turn, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "infer:", err)
		os.Exit(2)
	}
}

// tasks are the inputs of the models that do not read colour images.
var tasks = map[string]models.Task{
	"mlp": {Input: nn.Shape{1, 28, 28}, Classes: 10}, "lenet5": {Input: nn.Shape{1, 28, 28}, Classes: 10},
	"rnn": text, "lstm": text, "gru": text, "transformer": text,
}

var text = models.Task{Input: nn.Shape{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65, NextToken: true}

// build makes a model with biases, scales and statistics away from their initial values.
func build(name string) (*nn.Network, error) {
	_, model, err := models.Preset(name)
	if err != nil {
		return nil, err
	}
	task, ok := tasks[name]
	if !ok {
		task = models.Task{Input: nn.Shape{3, 32, 32}, Classes: 10}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := models.Build(model, task, rng)
	if err != nil {
		return nil, err
	}
	for _, p := range net.Params() {
		if p.Role == nn.RoleWeight {
			continue
		}
		for i := range p.Data() {
			p.Data()[i] += 0.1 * rng.Float32()
		}
	}
	return net, nil
}

// served is a network with the inputs of its calls, channels last.
type served struct {
	net *nn.Network
	x   []float32
}

// inputs is the number of examples that calls take the first ones of.
const inputs = 64

// open builds a model with random inputs, or opens a run with its test examples.
func open(name string) (served, error) {
	if strings.Contains(name, "/") {
		a, err := run.OpenArtifact(name)
		if err != nil {
			return served{}, err
		}
		m, err := a.Final()
		if err != nil {
			return served{}, err
		}
		data, err := a.Data(context.Background(), m, "", nil)
		if err != nil {
			return served{}, err
		}
		x, err := data.Examples(data.Set.Test, inputs)
		return served{m.Net, x}, err
	}
	net, err := build(name)
	if err != nil {
		return served{}, err
	}
	rng, x := rand.New(rand.NewPCG(3, 4)), make([]float32, inputs*net.Input.Size())
	for i := range x {
		if x[i] = float32(rng.NormFloat64()); net.Vocabulary > 0 {
			x[i] = float32(rng.IntN(net.Vocabulary))
		}
	}
	return served{net, x}, nil
}

func serve(names []string, dir string, turn time.Duration, in io.Reader, out io.Writer) error {
	sides := map[string]func(){}
	var nets []served
	for i, name := range names {
		s, err := open(name)
		if err != nil {
			return err
		}
		nets = append(nets, s)
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i, ".onnx")))
		if err != nil {
			return err
		}
		if err := cmp.Or(export.WriteONNX(f, export.Model{Net: s.net}), f.Close()); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "ready")
	answers := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		key := lines.Text()
		run, ok := sides[key]
		if !ok {
			var err error
			if run, err = side(nets, key); err != nil {
				return err
			}
			sides[key] = run
		}
		median, least := measure(run, turn)
		if err := answers.Encode(map[string]float64{"ms": median, "least_ms": least}); err != nil {
			return err
		}
	}
	return nil
}

// side is the call that a line asks for.
func side(nets []served, key string) (func(), error) {
	var number, batch int
	var kind string
	if _, err := fmt.Sscan(key, &number, &batch, &kind); err != nil || number < 0 || number >= len(nets) || batch < 1 {
		return nil, fmt.Errorf("%q is not NUMBER BATCH SIDE", key)
	}
	net := nets[number].net
	x := make([]float32, 0, batch*net.Input.Size())
	for len(x) < cap(x) {
		x = append(x, nets[number].x[:min(len(nets[number].x), cap(x)-len(x))]...)
	}
	o := infer.Options{MaxBatch: batch, ChannelsLast: true}
	switch kind {
	case "program":
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
		if err != nil {
			return nil, err
		}
		return func() {
			copy(p.X, x)
			p.ResetState()
			p.Run()
		}, nil
	case "dense":
		o.Zeros = infer.Dense
	case "predictor":
	default:
		return nil, fmt.Errorf("there is no side %q: predictor, dense and program are", kind)
	}
	p, err := infer.New(net, o)
	if err != nil {
		return nil, err
	}
	y := make([]float32, batch*p.Output().Size())
	return func() {
		if err := p.Predict(y, x, batch); err != nil {
			panic(err)
		}
	}, nil
}

// measure calls f for some time, and returns the median and the least time of a call in ms.
func measure(f func(), turn time.Duration) (median, least float64) {
	f()
	var times []time.Duration
	for start := time.Now(); time.Since(start) < turn || len(times) < 3; {
		before := time.Now()
		f()
		times = append(times, time.Since(before))
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds() * 1e3, times[0].Seconds() * 1e3
}

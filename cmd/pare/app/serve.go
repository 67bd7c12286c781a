package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"pare/cmd/internal/cli"
	"pare/infer"
	"pare/infer/serve"
	"pare/internal/build"
	"pare/nn"
	"pare/run"
)

// serveCommand answers requests for predictions.
var serveCommand = command{
	name: "serve",
	args: "[NAME=]SOURCE… [-addr HOST:PORT]",
	doc:  "answers requests for predictions over HTTP, by the Open Inference Protocol",
	examples: []string{
		"pare serve runs/pets                                # POST http://localhost:8080/v2/models/pets/infer",
		"pare serve pets=runs/pets-3 resnet50.onnx -addr :80 # two models, for other machines, too",
		"pare serve resnet50.safetensors -model resnet50 -batch 16 -wait 5ms",
	},
	run: runServe,
}

// serveFlags are the options of the command.
type serveFlags struct {
	*flags
	addr                      string
	batch, queue, connections int
	wait, timeout, grace      time.Duration
	raw, accessLog, dense     bool
	from                      *sourceFlags
}

func (f *serveFlags) define() {
	f.StringVar(&f.addr, "addr", "localhost:8080", "`address` to listen at, HOST:PORT; :8080 is for all machines that reach this one, "+
		"port 0 chooses a free one")
	f.IntVar(&f.batch, "batch", 64, "examples to compute at once, and the most in a request; fewer if each has many outputs")
	f.DurationVar(&f.wait, "wait", 2*time.Millisecond, "how long a request waits for others to join its batch")
	f.IntVar(&f.queue, "queue", 0, "most examples that wait for a model, at least -batch; further requests get status 503; 0: 16 batches")
	f.DurationVar(&f.timeout, "timeout", 30*time.Second, "time to read a request, and time to compute it")
	f.DurationVar(&f.grace, "grace", 30*time.Second, "time to finish accepted requests after Ctrl-C or SIGTERM; a second signal ends at once")
	f.IntVar(&f.connections, "connections", 1024, "most open connections; further ones wait")
	f.BoolVar(&f.raw, "raw", false, "inputs are normalised already, like the inputs of the exported ONNX file")
	f.BoolVar(&f.dense, "dense", false, "skip no zeros of activations and weights; outputs have the same bits in every process")
	f.BoolVar(&f.accessLog, "access-log", false, "write a line for each request on standard error")
	f.from = f.source()
	f.within(atLeast(1), "batch", "connections")
	f.within(atLeast(0), "queue")
	f.within(bound{"a duration of at least 0", func(v any) bool { return v.(time.Duration) >= 0 }}, "wait", "grace")
	f.within(bound{"a duration above 0", func(v any) bool { return v.(time.Duration) > 0 }}, "timeout")
}

func runServe(ctx context.Context, o *flags) error {
	f := &serveFlags{flags: o}
	f.define()
	sources, err := f.parseSome()
	if err == nil && len(sources) == 0 {
		err = cli.InputError("no SOURCE given; see pare help serve")
	}
	if err != nil {
		return err
	}
	f.refuse(len(sources) > 1, "it is for one SOURCE; folders that pare prune writes need none", "model", "names", "input")
	if f.refused != nil {
		return f.refused
	}
	var models []*serve.Model
	for _, s := range sources {
		m, err := f.open(s)
		if err != nil {
			return err
		}
		for _, other := range models {
			if other.Name == m.Name {
				return cli.InputError("%s: another model is named %s; name it: NAME=%s", s, m.Name, strings.TrimPrefix(s, m.Name+"="))
			}
		}
		models = append(models, m)
	}
	so := serve.Options{Wait: f.wait, Queue: f.queue, Timeout: f.timeout, Connections: f.connections, Version: build.Read().Version}
	if f.accessLog {
		so.Access = slog.New(slog.NewTextHandler(f.stderr, nil))
	}
	server, err := serve.New(models, so)
	if err != nil {
		return &run.InputError{Err: err}
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		server.Close()
		return cli.InputError("-addr %s: %w", f.addr, err)
	}
	fmt.Fprintf(f.stdout, "serving %s at http://%s\n", described(models), listener.Addr())
	err = server.Serve(ctx, listener, f.grace)
	c := server.Counts()
	fmt.Fprintf(f.stdout, "answered %d requests with predictions for %d examples, %d failed\n", c.Answered, c.Examples, c.Failed)
	return err
}

// open opens a SOURCE, with NAME= in front where it has a name of its own.
func (f *serveFlags) open(arg string) (*serve.Model, error) {
	name, path, ok := strings.Cut(arg, "=")
	if !ok || !serve.ValidName(name) { // the path has an =
		name, path = servedName(arg), arg
	}
	if !serve.ValidName(name) {
		return nil, cli.InputError("%s: a model cannot be named %q; give it a name of letters, digits and ._-: NAME=%s", path, name, path)
	}
	a, m, err := f.from.final(path)
	if err != nil {
		return nil, err
	}
	zeros := infer.Measured
	if f.dense {
		zeros = infer.Dense
	}
	return servedModel(name, a, m, infer.Options{MaxBatch: f.batch, Zeros: zeros}, f.raw)
}

// servedName is the name of a model by its path: of runs/pets and of pets.onnx it is pets.
func servedName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	base := filepath.Base(path)
	switch cli.Extension(base) {
	case ".onnx", ".safetensors":
		return strings.TrimSuffix(base, filepath.Ext(base))
	}
	return base
}

// described lists models with their inputs and outputs.
func described(models []*serve.Model) string {
	var parts []string
	for _, m := range models {
		out := m.Outputs[0]
		parts = append(parts, fmt.Sprintf("%s (%s → %s %s)", m.Name, nn.Shape(m.Input.Shape), nn.Shape(out.Shape), out.Name))
	}
	return strings.Join(parts, ", ")
}

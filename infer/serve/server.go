// Package serve answers requests for predictions over HTTP, by the Open Inference Protocol,
// version 2, with its binary tensor data and classification extensions, which clients of Triton,
// KServe and others speak:
//
//	server, err := serve.New(models, serve.Options{})
//	err = server.Serve(ctx, listener, 30*time.Second)
//
// It knows no network: a [Model] describes tensors and brings a [Predictor]. Requests that come at the
// same time are computed together. Their number, size, memory and time are bounded. Metrics are at
// /metrics in the format of Prometheus.
package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"pare/internal/limit"
)

// Options bound a server. The zero value is usable.
type Options struct {
	Wait    time.Duration // that a request waits for others to join its batch; 0: none
	Queue   int           // most examples that wait for a model, a batch or more; 0: 16 batches
	Timeout time.Duration // to read a request, and to compute it; 0: 30 s
	// Connections is the most open connections; further ones wait to be accepted. 0: 1024.
	Connections int
	// Memory is the most bytes that requests in progress take together; 0: a quarter of the
	// process's limit.
	Memory int64
	// Version is the version of the program in the server's metadata.
	Version string
	// Access gets a line for each request; nil: no log.
	Access *slog.Logger
}

// Server answers requests. It is an http.Handler; Serve adds limits on connections.
type Server struct {
	o       Options
	models  map[string]*served
	names   []string // of models, in their order
	mux     *http.ServeMux
	metrics *metrics
	memory  budget

	stopping atomic.Bool
	inFlight atomic.Int64 // requests for predictions
	counts   counts
}

// served is a model with its queue.
type served struct {
	*Model
	*batcher
	limit int64 // bytes of a body
}

type counts struct{ answered, failed, examples atomic.Int64 }

// Counts are the requests for predictions since the server started.
type Counts struct {
	Answered, Failed int64
	Examples         int64 // of the answered ones
}

// Counts returns how many requests there were.
func (s *Server) Counts() Counts {
	return Counts{s.counts.answered.Load(), s.counts.failed.Load(), s.counts.examples.Load()}
}

// bytesPerValue bounds the text of a number in a request, with its comma and white space, and
// bytesAround the rest of the request.
const (
	bytesPerValue = 32
	bytesAround   = 64 << 10
)

// New returns a server for models. It calls each Predictor with one example and with a batch, of
// zeros, so that the first requests find it ready, and starts a goroutine for each, which Close ends.
func New(models []*Model, o Options) (*Server, error) {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Connections = cmp.Or(o.Connections, 1024)
	o.Memory = cmp.Or(o.Memory, limit.Memory()/4)
	s := &Server{o: o, models: map[string]*served{}, mux: http.NewServeMux(), metrics: newMetrics()}
	s.memory.left.Store(o.Memory)
	if o.Wait < 0 || o.Queue < 0 || o.Timeout < 0 || o.Connections < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("an option is negative: %+v", o)
	}
	if len(models) == 0 {
		return nil, errors.New("no models to serve")
	}
	for _, m := range models {
		if err := m.check(); err != nil {
			return nil, err
		}
		if s.models[m.Name] != nil {
			return nil, fmt.Errorf("two models are named %q", m.Name)
		}
		inputs := size(m.Input.Shape)
		v := &served{Model: m, limit: bytesAround + bytesPerValue*int64(m.Batch)*int64(inputs)}
		if o.Queue > 0 && o.Queue < m.Batch {
			return nil, fmt.Errorf("model %s: a queue of %d examples has no place for a request of %d; choose a larger queue or a smaller batch",
				m.Name, o.Queue, m.Batch)
		}
		if most := 5*v.limit + m.cost(m.Batch, nil); most > o.Memory {
			return nil, fmt.Errorf("model %s: a request of %d examples may take %s, the limit of all is %s; choose a smaller batch",
				m.Name, m.Batch, limit.Bytes(float64(most)), limit.Bytes(float64(o.Memory)))
		}
		for _, n := range []int{1, m.Batch} {
			if err := compute(m.Predictor, make([]float32, n*m.Width), make([]float32, n*inputs), n); err != nil {
				return nil, fmt.Errorf("model %s: a batch of zeros: %w", m.Name, err)
			}
		}
		s.models[m.Name] = v
		s.names = append(s.names, m.Name)
	}
	for _, name := range s.names {
		v := s.models[name]
		v.batcher = newBatcher(v.Model, o.Wait, cmp.Or(o.Queue, 16*v.Batch), s.metrics.of(name))
		s.metrics.queue(name, func() float64 { return float64(v.waiting.Load()) })
	}
	s.routes()
	return s, nil
}

// cost is the memory that the values and the answer of n examples take; outputs nil: all in JSON.
func (m *Model) cost(n int, outputs []wanted) int64 {
	bytes := int64(m.Width) * 4
	if outputs == nil {
		for i := range m.Outputs {
			outputs = append(outputs, wanted{Output: &m.Outputs[i]})
		}
	}
	for _, w := range outputs {
		each := int64(4 + 16) // the value and its text
		if w.binary {
			each = 4 + 3*4 // as it is collected, and joined with the others
		}
		if w.classes > 0 {
			each += 64
		}
		bytes += each * int64(size(w.Shape))
	}
	return int64(n) * bytes
}

// Close ends the goroutines of the models. Requests in their queues fail.
func (s *Server) Close() {
	for _, m := range s.models {
		m.close()
	}
}

// Serve answers requests from a listener until ctx ends. Then it accepts no more connections, reports
// that it is not ready, finishes the requests that it has, within grace, and closes the server. The
// error says how many requests it had to cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	defer s.Close()
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: min(s.o.Timeout, 5*time.Second),
		ReadTimeout:       s.o.Timeout,
		WriteTimeout:      3 * s.o.Timeout, // from the headers: read, compute and write
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of connections, which scanners fill
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(newLimitedListener(l, s.o.Connections)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if h.Shutdown(end) == nil {
		return nil
	}
	cut := s.inFlight.Load()
	_ = h.Close() // Shutdown has closed the listener, and connections fail only when they are closed already
	if cut > 0 {
		return fmt.Errorf("%d requests were not finished within %v and are cut off", cut, grace)
	}
	return nil
}

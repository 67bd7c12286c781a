package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"pare/internal/fault"
	"pare/internal/limit"
)

// headerLength is the header with the number of bytes of the JSON part of a body that binary data
// follows.
const headerLength = "Inference-Header-Content-Length"

// version is the one version of every model.
const version = "1"

// extensions are the parts of the protocol beside its core that the server speaks.
var extensions = []string{"binary_tensor_data", "classification"}

// routes fills the mux: a handler for each path, with its method.
func (s *Server) routes() {
	metrics := s.metrics.handler()
	for _, r := range []struct {
		pattern, method string
		handle          func(w http.ResponseWriter, r *http.Request) error
	}{
		{"/v2", http.MethodGet, s.metadata},
		{"/v2/health/live", http.MethodGet, s.live},
		{"/v2/health/ready", http.MethodGet, s.ready},
		{"/v2/models/{model}", http.MethodGet, s.modelMetadata},
		{"/v2/models/{model}/ready", http.MethodGet, s.modelReady},
		{"/v2/models/{model}/infer", http.MethodPost, s.infer},
		{"/v2/models/{model}/versions/{version}", http.MethodGet, s.modelMetadata},
		{"/v2/models/{model}/versions/{version}/ready", http.MethodGet, s.modelReady},
		{"/v2/models/{model}/versions/{version}/infer", http.MethodPost, s.infer},
		{"/metrics", http.MethodGet, func(w http.ResponseWriter, r *http.Request) error {
			metrics.ServeHTTP(w, r)
			return nil
		}},
		{"/", "", func(w http.ResponseWriter, r *http.Request) error {
			return notFound("there is no %s; the Open Inference Protocol begins at /v2", quoted(r.URL.Path))
		}},
	} {
		s.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, q *http.Request) {
			if r.method != "" && q.Method != r.method && (r.method != http.MethodGet || q.Method != http.MethodHead) {
				w.Header().Set("Allow", r.method)
				fail(w, &failure{http.StatusMethodNotAllowed, "input", fmt.Sprintf("%s takes %s, not %s", q.URL.Path, r.method, quoted(q.Method))})
				return
			}
			if err := r.handle(w, q); err != nil {
				fail(w, err)
			}
		})
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	noted := &notedWriter{ResponseWriter: w}
	if err := guarded(s.mux, noted, r); err != nil && noted.status == 0 {
		fail(noted, err)
	}
	if s.o.Access != nil {
		s.o.Access.Info("request", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", noted.status,
			"bytes", noted.bytes, "ms", float64(time.Since(start).Microseconds())/1000)
	}
}

// guarded is a handler with a panic as an error, except the one that ends a connection on purpose.
func guarded(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			panic(v)
		} else if v != nil {
			err = fault.New(v)
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

// notedWriter remembers the status and length of an answer.
type notedWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *notedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *notedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *notedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusOf is the status and the reason of an error.
func statusOf(err error) (status int, reason string) {
	var f *failure
	if errors.As(err, &f) {
		return f.status, f.reason
	}
	return http.StatusInternalServerError, "predictor"
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	status, _ := statusOf(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	write(w, status, map[string]string{"error": err.Error()})
}

// write answers with JSON. A client that has gone is no error of the server's.
func write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers can be written
	}
	send(w, status, "application/json", b)
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) error {
	write(w, http.StatusOK, map[string]any{"name": "pare", "version": s.o.Version, "extensions": extensions, "models": s.names})
	return nil
}

func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	write(w, http.StatusOK, map[string]bool{"live": true})
	return nil
}

// readyStatus is the status of answers about readiness.
func (s *Server) readyStatus() (status int, ready bool) {
	if s.stopping.Load() {
		return http.StatusServiceUnavailable, false
	}
	return http.StatusOK, true
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) error {
	status, ready := s.readyStatus()
	write(w, status, map[string]bool{"ready": ready})
	return nil
}

// model is the model in the path of a request.
func (s *Server) model(r *http.Request) (*served, error) {
	name, v := r.PathValue("model"), r.PathValue("version")
	m := s.models[name]
	switch {
	case m == nil:
		return nil, notFound("there is no model %s; the server has %s", quoted(name), strings.Join(s.names, ", "))
	case v != "" && v != version:
		return nil, notFound("there is no version %s of model %s; it has version %s", quoted(v), name, version)
	}
	return m, nil
}

func (s *Server) modelReady(w http.ResponseWriter, r *http.Request) error {
	m, err := s.model(r)
	if err != nil {
		return err
	}
	status, ready := s.readyStatus()
	write(w, status, map[string]any{"name": m.Name, "ready": ready})
	return nil
}

// tensorMetadata describes a tensor; −1 is the number of examples.
type tensorMetadata struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request) error {
	m, err := s.model(r)
	if err != nil {
		return err
	}
	batched := func(shape []int) []int { return slices.Concat([]int{-1}, shape) }
	var outputs []tensorMetadata
	for _, o := range m.Outputs {
		outputs = append(outputs, tensorMetadata{o.Name, FP32, batched(o.Shape)})
	}
	write(w, http.StatusOK, map[string]any{"name": m.Name, "versions": []string{version}, "platform": "pare",
		"inputs":  []tensorMetadata{{m.Input.Name, m.Input.datatypes()[0], batched(m.Input.Shape)}},
		"outputs": outputs})
	return nil
}

// infer answers a request for predictions, and counts it.
func (s *Server) infer(w http.ResponseWriter, r *http.Request) error {
	start := time.Now()
	s.inFlight.Add(1)
	s.metrics.inFlight.Inc()
	defer func() {
		s.inFlight.Add(-1)
		s.metrics.inFlight.Dec()
	}()
	m, err := s.model(r)
	name, n := "", 0
	var a answer
	memory := loan{budget: &s.memory}
	defer memory.end() // the answer is written, too
	if err == nil {
		name = m.Name
		a, n, err = s.predict(m, w, r, &memory)
	}
	if err != nil {
		status, reason := statusOf(err)
		s.metrics.answered(name, status, reason, 0)
		s.counts.failed.Add(1)
		return err
	}
	contentType := "application/json"
	if a.jsonSize >= 0 {
		contentType = "application/octet-stream"
		w.Header().Set(headerLength, strconv.Itoa(a.jsonSize))
	}
	s.metrics.answered(name, http.StatusOK, "", time.Since(start))
	s.counts.answered.Add(1)
	s.counts.examples.Add(int64(n))
	send(w, http.StatusOK, contentType, a.body)
	return nil
}

// predict reads a request, waits for its predictions, and returns the answer and the number of
// examples.
func (s *Server) predict(m *served, w http.ResponseWriter, r *http.Request, memory *loan) (a answer, n int, err error) {
	defer fault.Recover(&err)
	jsonSize, err := checkHeaders(r, m.limit)
	if err != nil {
		return a, 0, err
	}
	body, err := memory.read(r.Body, r.ContentLength, m.limit)
	if err != nil {
		return a, 0, readError(err)
	}
	// The deadline for the body would end the watch over the client, too.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // not every writer has deadlines
	if err := memory.take(4 * int64(len(body))); err != nil {      // values of four bytes, twice, from two bytes of text
		return a, 0, err
	}
	q, err := decode(m.Model, body, jsonSize)
	if err != nil {
		return a, 0, err
	}
	if err := memory.take(m.cost(q.n, q.outputs)); err != nil {
		return a, 0, err
	}
	if m.Prepare != nil {
		if err := m.Prepare(q.in); err != nil {
			return a, 0, badRequest("input %s: %v", m.Input.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Timeout)
	defer cancel()
	values, err := m.batcher.predict(ctx, q.in, q.n)
	if err != nil {
		return a, 0, err
	}
	for _, v := range values {
		if v-v != 0 {
			return a, 0, badRequest("the outputs are not finite; the inputs are too large for the network")
		}
	}
	return answerOf(m.Model, q, values), q.n, nil
}

// bodyTypes are the media types of requests. A form is JSON too: it is the type that curl -d
// sends where no header names another.
var bodyTypes = []string{"application/json", "application/octet-stream", "application/x-www-form-urlencoded"}

// checkHeaders refuses bodies by their headers, and returns the number of bytes of JSON, −1 for all.
func checkHeaders(r *http.Request, most int64) (jsonSize int, err error) {
	unsupported := func(format string, args ...any) (int, error) {
		return 0, &failure{http.StatusUnsupportedMediaType, "input", fmt.Sprintf(format, args...)}
	}
	if c := r.Header.Get("Content-Encoding"); c != "" && c != "identity" {
		return unsupported("Content-Encoding is %s; send the body as it is", quoted(c))
	}
	if c := r.Header.Get("Content-Type"); c != "" {
		if t, _, err := mime.ParseMediaType(c); err != nil || !slices.Contains(bodyTypes, t) {
			return unsupported("Content-Type is %s; it must be application/json, or application/octet-stream for binary data", quoted(c))
		}
	}
	if r.ContentLength > most {
		return 0, &failure{http.StatusRequestEntityTooLarge, "input", tooLarge(most)}
	}
	length := r.Header.Get(headerLength)
	if length == "" {
		return -1, nil
	}
	if jsonSize, err = strconv.Atoi(length); err != nil || jsonSize < 0 {
		return 0, badRequest("%s is %s, not a number of bytes", headerLength, quoted(length))
	}
	return jsonSize, nil
}

func tooLarge(most int64) string {
	return fmt.Sprintf("the body is larger than the %s that the model's largest request takes", limit.Bytes(float64(most)))
}

// readError is the answer to a body that could not be read.
func readError(err error) error {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &failure{http.StatusRequestTimeout, "timeout", "the body did not arrive in time"}
	}
	return badRequest("the body cannot be read: %v", err)
}

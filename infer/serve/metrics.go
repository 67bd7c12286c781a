package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pare/internal/build"
)

// metrics are the figures at /metrics, in a registry of the server's own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by model and status
	errors   *prometheus.CounterVec   // by model and reason
	seconds  *prometheus.HistogramVec // by model, of requests answered with predictions
	wait     *prometheus.HistogramVec
	batch    *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// modelMetrics are the histograms of a model that its batcher fills.
type modelMetrics struct{ wait, batch prometheus.Observer }

func newMetrics() *metrics {
	const model = "model"
	seconds := prometheus.ExponentialBuckets(0.0001, 2, 18) // 0.1 ms to 13 s
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pare_requests_total",
			Help: "Requests for predictions, by model and status of the answer. The model is empty where there is none of the name."},
			[]string{model, "code"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pare_request_errors_total",
			Help: "Requests for predictions that failed, by model and reason: input, queue, memory, timeout, cancelled, stopped, predictor."},
			[]string{model, "reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pare_request_duration_seconds",
			Help: "Seconds from the headers of a request to its answer, of requests that got predictions.", Buckets: seconds}, []string{model}),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pare_queue_duration_seconds",
			Help: "Seconds that a request waited for its batch.", Buckets: seconds}, []string{model}),
		batch: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pare_batch_examples",
			Help: "Examples in a batch.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}, []string{model}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pare_requests_in_flight",
			Help: "Requests for predictions that are not answered yet."}),
	}
	m.registry.MustRegister(m.requests, m.errors, m.seconds, m.wait, m.batch, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b := build.Read()
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "pare_build_info", Help: "1; the labels describe the running program.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go, "platform": b.Platform}})
	info.Set(1)
	m.registry.MustRegister(info)
	return m
}

// of returns the histograms of a model.
func (m *metrics) of(model string) *modelMetrics {
	return &modelMetrics{wait: m.wait.WithLabelValues(model), batch: m.batch.WithLabelValues(model)}
}

// queue shows the length of a model's queue.
func (m *metrics) queue(model string, length func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pare_queue_examples",
		Help: "Examples that wait for a batch.", ConstLabels: prometheus.Labels{"model": model}}, length))
}

// answered counts a request for predictions.
func (m *metrics) answered(model string, status int, reason string, took time.Duration) {
	m.requests.WithLabelValues(model, strconv.Itoa(status)).Inc()
	if reason != "" {
		m.errors.WithLabelValues(model, reason).Inc()
		return
	}
	m.seconds.WithLabelValues(model).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

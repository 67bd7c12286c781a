package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"

	"pare/infer"
	"pare/internal/bench"
	"pare/report/chart"
)

// Inference compares the forms of a network as a predictor serves them: the JSON of
// pare bench -infer, and a section of the report.
type Inference struct {
	Source   string             `json:"source"`
	Threads  int                `json:"threads"`
	Kernels  string             `json:"kernels"`
	Go       string             `json:"go"`
	Peaks    bench.Roofline     `json:"peaks"`
	Inputs   string             `json:"inputs"`   // test, file or random
	Examples int                `json:"examples"` // that predictions take in turn
	Notes    []string           `json:"notes"`    // on forms that are missing; none: []
	Networks []InferenceNetwork `json:"networks"` // the first is the one that speed-ups refer to
}

// InferenceNetwork is one form of the network. Counts are of one example.
type InferenceNetwork struct {
	Name string `json:"name"`
	Of   string `json:"of,omitempty"` // the network that is served here with zeros skipped; "": one that skips none
	// Approximation says how outputs differ from the outputs of the network Of; nil: they do not.
	Approximation *Approximation `json:"approximation,omitempty"`

	Params int64            `json:"params"`
	MACs   int64            `json:"macs"`        // counted: of the shapes alone
	Needed float64          `json:"macs_needed"` // mean of those whose input is not 0
	Layers []InferenceLayer `json:"layers"`      // with multiply-accumulates
	Times  []InferenceTime  `json:"times"`       // by batch size
	Cost   Histogram        `json:"cost"`        // needed multiply-accumulates by example
}

// Approximation is a network with thresholds of its rectifiers.
type Approximation struct {
	Classes float64 `json:"budget_classes,omitempty"` // the budget, as of infer.Budget
	Change  float64 `json:"budget_change,omitempty"`
	On      string  `json:"calibrated_on"` // validation, training, file or random examples
	infer.Approximation
	OnInputs infer.Effect `json:"effect_on_inputs"` // of the measurement
}

// InferenceLayer is a layer with multiply-accumulates, after batch normalisations were folded.
type InferenceLayer struct {
	Name    string      `json:"name"`
	Kind    string      `json:"kind"`
	MACs    int64       `json:"macs"`
	Density float64     `json:"input_density"` // share of the values of its input that are not 0
	Times   []LayerTime `json:"times"`         // by batch size
}

// LayerTime is the time of one layer and batch size, with the least that the machine allows.
type LayerTime struct {
	Batch    int     `json:"batch"`
	Executed float64 `json:"macs_executed"` // for one example: all, or those with inputs that are not 0
	Bytes    float64 `json:"bytes"`         // of parameters, inputs and outputs of the batch
	IdealMs  float64 `json:"ideal_ms"`
	MedianMs float64 `json:"median_ms"` // with the work of later layers that is done in its pass
	Bound    string  `json:"bound"`     // arithmetic or memory: which takes longer
	// Within is the layer whose operation computes this one as well; its median holds both. "": the
	// layer has an operation of its own.
	Within string `json:"within,omitempty"`
}

// InferenceTime is the time of a prediction of one batch.
type InferenceTime struct {
	Batch         int     `json:"batch"`
	Count         int     `json:"count"` // predictions timed
	Median        float64 `json:"median_ms"`
	FirstQuartile float64 `json:"first_quartile_ms"`
	ThirdQuartile float64 `json:"third_quartile_ms"`
	P95           float64 `json:"p95_ms"`
	Executed      float64 `json:"macs_executed"` // for one example
	Ideal         float64 `json:"ideal_ms"`      // sum over layers of the roofline's times
	Reached       float64 `json:"reached"`       // ideal as a share of the median
	Speedup       float64 `json:"speedup"`       // against the first network, of medians
	IdealSpeedup  float64 `json:"ideal_speedup"` // of ideals
}

// Histogram counts values in intervals of equal width.
type Histogram struct {
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	Counts []int   `json:"counts"`
}

// Width is the width of an interval.
func (h Histogram) Width() float64 { return (h.Most - h.Least) / float64(max(1, len(h.Counts))) }

// NewHistogram counts values in so many intervals, or in one where all values are equal. values
// are not empty.
func NewHistogram(values []float64, intervals int) Histogram {
	h := Histogram{Least: values[0], Most: values[0]}
	for _, v := range values {
		h.Least, h.Most = min(h.Least, v), max(h.Most, v)
	}
	if h.Least == h.Most {
		intervals = 1
	}
	h.Counts = make([]int, intervals)
	for _, v := range values {
		i := 0
		if w := h.Width(); w > 0 {
			i = int((v - h.Least) / w)
		}
		h.Counts[min(i, intervals-1)]++
	}
	return h
}

//go:embed style/inference.html
var inferenceText string

var inferenceTemplate = template.Must(template.New("inference").Funcs(template.FuncMap{
	"count": Count, "percent": func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"round": func(v float64) string { return Count(int64(v + 0.5)) },
	"ms":    func(v float64) string { return fmt.Sprintf("%.3f", v) },
	"times": func(v float64) string { return fmt.Sprintf("%.2f", v) },
}).Parse(inferenceText))

// WithInference returns a page that Write has written with a section on inference at its end, in
// place of an earlier one.
func WithInference(page []byte, in Inference) ([]byte, error) {
	return withSection(page, "inference", inferenceTemplate, struct {
		Inference
		Figures []figure
	}{in, in.figures()})
}

// figures are the medians of each batch size beside the ideal, and the histograms of costs.
func (in Inference) figures() []figure {
	var out []figure
	if len(in.Networks) == 0 {
		return nil
	}
	for i, t := range in.Networks[0].Times {
		c := chart.Bars{Title: fmt.Sprintf("Microseconds at batch %d: median, and the ideal in strong colour", t.Batch)}
		for _, n := range in.Networks {
			t := n.Times[i]
			c.Bars = append(c.Bars, chart.Bar{Name: n.Name, Value: Count(int64(math.Round(1e3 * t.Median))),
				Tip:    fmt.Sprintf("%s: %.3f ms, quartiles %.3f and %.3f, ideal %.3f ms", n.Name, t.Median, t.FirstQuartile, t.ThirdQuartile, t.Ideal),
				Before: 1e3 * t.Median, After: 1e3 * t.Ideal})
		}
		out = append(out, figure{c.Title, template.HTML(c.Inline())})
	}
	most := 0.0
	for _, n := range in.Networks {
		most = max(most, n.Cost.Most)
	}
	unit, word := 1.0, ""
	for _, u := range []struct {
		size float64
		word string
	}{{1e3, "thousand "}, {1e6, "million "}, {1e9, "billion "}} {
		if most >= 2*u.size {
			unit, word = u.size, u.word
		}
	}
	costs := chart.Chart{Title: "Share of the inputs by the multiply-accumulates that they need", X: word + "multiply-accumulates",
		Percent: true, Zero: true}
	for _, n := range in.Networks {
		if n.Of != "" && n.Approximation == nil {
			continue // the same inputs need as much
		}
		c, total := chart.Curve{Name: n.Name, Dots: true}, 0
		for _, k := range n.Cost.Counts {
			total += k
		}
		for i, k := range n.Cost.Counts {
			c.X = append(c.X, (n.Cost.Least+(float64(i)+0.5)*n.Cost.Width())/unit)
			c.Y = append(c.Y, float64(k)/float64(max(1, total)))
		}
		costs.Curves = append(costs.Curves, c)
	}
	return append(out, figure{costs.Title, template.HTML(costs.Inline())})
}

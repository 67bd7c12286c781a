package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pare/internal/bench"
)

func sampleInference() Inference {
	network := func(name string, median, ideal float64) InferenceNetwork {
		return InferenceNetwork{Name: name, Params: 10, MACs: 1234567, Needed: 1000,
			Layers: []InferenceLayer{{Name: "fc<1>", Kind: "linear", MACs: 1234567, Density: 0.25,
				Times: []LayerTime{{Batch: 1, Executed: 1234567, Bytes: 40, IdealMs: ideal, MedianMs: median, Bound: "memory"}}}},
			Times: []InferenceTime{{Batch: 1, Count: 20, Median: median, FirstQuartile: median, ThirdQuartile: median, P95: median,
				Executed: 1234567, Ideal: ideal, Reached: ideal / median, Speedup: 1, IdealSpeedup: 1}},
			Cost: NewHistogram([]float64{1, 2, 3}, 2)}
	}
	return Inference{Source: "runs/x", Threads: 2, Kernels: "avx2", Go: "go1", Inputs: "test", Examples: 3, Notes: []string{"a < b"},
		Peaks:    bench.Roofline{Threads: 2, GFLOPs: 100, Memory: []bench.Bandwidth{{Bytes: 1, GBs: 1}}},
		Networks: []InferenceNetwork{network("original", 2, 1), network("pruned", 1, 0.5)}}
}

// The section comes before the end of the page, once, and the page stays well-formed.
func TestWithInference(t *testing.T) {
	var page bytes.Buffer
	if err := Write(&page, Data{Title: "x"}); err != nil {
		t.Fatal(err)
	}
	first, err := WithInference(page.Bytes(), sampleInference())
	if err != nil {
		t.Fatal(err)
	}
	again, err := WithInference(first, sampleInference())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("a second section differs from the first, or stands beside it")
	}
	for d := xml.NewDecoder(bytes.NewReader(again)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<h2>Inference</h2>", "1,234,567", "a &lt; b", "fc&lt;1&gt;", "<td>2.000</td>", "50.0 %", "<svg"} {
		if !strings.Contains(string(again), want) {
			t.Errorf("the section lacks %q", want)
		}
	}
	if _, err := WithInference([]byte("text"), Inference{}); err == nil || !strings.Contains(err.Error(), "no report") {
		t.Errorf("a page without a body: %v", err)
	}
}

// Every value is counted, in the interval that holds it.
func TestNewHistogram(t *testing.T) {
	for _, c := range []struct {
		values      []float64
		least, most float64
		counts      []int
	}{
		{[]float64{0, 1, 2, 4}, 0, 4, []int{1, 1, 1, 1}},
		{[]float64{4, 0, 0, 0.5}, 0, 4, []int{3, 0, 0, 1}},
		{[]float64{7, 7}, 7, 7, []int{2}},
	} {
		h := NewHistogram(c.values, 4)
		if h.Least != c.least || h.Most != c.most || !slices.Equal(h.Counts, c.counts) {
			t.Errorf("%v: %+v", c.values, h)
		}
	}
}

package pretrained_test

import (
	"bytes"
	"strings"
	"testing"

	"pare/export/safetensors"
	"pare/internal/hostile"
	. "pare/models/pretrained"
)

// FuzzFill: no file of weights or names panics, gives an error of several lines, or takes
// memory without bound.
func FuzzFill(f *testing.F) {
	var good bytes.Buffer
	if err := safetensors.Write(&good, safetensors.File{Tensors: state()}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes(), []byte("a,b\n"), uint8(0))
	f.Add(good.Bytes(), []byte(`{"module.*": "*", "ema.*": null}`), uint8(1))
	f.Add([]byte("PK\x03\x04"), []byte("\"body.*\": \"*\"\n"), uint8(2))
	f.Fuzz(func(t *testing.T, weights, names []byte, ext uint8) {
		s := Source{Weights: write(t, "w.safetensors", weights), Names: write(t, "n"+[]string{".csv", ".json", ".yaml"}[ext%3], names)}
		net := network(t, 5)
		hostile.Bounded(t, len(weights)+len(names), hostile.Bytes{Base: 32 << 20, Ratio: 1000}, func() {
			if err := fill(t, net, s); err != nil && strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
		})
	})
}

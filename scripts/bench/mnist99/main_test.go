package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeDigits writes n images in the format of MNIST: the class is the row of a
// bright bar, so that a few steps recognise all of them.
func writeDigits(t *testing.T, dir, part string, n int) {
	t.Helper()
	images := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, d := range []int{n, 28, 28} {
		images = binary.BigEndian.AppendUint32(images, uint32(d))
	}
	labels := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), uint32(n))
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for range n {
		class := rng.IntN(10)
		labels = append(labels, byte(class))
		image := make([]byte, 28*28)
		for i := range 2 * 28 {
			image[(2*class+4)*28+i] = 255
		}
		images = append(images, image...)
	}
	for name, data := range map[string][]byte{part + "-images-idx3-ubyte": images, part + "-labels-idx1-ubyte": labels} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	writeDigits(t, dir, "train", 320)
	writeDigits(t, dir, "t10k", 50)
	o := options{data: dir, seed: 1, batch: 32, evalBatch: 20, every: 5, epochs: 6, lr: 0.02, momentum: 0.9, target: 0.98}
	got := outcomeOf(t, o)
	if !got.Reached || got.Accuracy < 0.98 || got.Steps%5 != 0 || got.Steps < 5 || got.Steps > 60 {
		t.Errorf("got %+v", got)
	}
	o.target, o.epochs = 1.1, 1
	if got := outcomeOf(t, o); got.Reached || got.Steps != 10 {
		t.Errorf("out of reach: got %+v, want 10 steps", got)
	}
}

func outcomeOf(t *testing.T, o options) outcome {
	t.Helper()
	var out bytes.Buffer
	if err := run(context.Background(), o, &out); err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(out.String(), "\n")
	if first != `{"event":"training"}` {
		t.Errorf("the first line is %s", first)
	}
	var r outcome
	if err := json.Unmarshal([]byte(second), &r); err != nil || r.Event != "done" {
		t.Fatalf("the second line is %q: %v", second, err)
	}
	return r
}

func TestRunRefuses(t *testing.T) {
	for _, o := range []options{{every: 1, epochs: 1}, {data: "x", epochs: 1}, {data: t.TempDir(), batch: 1, every: 1, epochs: 1}} {
		var out bytes.Buffer
		if err := run(context.Background(), o, &out); err == nil || out.Len() > 0 {
			t.Errorf("%+v: error %v, prints %q", o, err, &out)
		}
	}
}

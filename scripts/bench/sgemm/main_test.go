package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
)

func TestRun(t *testing.T) {
	defer parallel.SetThreads(0)
	var out bytes.Buffer
	if err := run(&out, "16,33", 2, 0); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&out)
	for _, n := range []int{16, 33} {
		var r result
		if err := d.Decode(&r); err != nil || r.N != n || r.Threads != 2 || !(r.GFLOPs > 0) {
			t.Errorf("%d: got %+v, error %v", n, r, err)
		}
	}
	if d.More() {
		t.Error("there are more results than sizes")
	}
	for _, c := range []struct {
		sizes   string
		threads int
		seconds float64
		want    string
	}{
		{"16,x", 1, 0, `"x"`}, {"0", 1, 0, `"0"`}, {"16", -1, 0, "-threads is -1"}, {"16", 1, -1, "-seconds -1"},
	} {
		if err := run(&out, c.sizes, c.threads, c.seconds); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

package train

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMetricsLogCutsAndHeals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	open := func() *MetricsLog {
		t.Helper()
		l, err := OpenMetricsLog(path)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	add := func(l *MetricsLog, step int) {
		t.Helper()
		if err := l.Append(Record{Kind: "step", Step: step}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...int) {
		t.Helper()
		rs, err := ReadMetrics(path)
		if err != nil || len(rs) != len(want) {
			t.Fatalf("%d records, error %v, want %v", len(rs), err, want)
		}
		for i, r := range rs {
			if r.Step != want[i] {
				t.Errorf("record %d is of step %d, want %d", i, r.Step, want[i])
			}
		}
	}
	l := open()
	for step := 1; step <= 4; step++ {
		add(l, step)
	}
	l.Close()

	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"kind":"st`); err != nil { // a crash in the middle of a line
		t.Fatal(err)
	}
	f.Close()

	l = open()
	defer l.Close()
	if l.Lines() != 4 {
		t.Errorf("%d lines, want 4", l.Lines())
	}
	if err := l.Cut(9); err != nil {
		t.Fatal(err)
	}
	expect(1, 2, 3, 4)
	if err := l.Cut(2); err != nil {
		t.Fatal(err)
	}
	add(l, 7)
	expect(1, 2, 7)
	if err := l.Cut(0); err != nil {
		t.Fatal(err)
	}
	expect()
	add(l, 1)
	expect(1)
}

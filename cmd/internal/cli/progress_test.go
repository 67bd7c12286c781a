package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	if Progress(&out, 0) != nil {
		t.Error("a bar where there is no terminal")
	}
	slow := show(NewBar(&out), time.Hour)
	slow("load", 1, 4)
	slow("load", 4, 4)
	if out.Len() > 0 {
		t.Errorf("short work shows %q", &out)
	}
	// Many short parts under names of their own are one long work.
	parts := show(NewBar(&out), 20*time.Millisecond)
	parts("first", 1, 4)
	time.Sleep(30 * time.Millisecond)
	parts("second", 2, 4)
	if !strings.Contains(out.String(), "\rsecond  50%") {
		t.Errorf("work of several parts shows %q", &out)
	}
	out.Reset()
	parts("second", 4, 4)
	parts("third", 1, 4) // other work, which has just begun
	if out.String() != "\r\x1b[K" {
		t.Errorf("work that has just begun shows %q", &out)
	}
	show(NewBar(&out), 0)("load", 1, 4)
	show(NewBar(&out), 0)("a download of unknown length", 1<<20, -1)
	bar := show(NewBar(&out), 0)
	bar("load", 2, 4)
	bar("load", 3, 4) // too soon
	bar("load", 4, 4)
	for _, want := range []string{"\rload  25% [=====               ]",
		"\ra download of unknown length   0% [                    ]", "\rload  50% [==========          ]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	if got := out.String(); strings.Contains(got, " 75%") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("got %q", got)
	}
}

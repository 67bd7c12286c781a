package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pare/internal/terminal"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	if Progress(&out, 0) != nil {
		t.Error("a bar where there is no terminal")
	}
	slow := show(terminal.NewBar(&out), time.Hour)
	slow("load", 1, 4)
	slow("load", 4, 4)
	if out.Len() > 0 {
		t.Errorf("short work shows %q", &out)
	}
	show(terminal.NewBar(&out), 0)("load", 1, 4)
	show(terminal.NewBar(&out), 0)("a download of unknown length", 1<<20, -1)
	bar := show(terminal.NewBar(&out), 0)
	bar("load", 2, 4)
	bar("load", 3, 4) // too soon
	bar("load", 4, 4)
	want := []string{"load  [=====               ]   25%", "a download of unknown length  [                    ]    0%",
		"load  [==========          ]   50%", ""}
	if got := strings.ReplaceAll(out.String(), "\x1b[K", ""); got != "\r"+strings.Join(want, "\r") {
		t.Errorf("got %q", got)
	}
}

package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

var epoch = []Field{{Long: "train epoch 3/24", Short: "train 3/24"}, {Long: "val accuracy 90.10%", Short: "90.10%"},
	{Long: "MACs left 91.2%", Short: "MACs 91.2%"}, {}, {Long: "24s"}}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		columns int
		want    string
	}{
		{80, "train epoch 3/24  val accuracy 90.10%  MACs left 91.2%  24s"},
		{59, "train epoch 3/24  val accuracy 90.10%  MACs left 91.2%  24s"},
		{58, "train epoch 3/24  val accuracy 90.10%  MACs 91.2%  24s"},
		{50, "train epoch 3/24  90.10%  MACs 91.2%  24s"},
		{40, "train 3/24  90.10%  MACs 91.2%  24s"},
		{34, "train 3/24  90.10%  MACs 91.2%"},
		{20, "train 3/24  90.10%"},
		{12, "train 3/24"},
		{7, "train 3"},
		{0, ""},
		{-1, ""},
	} {
		if got := Line(c.columns, epoch...); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
	if got := Line(5, Field{Long: "größer"}); got != "größe" {
		t.Errorf("a cut name is %q", got)
	}
	if got := Line(80); got != "" {
		t.Errorf("no fields give %q", got)
	}
}

func TestBarLayout(t *testing.T) {
	for _, c := range []struct {
		columns, percent int
		want             string
		cells            int
	}{
		{79, 50, "train epoch 3/24  val accuracy 90.10%  MACs left 91.2%  24s", 10},
		{40, 50, "train 3/24   50%  90.10%  MACs 91.2%", 0},
		{39, 100, "train 3/24  100%  90.10%  MACs 91.2%", 0},
		{19, 7, "train 3/24    7%", 0},
		{5, 50, "train", 0},
	} {
		if got, cells := layout(c.columns, c.percent, epoch); got != c.want || cells != c.cells {
			t.Errorf("%d columns: %q with %d cells, want %q with %d", c.columns, got, cells, c.want, c.cells)
		}
	}
}

// Whatever the width, a drawing leaves the last column free.
func TestBarFits(t *testing.T) {
	for columns := range 200 {
		for _, percent := range []int{0, 33, 99, 100} {
			text, cells := layout(columns, percent, epoch)
			n := utf8.RuneCountInString(text)
			if cells > 0 {
				n += around + cells
			}
			if n > columns {
				t.Errorf("%d columns, %d %%: %q and %d cells take %d", columns, percent, text, cells, n)
			}
		}
	}
	// layout relies on the width of the bar's own drawing.
	var out bytes.Buffer
	b := NewBar(&out)
	b.Draw(0.5, epoch...)
	last := out.String()[strings.LastIndex(out.String(), "\r")+1:]
	text, cells := layout(79, 50, epoch)
	if n := utf8.RuneCountInString(last); n != utf8.RuneCountInString(text)+around+cells || !strings.HasPrefix(last, text+"  50% [") {
		t.Errorf("%q is of %d columns", last, n)
	}
}

func TestBarDrawsOverItself(t *testing.T) {
	var out bytes.Buffer
	b := NewBar(&out)
	if !b.Due() {
		t.Error("a first drawing is not due")
	}
	b.Clear() // nothing is there
	if out.Len() > 0 {
		t.Errorf("%q where nothing was drawn", &out)
	}
	b.Draw(0.25, Field{Long: "load"})
	if b.Due() {
		t.Error("a drawing is due at once")
	}
	b.Clear()
	if got := out.String(); !strings.Contains(got, "\rload  25% [=====               ]") ||
		!strings.HasSuffix(got, "\r\x1b[K") || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
	if IsTerminal(&out) || Columns(&out) != 80 {
		t.Error("a buffer is taken for a terminal")
	}
}

// TestWarnEscapes: names of files in warnings do not command the terminal.
func TestWarnEscapes(t *testing.T) {
	var out strings.Builder
	Warn("train", "a\x1b[31m.txt\nis no image", &out)
	if want := "train: warning: a\\u001b[31m.txt is no image\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

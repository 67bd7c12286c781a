package terminal

import (
	"bytes"
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

func TestBarLine(t *testing.T) {
	for _, c := range []struct {
		columns int
		share   float64
		want    string
	}{
		{79, 0.5, "train epoch 3/24  [=====     ]   50%  val accuracy 90.10%  MACs left 91.2%  24s"},
		{40, 0.5, "train 3/24   50%  90.10%  MACs 91.2%"},
		{39, 1, "train 3/24  100%  90.10%  MACs 91.2%"},
		{19, 0.07, "train 3/24    7%"},
		{5, 0.5, "train"},
	} {
		if got := line(c.columns, c.share, epoch[0], epoch[1:]); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
	for columns := range 200 {
		for _, share := range []float64{-1, 0, 0.333, 0.999, 1, 2} {
			if got := line(columns, share, epoch[0], epoch[1:]); utf8.RuneCountInString(got) > columns {
				t.Errorf("%d columns, share %g: %q is of %d", columns, share, got, utf8.RuneCountInString(got))
			}
		}
	}
}

func TestBarDrawsOverItself(t *testing.T) {
	var out bytes.Buffer
	b := NewBar(&out)
	if !b.Due() {
		t.Error("a first drawing is not due")
	}
	b.Clear() // nothing is there
	b.Draw(0.25, Field{Long: "load"})
	if b.Due() {
		t.Error("a drawing is due at once")
	}
	b.Clear()
	if want := "\rload  [=====               ]   25%\x1b[K\r\x1b[K"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if Is(&out) || Columns(&out) != 80 {
		t.Error("a buffer is taken for a terminal")
	}
}

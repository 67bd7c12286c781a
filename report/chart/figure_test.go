package chart

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pare/internal/svg"
	"pare/internal/svg/raster"
)

func figure(series int) Figure {
	f := Figure{Title: "figure", X: "size, %", Y: "error, %", Note: "a note",
		Level: &Level{Name: "dense 2.00", Y: 2, Low: 1.9, High: 2.1}, Front: []Spot{{X: 1, Y: 9}, {X: 50, Y: 2}}}
	for i := range series {
		s := Series{Name: fmt.Sprintf("method %d", i)}
		for _, x := range []float64{1, 10, 50} {
			y := 2 + float64(i+1)*20/x/float64(series)
			s.Spots = append(s.Spots, Spot{X: x, Y: y, Low: 0.9 * y, High: 1.2 * y})
		}
		f.Series = append(f.Series, s)
	}
	return f
}

func written(t *testing.T, f Figure) string {
	t.Helper()
	var b strings.Builder
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Errorf("a value that is not finite is drawn: %s", b.String())
	}
	return b.String()
}

var figureTexts = regexp.MustCompile(`<text class="([^"]*)"[^>]*font-size="([^"]*)"[^>]* x="([^"]*)" y="([^"]*)" text-anchor="([^"]*)">([^<]*)</text>`)

// No text of a figure overlaps another one or leaves the picture, for few and many series.
func TestFigureTexts(t *testing.T) {
	for _, n := range []int{1, 3, 7, 20, svg.MaxCurves} {
		f := figure(n)
		if n == 7 {
			for i := range f.Series {
				f.Series[i].Name += ", with a long name, lr 0.05, scope layer"
			}
		}
		text := written(t, f)
		var width, height float64
		if _, err := fmt.Sscanf(text[strings.Index(text, `viewBox="0 0 `):], `viewBox="0 0 %g %g"`, &width, &height); err != nil {
			t.Fatal(err)
		}
		type box struct {
			left, top, right, bottom float64
			text                     string
		}
		var boxes []box
		for _, m := range figureTexts.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "halo") {
				continue // below the text of the same words
			}
			number := func(s string) float64 {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			size, x, y := number(m[2]), number(m[3]), number(m[4])
			w := 1.12 * raster.Width(m[6], size) // as wide as DejaVu Sans
			left := x - w*map[string]float64{"start": 0, "middle": 0.5, "end": 1}[m[5]]
			boxes = append(boxes, box{left, y - 0.75*size, left + w, y + 0.2*size, m[6]})
		}
		if len(boxes) < n+8 {
			t.Fatalf("%d series: %d texts", n, len(boxes))
		}
		for i, a := range boxes {
			if a.left < 0 || a.right > width || a.top < 0 || a.bottom > height {
				t.Errorf("%d series: %q leaves the picture of %g × %g: %+v", n, a.text, width, height, a)
			}
			for _, b := range boxes[:i] {
				if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
					t.Errorf("%d series: %q lies on %q", n, a.text, b.text)
				}
			}
		}
	}
}

// Series look different from each other, in the plot and in the list of names.
func TestFigureLooks(t *testing.T) {
	mark := regexp.MustCompile(`<(?:circle|path) class="dot [^"]*" fill="([^"]*)"[^>]*?(?: d="([^"]*)")?>`)
	text := written(t, figure(svg.MaxCurves))
	looks := map[string]int{}
	for _, m := range mark.FindAllStringSubmatch(text, -1) {
		looks[m[1]+m[2]]++
	}
	if len(looks) != svg.MaxCurves {
		t.Errorf("%d looks of %d series", len(looks), svg.MaxCurves)
	}
	for look, n := range looks {
		if n != 4 {
			t.Errorf("%s is drawn %d times, want 3 points and a name", look, n)
		}
	}
}

func TestFigureParts(t *testing.T) {
	few, many := written(t, figure(2)), written(t, figure(6))
	if strings.Count(few, `class="area`) != 2 || strings.Count(many, `class="area`) != 0 || strings.Count(many, `class="spread`) != 18 {
		t.Error("few series have bands, many have bars")
	}
	for _, want := range []string{"dense 2.00", "Pareto front", "a note", `class="level"`, `class="level-area"`} {
		if !strings.Contains(few, want) {
			t.Errorf("no %q", want)
		}
	}
	if text := written(t, Figure{}); !strings.Contains(text, "nothing to draw") {
		t.Error("an empty figure does not say so")
	}
	nan := math.NaN()
	written(t, Figure{Series: []Series{{Name: "a", Spots: []Spot{{X: nan, Y: 1}, {X: 1, Y: math.Inf(1)}, {X: 2, Y: 3, Low: nan, High: nan}}}}})
	var b bytes.Buffer
	if err := figure(3).WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(&b); err != nil || img.Bounds().Dx() != 1330 {
		t.Errorf("no PNG of its size: %v", err)
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		values []float64
		log    bool
		want   string
	}{
		{[]float64{1, 100}, true, "1 2 5 10 20 50 100"},
		{[]float64{11, 96}, true, "20 30 40 60 80"},
		{[]float64{0.02, 30}, true, "0.03 0.1 0.3 1 3 10 30"},
		{[]float64{20, 60}, false, "20 30 40 50 60"},
		{[]float64{0, 60}, false, "0 20 40 60"},
	} {
		s := newScale(c.values, 0, 100, false)
		if linear := newScale(c.values, 0, 100, true); linear.log {
			t.Errorf("%v: a linear scale is logarithmic", c.values)
		}
		var labels []string
		for _, v := range s.ticks {
			labels = append(labels, s.label(v))
		}
		if got := strings.Join(labels, " "); s.log != c.log || got != c.want {
			t.Errorf("%v: log %v, ticks %s; want %v, %s", c.values, s.log, got, c.log, c.want)
		}
		if math.Abs(s.at(c.values[0])) > 1e-9 || math.Abs(s.at(c.values[1])-100) > 1e-9 {
			t.Errorf("%v is not spread over the axis", c.values)
		}
	}
}

// Shares that are all 0 have no axis below 0.
func TestScaleOfZeros(t *testing.T) {
	if s := newScale([]float64{0, 0}, 0, 100, true); s.lo != 0 || !(s.hi > 0) || s.ticks[0] != 0 {
		t.Errorf("the axis is from %g to %g, ticks %v", s.lo, s.hi, s.ticks)
	}
}

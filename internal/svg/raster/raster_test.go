package raster

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"pare/internal/svg"
)

func drawn(t *testing.T, p *svg.Picture, scale float64) func(x, y float64) color.RGBA {
	t.Helper()
	var b strings.Builder
	if err := p.File(&b, "plot", "a <test>", 40, 30); err != nil {
		t.Fatal(err)
	}
	img, err := Draw(b.String(), scale)
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Size(); got.X != int(40*scale) || got.Y != int(30*scale) {
		t.Errorf("%v pixels", got)
	}
	return func(x, y float64) color.RGBA { return img.RGBAAt(int(x*scale), int(y*scale)) }
}

var paper = color.RGBA{255, 255, 255, 255}

// Every element of a picture covers the places that it should and leaves the others.
func TestElements(t *testing.T) {
	type place struct{ x, y float64 }
	for name, c := range map[string]struct {
		draw       func(*svg.Picture)
		ink, clear []place
	}{
		"rect": {func(p *svg.Picture) { p.Rect("bar-after", 10, 10, 20, 10, 2, "tip") },
			[]place{{11, 15}, {20, 19}}, []place{{9, 15}, {20, 21}, {10.1, 10.1}}},
		"line": {func(p *svg.Picture) { p.Line("axis", 5, 15, 35, 15) },
			[]place{{6, 15}, {34, 15}}, []place{{4, 15}, {36, 15}, {20, 17}}},
		"circle": {func(p *svg.Picture) { p.Circle("dot", 20, 15, 5, 0, "") },
			[]place{{20, 15}, {24, 15}}, []place{{24, 19}, {26, 15}}},
		"mark": {func(p *svg.Picture) { p.Mark("dot", 1, 20, 15, 5, "") },
			[]place{{16, 11}, {24, 19}}, []place{{25.5, 15}}},
		"outline": {func(p *svg.Picture) { p.Path("curve", svg.Data("MLL", 5, 5, 35, 5, 35, 25), 2, "") },
			[]place{{20, 5}, {35, 15}, {35, 5}}, []place{{20, 12}}},
		"dashes": {func(p *svg.Picture) { p.Line("level", 0, 15, 40, 15) },
			[]place{{3, 15}, {13, 15}}, []place{{8.5, 15}, {18.5, 15}}},
		"curve": {func(p *svg.Picture) { p.Path("edge", svg.Data("MQ", 0, 0, 40, 0, 40, 30), 2, "") },
			[]place{{30, 7.5}}, []place{{20, 15}}},
		"ring": {func(p *svg.Picture) { p.Rect("frame", 10, 10, 20, 10, 0, "") },
			[]place{{10, 15}, {20, 10}}, nil},
	} {
		var p svg.Picture
		c.draw(&p)
		at := drawn(t, &p, 4)
		for _, q := range c.ink {
			if at(q.x, q.y) == paper {
				t.Errorf("%s: nothing at %g, %g", name, q.x, q.y)
			}
		}
		for _, q := range c.clear {
			if got := at(q.x, q.y); got != paper {
				t.Errorf("%s: %v at %g, %g", name, got, q.x, q.y)
			}
		}
	}
}

// A disc covers as many pixels as its area, and a colour is the one of the table.
func TestArea(t *testing.T) {
	var p svg.Picture
	p.Circle("node", 20, 15, 10, 0, "")
	var b strings.Builder
	if err := p.File(&b, "plot", "disc", 40, 30); err != nil {
		t.Fatal(err)
	}
	img, err := Draw(strings.Replace(b.String(), ` stroke="#ffffff"`, "", 1), 8)
	if err != nil {
		t.Fatal(err)
	}
	area := 0.0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			c := img.RGBAAt(x, y)
			area += float64(255-c.R) / (255 - 0x33)
		}
	}
	if want := math.Pi * 80 * 80; math.Abs(area-want) > 0.005*want {
		t.Errorf("%.0f pixels, want %.0f", area, want)
	}
	if got := img.RGBAAt(160, 120); got != (color.RGBA{0x33, 0x41, 0x55, 255}) {
		t.Errorf("the colour is %v", got)
	}
}

// Text begins, ends or stands in the middle where it should; signs of tables have glyphs.
func TestText(t *testing.T) {
	for _, c := range []struct {
		anchor  svg.Anchor
		at      float64
		ink, no float64 // around the edge of the text
	}{{svg.Start, 10, 10.8, 9}, {svg.End, 30, 29.2, 31}} {
		var p svg.Picture
		p.Text("", c.at, 20, c.anchor, "HH")
		at := drawn(t, &p, 10)
		dark := func(x float64) bool {
			for d := -0.5; d <= 0.5; d += 0.1 {
				if at(x+d, 16) != paper {
					return true
				}
			}
			return false
		}
		if !dark(c.ink+0.4*map[svg.Anchor]float64{svg.Start: 1, svg.End: -1}[c.anchor]) || dark(c.no) {
			t.Errorf("%s: the text is not at %g", c.anchor, c.at)
		}
	}
	for _, sign := range "−–×±λΔ→…²√Σ≥≤·" {
		if Width(string(sign), 12) <= 0 {
			t.Errorf("%c has no width", sign)
		}
		f := regular()
		if glyph, err := f.font.GlyphIndex(&f.buffer, sign); err != nil || glyph == 0 {
			t.Errorf("%c has no glyph: %v", sign, err)
		}
	}
	if a, b := Width("mm", 10), Width("m", 20); math.Abs(a-b) > 1e-9 {
		t.Errorf("widths %g and %g", a, b)
	}
}

func TestPNG(t *testing.T) {
	var p svg.Picture
	p.Rect("bar-after", 10, 10, 20, 10, 2, "tip")
	var text strings.Builder
	if err := p.File(&text, "plot", "", 40, 30); err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if PNG(&a, text.String(), 3) != nil || PNG(&b, text.String(), 3) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("a picture is not drawn, or not twice the same")
	}
	if img, err := png.Decode(&a); err != nil || img.Bounds().Dx() != 120 {
		t.Errorf("no PNG of the size: %v", err)
	}
}

// A picture that svg.Picture did not write is an error, not a panic.
func TestRefused(t *testing.T) {
	const open = `<svg width="10" height="10">`
	for _, c := range []struct{ svg, want string }{
		{"", "there is no picture"},
		{"<svg", "XML syntax error"},
		{`<rect width="1" height="1"/>`, "outside of a picture"},
		{`<svg width="1e9" height="1e9"/>`, "give a size"},
		{`<svg width="x" height="1"/>`, "is no number"},
		{open + `<use/></svg>`, "<use> is no element of a picture"},
		{open + `<path d="L1 2"/></svg>`, "does not begin with M"},
		{open + `<path d="M1"/></svg>`, "ends early"},
		{open + `<path d="M1 2A3"/></svg>`, "is no number of a path"},
		{open + `<path d="M1 2z3"/></svg>`, `has the command ""`},
		{open + `<path d="M1 2" transform="rotate(3)"/></svg>`, "is not of the form"},
		{open + `<circle r="NaN"/></svg>`, "is no number"},
		{open + `<circle r="1" fill="red"/></svg>`, "is no colour"},
		{open + `<line x2="9" stroke="#000000" stroke-dasharray="0"/></svg>`, "no list of dashes"},
	} {
		if _, err := Draw(c.svg, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.svg, err, c.want)
		}
	}
}

// FuzzDraw: any text gives a picture or an error.
func FuzzDraw(f *testing.F) {
	f.Add(`<svg width="9" height="9"><path d="M1 1L2 3Q4 5 6 7z" stroke="#123456" stroke-dasharray="2 1"/><text x="1" y="5">a</text></svg>`)
	f.Add(`<svg width="9" height="9"><rect x="1" y="2" width="3" height="4" rx="1"/><circle cx="3" cy="3" r="1e9"/></svg>`)
	f.Fuzz(func(t *testing.T, svg string) {
		if len(svg) < 1<<10 {
			_, _ = Draw(svg, 1)
		}
	})
}

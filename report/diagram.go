package report

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"pare/internal/svg"
	"pare/nn"
)

// Diagram writes the data flow of a network as an SVG file: removed parts are dashed
// and faint, the others solid with their units before → after. Chains
// of layers are one box, gates are values on the edges, blocks of one name prefix
// have a frame. A nil after shows the network whole.
func Diagram(w io.Writer, before, after *nn.Network) error {
	if before == nil || len(before.Nodes) == 0 {
		return errors.New("diagram: the network has no layers")
	}
	d := newDrawing(before, after)
	return d.File(w, "diagram", d.label, d.width, d.height())
}

// inlineDiagram is the diagram as a page holds it.
func inlineDiagram(before, after *nn.Network) string {
	d := newDrawing(before, after)
	return d.Slices("diagram", d.label, "data-flow", d.width, d.cuts())
}

// Spaces between rows, in pixels.
const (
	rowGap     = 24.0 // within a block
	frameGap   = 46.0 // where a frame begins or ends
	frameAbove = 22.0 // from the top of a frame to its boxes: its name stands there
	border     = 4.0
	kindChars  = 26 // characters of the line of kinds
	nameChars  = 19
)

// drawing is a picture of a layout.
type drawing struct {
	svg.Picture
	*layout
	label string
	width float64
	y     []float64 // top of each row
	wide  map[int]bool
}

func newDrawing(before, after *nn.Network) *drawing {
	if after == nil {
		after = before
	}
	l := newLayout(newFlow(before, after))
	blocks := l.frames()
	d := &drawing{layout: l, label: "Data flow of " + before.Name}
	d.setRows(blocks)
	d.shift(blocks)
	for _, b := range blocks {
		d.frame(b)
	}
	for _, wanted := range []bool{false, true} { // surviving edges lie on top
		for k, e := range l.edges {
			if e.alive == wanted {
				d.edge(l.paths[k], e.alive)
			}
		}
	}
	for k, e := range l.edges {
		if e.gate != "" {
			d.gate(l.paths[k], e)
		}
	}
	for _, b := range blocks {
		name := b.name
		if b.state == gone {
			name += " – removed"
		}
		d.Haloed("phase", b.left+10, d.y[b.top]-7, svg.Start, name, "")
	}
	for i, b := range l.boxes {
		d.box(l.place[i], b)
	}
	return d
}

func (d *drawing) height() float64 { return d.y[len(d.y)-1] + boxHeight + blockPad + border }

// pageHeight is the largest height of the part of a diagram on a printed page, unless a
// block is higher.
const pageHeight = 900

// cuts returns where the diagram may be broken into pages: between frames.
func (d *drawing) cuts() []float64 {
	var out []float64
	top, last := 0.0, 0.0
	for r := 1; r < len(d.y); r++ {
		if !d.wide[r] {
			continue
		}
		at := d.y[r] - frameAbove - 3
		if at-top > pageHeight && last > top {
			out = append(out, last)
			top = last
		}
		last = at
	}
	if d.height()-top > pageHeight && last > top {
		out = append(out, last)
	}
	return append(out, d.height())
}

// setRows leaves more space between rows where a frame begins or ends.
func (d *drawing) setRows(blocks []block) {
	d.wide = map[int]bool{}
	for _, b := range blocks {
		d.wide[b.top], d.wide[b.bottom+1] = true, true
	}
	d.y = make([]float64, len(d.rows))
	d.y[0] = border
	if d.wide[0] {
		d.y[0] += frameAbove
	}
	for r := 1; r < len(d.y); r++ {
		d.y[r] = d.y[r-1] + boxHeight + rowGap
		if d.wide[r] {
			d.y[r] += frameGap - rowGap
		}
	}
}

// shift moves everything into the picture.
func (d *drawing) shift(blocks []block) {
	left, right := math.Inf(1), math.Inf(-1)
	for _, p := range d.place {
		left, right = min(left, p.x-p.width/2), max(right, p.x+p.width/2)
	}
	for _, b := range blocks {
		left, right = min(left, b.left), max(right, b.right)
	}
	for i := range d.place {
		d.place[i].x += border - left
	}
	for i := range blocks {
		blocks[i].left += border - left
		blocks[i].right += border - left
	}
	d.width = right - left + 2*border
}

func (d *drawing) frame(b block) {
	class := "frame"
	if b.state == gone {
		class = "frame gone"
	}
	top := d.y[b.top] - frameAbove
	d.Rect(class, b.left, top, b.right-b.left, d.y[b.bottom]+boxHeight+blockPad-top, 8, "")
}

// edge draws a curve between rows and straight lines through them, with a head.
func (d *drawing) edge(path []int, alive bool) {
	from := d.place[path[0]]
	x, y := from.x, d.y[from.row]+boxHeight
	commands, at := "M", []float64{x, y}
	for k, i := range path[1:] {
		to := d.place[i]
		top := d.y[to.row]
		half := (y + top) / 2
		commands, at = commands+"C", append(at, x, half, to.x, half, to.x, top)
		x, y = to.x, top
		if k < len(path)-2 {
			y += boxHeight
			commands, at = commands+"V", append(at, y)
		}
	}
	class := "edge"
	if !alive {
		class = "edge gone"
	}
	d.Path(class, svg.Data(commands, at...), 0, "")
	d.Path(class+" head", svg.Data("MLL", x-4, y-6, x, y-1, x+4, y-6), 0, "")
}

func (d *drawing) box(p place, b box) {
	class := map[state]string{gone: "box gone", through: "box through", constant: "box through", alive: "box"}[b.state]
	left, top := p.x-p.width/2, d.y[p.row]
	d.Rect(class, left, top, p.width, boxHeight, 6, b.tip)
	faint := ""
	if b.state == gone {
		faint = " gone"
	}
	name := b.name
	if b.group != "" {
		name = strings.TrimPrefix(name, b.group+".")
	}
	if len(b.kinds) == 0 { // the input
		d.Text("name"+faint, p.x, top+21, svg.Middle, name)
		d.Text("units"+faint, p.x, top+36, svg.Middle, b.width())
		return
	}
	d.Text("name"+faint, p.x, top+15, svg.Middle, svg.Clip(name, nameChars))
	kinds := kindText(b.kinds)
	if b.heads != "" {
		kinds = svg.Clip(kinds+" · "+b.heads, kindChars)
	}
	d.Text("kinds", p.x, top+28, svg.Middle, kinds)
	d.Text("units"+faint, p.x, top+42, svg.Middle, b.width())
}

// width writes the units of a box before and after pruning.
func (b box) width() string {
	s := strconv.Itoa(b.from)
	switch {
	case b.state == gone:
		s += " → removed"
	case b.state == through:
		s += " – passes through"
	case b.replacement != "":
		s += " → " + b.replacement
	default:
		s = arrow(s, strconv.Itoa(b.to))
	}
	if b.positions != "" && b.state == alive && b.replacement == "" {
		s += " · " + b.positions
	}
	return s
}

// kindText lists the kinds of a chain, as many as fit.
func kindText(kinds []string) string {
	s := strings.Join(kinds, " · ")
	for n := len(kinds) - 1; n > 0 && len([]rune(s)) > kindChars; n-- {
		s = strings.Join(kinds[:n], " · ") + " …"
	}
	return svg.Clip(s, kindChars)
}

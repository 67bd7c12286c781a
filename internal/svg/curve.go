package svg

import "fmt"

// Curves of one chart differ by colour and dash, their marks by colour and shape: a new
// colour each, and once those are through the same colours with other dashes and shapes.

var (
	curveTones  = []string{"blue", "vermillion", "green", "purple", "grey", "orange", "sky", "ink"}
	curveDashes = []string{"none", "6 3", "2 3", "8 3 2 3", "12 3", "10 3 2 3 2 3", "4 2 1 2", "1 2"}
)

// MaxCurves is the number of curves that a legend can distinguish.
var MaxCurves = len(curveTones) * len(curveDashes)

// CurveClass is the class of curve i.
func CurveClass(i int) string {
	n := len(curveTones)
	class := fmt.Sprintf("line%d", i%n+1)
	if i%MaxCurves >= n {
		class += fmt.Sprintf(" dash%d", shapeOf(i)+1)
	}
	return class
}

// Look is how scripts draw curve i and its marks: the name of a tone, the dashes ("none": a
// solid line), and the outline of a mark about the origin ("": a disc of radius 1).
func Look(i int) (tone, dashes, outline string) {
	n := len(curveTones)
	dashes = curveDashes[i%n]
	if i%MaxCurves >= n {
		dashes = curveDashes[shapeOf(i)]
	}
	return curveTones[i%n], dashes, markers[shapeOf(i)]
}

// shapeOf is the dash, and the shape of marks, of curve i.
func shapeOf(i int) int {
	n := len(curveTones)
	return (i%n + i/n) % n
}

func curveRules() []paintRule {
	var out []paintRule
	for i, t := range curveTones {
		line := fmt.Sprintf("line%d", i+1)
		out = append(out, paintRule{"", "curve " + line, "stroke=" + t + ";stroke-dasharray=" + curveDashes[i]},
			paintRule{"", "dot " + line, "fill=" + t}, paintRule{"", "spread " + line, "stroke=" + t},
			paintRule{"", "area " + line, "fill=" + t + ";fill-opacity=0.14"})
	}
	for i, d := range curveDashes {
		out = append(out, paintRule{"", fmt.Sprintf("curve dash%d", i+1), "stroke-dasharray=" + d})
	}
	return out
}

// Mark draws the mark of curve i, of about radius r.
func (p *Picture) Mark(class string, i int, x, y, r float64, tip string) {
	outline := markers[shapeOf(i)]
	if outline == "" {
		p.Circle(class, x, y, r, 0, tip)
		return
	}
	p.begin("path", class)
	fmt.Fprintf(&p.b, ` transform="translate(%s %s) scale(%s)" d="%s">%s</path>`+"\n", num(x), num(y), num(r), outline, title(tip))
}

// markers are the outlines of marks about the origin, as large as a disc of radius 1.
var markers = []string{
	"", // a disc
	"M-.9 -.9H.9V.9H-.9z",
	"M0 -1.25L1.15 .8H-1.15z",
	"M0 -1.3L1.3 0L0 1.3L-1.3 0z",
	"M0 1.25L1.15 -.8H-1.15z",
	"M-.4 -1.25H.4V-.4H1.25V.4H.4V1.25H-.4V.4H-1.25V-.4H-.4z",
	"M-1.2 -.6L-.6 -1.2L0 -.6L.6 -1.2L1.2 -.6L.6 0L1.2 .6L.6 1.2L0 .6L-.6 1.2L-1.2 .6L-.6 0z",
	"M-1.3 -.5H1.3V.5H-1.3z",
}

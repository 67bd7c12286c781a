package svg

import (
	"fmt"
	"slices"
	"strings"
)

// tone is a colour on light and on dark paper. Pictures in files are light; a page
// follows the reader's scheme.
type tone struct{ name, light, dark string }

var tones = []tone{
	{"paper", "#ffffff", "#14181d"},
	{"panel", "#f6f7f9", "#1c2229"},
	{"ink", "#1c2128", "#e4e8ec"},
	{"muted", "#5b6470", "#9aa5b1"},
	{"rule", "#d8dde3", "#343c46"},
	{"band", "#0b0f14", "#ffffff"},
	{"before", "#c9d7ee", "#34486a"},
	{"after", "#1f6feb", "#6aa9ff"},
	{"first", "#1f6feb", "#6aa9ff"},
	{"second", "#c2570c", "#f0954f"},
	{"good", "#1a7f37", "#4ac26b"},
	{"bad", "#c62828", "#ff7b72"},
	{"grey", "#5b6470", "#9aa5b1"},
	{"positive", "#2563a8", "#6aa9ff"},
	{"negative", "#c2410c", "#f0954f"},
	{"slate", "#334155", "#cbd5e1"},
	// Curves, in colours that colour-blind readers tell apart (Okabe and Ito 2008), without
	// the yellow, which is faint on white.
	{"blue", "#0072b2", "#5aaee0"},
	{"vermillion", "#d55e00", "#f0854a"},
	{"green", "#009e73", "#3cc9a0"},
	{"purple", "#cc79a7", "#e0a0c4"},
	{"orange", "#e69f00", "#f2bd4a"},
	{"sky", "#56b4e9", "#8fd0f5"},
	{"faint", "#94a3b8", "#64717f"},
}

// paintRule gives the elements that have all its classes their paint. Later rules
// win.
type paintRule struct {
	element string // "": any
	classes string // separated by spaces
	paint   string // attributes as name=value, separated by semicolons; a value may be the name of a tone
}

var paintRules = append([]paintRule{
	{"text", "", "fill=ink;font-size=12"},
	{"text", "tick", "fill=muted;font-size=11"},
	{"text", "kinds", "fill=muted;font-size=10"},
	{"text", "value", "font-size=11"},
	{"text", "phase", "fill=muted;font-size=11;font-style=italic"},
	{"text", "gate", "fill=second;font-size=11;font-weight=600"},
	{"text", "name", "font-weight=600"},
	{"text", "units", "font-size=11"},
	{"text", "gone", "fill=muted;font-weight=400"},
	{"text", "halo", "fill=panel;stroke=panel;stroke-width=4;stroke-linejoin=round"},
	{"", "paper", "fill=paper"},
	{"", "grid", "stroke=rule;stroke-width=0.7"},
	{"", "spread", "stroke-width=1"},
	{"", "axis", "stroke=muted"},
	{"", "band", "fill=band;fill-opacity=0.035"},
	{"", "mark", "stroke=muted;stroke-dasharray=3 3;stroke-width=0.8"},
	{"", "bar-before", "fill=before"},
	{"", "bar-after", "fill=after"},
	{"", "frame", "fill=panel;stroke=rule"},
	{"", "frame gone", "fill=none;stroke-dasharray=4 4"},
	{"", "box", "fill=paper;stroke=first;stroke-width=1.4"},
	{"", "box through", "stroke=muted;stroke-width=1"},
	{"", "box gone", "fill=none;stroke=muted;stroke-opacity=0.6;stroke-width=1;stroke-dasharray=4 3"},
	{"", "edge", "fill=none;stroke=ink;stroke-width=1.5"},
	{"", "edge gone", "stroke=muted;stroke-opacity=0.55;stroke-width=1;stroke-dasharray=4 3"},
	{"", "edge head", "stroke-dasharray=none;stroke-linejoin=round"},
	{"", "curve", "fill=none;stroke=first;stroke-width=1.8;stroke-linejoin=round"},
	{"", "dot", "fill=first"},
	{"", "curve thin", "stroke-width=1;stroke-opacity=0.55"},
	{"", "dot thin", "fill-opacity=0.35"},
	// The level and the front of a figure.
	{"line", "level", "stroke=ink;stroke-width=1.2;stroke-dasharray=7 3"},
	{"", "level-area", "fill=ink;fill-opacity=0.08"},
	{"", "front", "fill=none;stroke=ink;stroke-width=5;stroke-opacity=0.13;stroke-linejoin=round"},
	// Cells of a matrix, from faint to full.
	{"", "cell", "fill=first"},
	{"", "cell wrong", "fill=second"},
	{"", "cell s1", "fill-opacity=0.12"},
	{"", "cell s2", "fill-opacity=0.25"},
	{"", "cell s3", "fill-opacity=0.4"},
	{"", "cell s4", "fill-opacity=0.55"},
	{"", "cell s5", "fill-opacity=0.65"},
	// Graphs.
	{"text", "title", "font-size=15"},
	{"text", "note", "fill=muted;font-size=11"},
	{"text", "label", "font-size=11"},
	{"text", "halo label", "fill=paper;stroke=paper;stroke-width=3"},
	{"", "node", "fill=slate;stroke=paper"},
	{"", "node lone", "fill=faint"},
	{"", "link", "fill=none;stroke=muted;stroke-opacity=0.75"},
	{"", "link key", "stroke-opacity=1"},
	{"", "link positive", "stroke=positive"},
	{"", "link negative", "stroke=negative"},
	{"", "link unknown", "stroke-dasharray=5 3.5"},
	{"", "link missing", "stroke=faint;stroke-opacity=1;stroke-dasharray=1.5 4"},
	{"", "tip positive", "fill=positive"},
	{"", "tip negative", "fill=negative"},
}, curveRules()...)

// Light is the colour of a tone on light paper; "" for an unknown tone.
func Light(name string) string {
	t, _ := toneOf(name)
	return t.light
}

// toneOf finds a tone by its name.
func toneOf(name string) (tone, bool) {
	i := slices.IndexFunc(tones, func(t tone) bool { return t.name == name })
	if i < 0 {
		return tone{}, false
	}
	return tones[i], true
}

// paintOf is the paint of an element as attributes, in light tones, so that viewers
// without style sheets draw it too.
func paintOf(element, class string) string {
	have := strings.Fields(class)
	var names []string
	values := map[string]string{}
	for _, r := range paintRules {
		if r.element != "" && r.element != element {
			continue
		}
		if slices.ContainsFunc(strings.Fields(r.classes), func(c string) bool { return !slices.Contains(have, c) }) {
			continue
		}
		for _, p := range strings.Split(r.paint, ";") {
			name, value, _ := strings.Cut(p, "=")
			if t, ok := toneOf(value); ok {
				value = t.light
			}
			if _, ok := values[name]; !ok {
				names = append(names, name)
			}
			values[name] = value
		}
	}
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, ` %s="%s"`, name, values[name])
	}
	return b.String()
}

// PageStyle is the style sheet of a page: its tones as variables, and the dark tones
// of pictures, which win over their attributes.
func PageStyle() string {
	var light, dark, pictures strings.Builder
	for _, t := range tones {
		fmt.Fprintf(&light, " --%s: %s;", t.name, t.light)
		fmt.Fprintf(&dark, " --%s: %s;", t.name, t.dark)
	}
	for _, r := range paintRules {
		var set strings.Builder
		for _, p := range strings.Split(r.paint, ";") {
			name, value, _ := strings.Cut(p, "=")
			if t, ok := toneOf(value); ok {
				value = t.dark
			} else if name != "fill" && name != "stroke" {
				continue
			}
			fmt.Fprintf(&set, " %s: %s;", name, value)
		}
		if set.Len() > 0 {
			selector := "svg " + r.element
			for _, c := range strings.Fields(r.classes) {
				selector += "." + c
			}
			fmt.Fprintf(&pictures, "  %s {%s }\n", selector, set.String())
		}
	}
	return fmt.Sprintf(`:root { color-scheme: light dark;%s }
@media (prefers-color-scheme: dark) {
  :root {%s }
%s}
`, light.String(), dark.String(), pictures.String())
}

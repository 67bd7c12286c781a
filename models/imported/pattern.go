package imported

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"pare/nn/onnx"
)

// pattern is a group of operators that stands for a layer. It is written as a term:
//
//	Mul(x, Div(Clip(Add(x, 3), 0, 6), 6))
//
// Operators begin with a capital. Numbers match constants that have this value everywhere. Other
// words name values, and the same word the same value; a word with a $ in front names a number. A
// term may have a name for its node behind @. Operands of Add and Mul match in both orders.
// Identity, Dropout and Cast between operators are skipped.
type pattern struct {
	term  *term
	build func(im *importer, m match) (*value, error) // a nil value: the pattern does not apply
}

type term struct {
	op     string // "": a word or a number
	node   string
	word   string
	number float64
	args   []*term
}

// match holds the values, numbers and nodes that the words of a pattern stand for.
type match struct {
	values  map[string]string // names of values
	numbers map[string]float64
	nodes   map[string]*onnx.Node
	output  string
}

// patterns are the patterns by the operator that computes their output, the larger ones first.
var patterns = map[string][]pattern{}

// register adds patterns for a layer.
func register(build func(im *importer, m match) (*value, error), terms ...string) {
	for _, text := range terms {
		t, rest := parse(text)
		if strings.TrimSpace(rest) != "" || t.op == "" {
			panic(fmt.Sprintf("imported: pattern %q ends at %q", text, rest))
		}
		patterns[t.op] = append(patterns[t.op], pattern{t, build})
	}
}

// parse reads a term.
func parse(s string) (*term, string) {
	s = strings.TrimLeft(s, " ,\n\t")
	end := strings.IndexAny(s, "(), ")
	if end < 0 {
		end = len(s)
	}
	word, rest := s[:end], s[end:]
	t := &term{}
	word, t.node, _ = strings.Cut(word, "@")
	if v, err := strconv.ParseFloat(word, 64); err == nil {
		t.number = v
		return t, rest
	}
	if !strings.HasPrefix(rest, "(") {
		t.word = word
		return t, rest
	}
	t.op = word
	for rest = rest[1:]; ; {
		rest = strings.TrimLeft(rest, " ,\n\t")
		if rest == "" || rest[0] == ')' {
			return t, strings.TrimPrefix(rest, ")")
		}
		var arg *term
		arg, rest = parse(rest)
		t.args = append(t.args, arg)
	}
}

func (p pattern) apply(im *importer, output string) (*value, error) {
	m := match{map[string]string{}, map[string]float64{}, map[string]*onnx.Node{}, output}
	if !im.matches(p.term, output, &m) {
		return nil, nil
	}
	return p.build(im, m)
}

// through is the name of a value behind operators that do nothing.
func (im *importer) through(name string) string {
	for {
		n := im.maker[name]
		if n == nil || n.Domain != "" || len(n.Inputs) == 0 {
			return name
		}
		switch n.Op {
		case "Identity", "Dropout":
		case "Cast":
			if whole, ok := onnx.IsWhole(intAttr(n, "to", 0)); whole || !ok {
				return name
			}
		default:
			return name
		}
		name = n.Inputs[0]
	}
}

// matches tries a term at a value and notes its words. Where it fails m is as before.
func (im *importer) matches(t *term, name string, m *match) bool {
	if t.op == "" {
		return im.matchesWord(t, name, m)
	}
	n := im.maker[im.through(name)]
	if n == nil || n.Op != t.op || n.Domain != "" || len(n.Inputs) < len(t.args) {
		return false
	}
	before := m.clone()
	if t.node != "" {
		m.nodes[t.node] = n
	}
	if im.matchAll(t.args, n.Inputs, m) {
		return true
	}
	if n.Op == "Add" || n.Op == "Mul" {
		*m = before.clone()
		if t.node != "" {
			m.nodes[t.node] = n
		}
		if im.matchAll(t.args, []string{n.Inputs[1], n.Inputs[0]}, m) {
			return true
		}
	}
	*m = before
	return false
}

func (im *importer) matchAll(args []*term, names []string, m *match) bool {
	for i, a := range args {
		if i >= len(names) || !im.matches(a, names[i], m) {
			return false
		}
	}
	return true
}

func (im *importer) matchesWord(t *term, name string, m *match) bool {
	name = im.through(name)
	if t.word != "" && t.word[0] != '$' {
		if other, ok := m.values[t.word]; ok {
			return other == name
		}
		m.values[t.word] = name
		return true
	}
	v, ok := im.number(name)
	if !ok {
		return false
	}
	if t.word == "" {
		return math.Abs(v-t.number) <= 1e-6*math.Abs(t.number) || v == halved(t.number)
	}
	m.numbers[t.word] = v
	return true
}

// halved is a number as a file with values of 16 bits has it, which keep 11 of its binary digits.
func halved(v float64) float64 {
	fraction, exponent := math.Frexp(v)
	return math.Ldexp(math.RoundToEven(fraction*2048)/2048, exponent)
}

// number is the value of a constant that has the same one everywhere.
func (im *importer) number(name string) (float64, bool) {
	if name == "" || !im.static(name) || im.ofShape(name) {
		return 0, false
	}
	t, err := im.constant(name)
	if err != nil {
		return 0, false
	}
	v, ok := t.scalar()
	if t.ints == nil {
		v = shortest(float32(v))
	}
	return v, ok
}

// ofShape reports whether a static value is made from the shape of another value, whose
// translation a pattern must not ask for.
func (im *importer) ofShape(name string) bool {
	if known, ok := im.shaped[name]; ok {
		return known
	}
	is := false
	if n := im.maker[name]; n != nil {
		is = n.Op == "Shape" || n.Op == "Size"
		for _, in := range n.Inputs {
			is = is || in != "" && im.ofShape(in)
		}
	}
	im.shaped[name] = is
	return is
}

func (m *match) clone() match {
	c := match{map[string]string{}, map[string]float64{}, map[string]*onnx.Node{}, m.output}
	for k, v := range m.values {
		c.values[k] = v
	}
	for k, v := range m.numbers {
		c.numbers[k] = v
	}
	for k, v := range m.nodes {
		c.nodes[k] = v
	}
	return c
}

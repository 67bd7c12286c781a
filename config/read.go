package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"pare/internal/option"
)

const (
	maxBytes = 64 << 10 // some hundred layers
	maxDepth = 32       // sections and lists within each other
)

// read parses one YAML document into nodes. locate turns a line and column
// into a place.
func read(data []byte, locate func(line, col int) at) (*node, error) {
	r := reader{locate: locate}
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // some editors put it in front
	if err := r.checkText(data); err != nil {
		return nil, err
	}
	file, err := r.parse(data)
	if err != nil {
		return nil, err
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body != nil && doc.Body.Type() == ast.DirectiveType:
			return nil, r.at(doc.Body.GetToken()).errorf("YAML directives are not supported; remove the line")
		case body != nil:
			t := doc.Start
			if t == nil && doc.Body != nil {
				t = doc.Body.GetToken()
			}
			return nil, r.at(t).errorf("a second YAML document starts here; a config is one document")
		}
		body = doc.Body
	}
	if body == nil {
		return &node{kind: null, at: locate(1, 1), missing: true}, nil
	}
	return r.node(body, "", 0)
}

type reader struct{ locate func(line, col int) at }

func (r reader) at(t *token.Token) at {
	if t == nil || t.Position == nil {
		return r.locate(1, 1)
	}
	return r.locate(t.Position.Line, t.Position.Column)
}

// checkText rejects characters for which the parser would count columns wrongly, or
// which would lead to an unclear error later.
func (r reader) checkText(data []byte) error {
	if len(data) > maxBytes {
		return r.locate(1, 1).errorf("the file has more than %d KiB; this is not a config", maxBytes>>10)
	}
	for i, line := range strings.Split(string(data), "\n") {
		if !utf8.ValidString(line) {
			return r.locate(i+1, 1).errorf("the line is not UTF-8 text")
		}
		comment := false
		col, last := 0, ' '
		for _, c := range strings.TrimSuffix(line, "\r") {
			col++
			switch {
			case c == '#' && (last == ' ' || last == '\t'):
				comment = true
			case c == '\t' && !comment:
				return r.locate(i+1, col).errorf("a tab; indent and separate with spaces")
			case c != '\t' && !unicode.IsPrint(c):
				return r.locate(i+1, col).errorf("the invisible character %U; remove it", c)
			}
			last = c
		}
	}
	return nil
}

// parse calls the YAML parser. It is not ours, so a panic of it is an error.
func (r reader) parse(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, r.locate(1, 1).errorf("this is not YAML: %v", p)
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := r.checkDepth(tokens); err != nil {
		return nil, err
	}
	file, err = parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	var located yaml.Error
	if errors.As(err, &located) {
		return nil, r.at(located.GetToken()).errorf("%s", located.GetMessage())
	}
	if err != nil {
		return nil, r.locate(1, 1).errorf("this is not YAML: %v", err)
	}
	return file, nil
}

// checkDepth rejects deep nesting, for which the recursive parser would take very long.
func (r reader) checkDepth(tokens token.Tokens) error {
	depth, line, inLine := 0, 0, 0
	for _, t := range tokens {
		if t.Position != nil && t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			inLine++
		}
		if depth > maxDepth || inLine > maxDepth {
			return r.tooDeep(t)
		}
	}
	return nil
}

func (r reader) tooDeep(t *token.Token) error {
	return r.at(t).errorf("more than %d sections and lists within each other", maxDepth)
}

func (r reader) node(n ast.Node, path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, r.tooDeep(n.GetToken())
	}
	where := r.at(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.section(n, path, depth)
	case *ast.MappingValueNode:
		return r.section(ast.Mapping(n.GetToken(), false, n), path, depth)
	case *ast.SequenceNode:
		out := &node{kind: list, at: where}
		for i, v := range n.Values {
			item, err := r.node(v, option.Join(path, fmt.Sprint(i)), depth+1)
			if err != nil {
				return nil, err
			}
			if item.missing && i < len(n.Entries) {
				item.at = r.at(n.Entries[i].Start) // the dash
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.NullNode:
		return &node{kind: null, at: where, text: "null", missing: n.Token.Type == token.ImplicitNullType}, nil
	case *ast.LiteralNode:
		return r.text(n.Value.Value, where)
	case *ast.StringNode:
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			return r.text(n.Value, where)
		}
		return r.scalar(n.Value, where)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return r.scalar(n.GetToken().Value, where)
	case *ast.AnchorNode:
		return nil, where.errorf("anchors are not supported; quote a text that starts with &")
	case *ast.AliasNode:
		return nil, where.errorf("aliases are not supported; quote a text that starts with *")
	case *ast.TagNode:
		return nil, where.errorf("tags are not supported; quote a text that starts with !")
	}
	return nil, where.errorf("%s has no meaning here", strings.ToLower(n.Type().String()))
}

func (r reader) section(n *ast.MappingNode, path string, depth int) (*node, error) {
	out := &node{kind: section, at: r.at(n.GetToken())}
	for i, v := range n.Values {
		where := r.at(v.Key.GetToken())
		if i == 0 && !n.IsFlowStyle {
			out.at = where
		}
		var key string
		switch k := v.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
			key = k.GetToken().Value
		case *ast.MergeKeyNode:
			return nil, where.errorf("merge keys are not supported; write the keys out")
		default:
			return nil, where.errorf("a key must be a word")
		}
		if _, err := r.text(key, where); err != nil {
			return nil, err
		}
		full := option.Join(path, key)
		for _, e := range out.entries {
			if e.key == key {
				return nil, where.errorf("duplicate key %s; it is already at line %d, column %d", full, e.at.line, e.at.col)
			}
		}
		value, err := r.node(v.Value, full, depth+1)
		if err != nil {
			return nil, err
		}
		if value.missing {
			value.at = where // there is nothing else to point at
		}
		out.entries = append(out.entries, entry{key, where, value})
	}
	return out, nil
}

// scalar makes a node of a value without quotes.
func (r reader) scalar(s string, where at) (*node, error) {
	if k := resolve(s); k != text {
		return &node{kind: k, at: where, text: s}, nil
	}
	return r.text(s, where)
}

// text makes a node of a text. Nothing in a config is longer than a line.
func (r reader) text(s string, where at) (*node, error) {
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return nil, where.errorf("the text has a line break or an invisible character (%U); write it in one line", c)
		}
	}
	return &node{kind: text, at: where, text: s}, nil
}

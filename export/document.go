package export

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"pare/datasets"
	"pare/nn"
)

// format is the version of architecture.json that is written; all up to it are read. It
// rises when a program of before would read a file wrongly, or refuse it.
// A document without a recipe keeps format 1.
const format = 2

// document is architecture.json: a model without its weights. Its input is one
// example, channels first: [C, H, W] an image, [F] a vector, [D, T] a sequence of
// T positions. With a vocabulary it is [1, T], T numbers of tokens.
type document struct {
	// Format is the version of the document; 0 in files older than versions.
	Format       int             `json:"format"`
	Architecture nn.Architecture `json:"architecture"`
	Preprocess   Preprocess      `json:"preprocess"`
	Classes      []string        `json:"classes,omitempty"`
	// Recipe is a datasets.Recipe; files of format 1 have none.
	Recipe json.RawMessage `json:"recipe,omitempty"`

	Meta map[string]string `json:"meta,omitempty"`
}

func (m Model) document() (document, error) {
	a, err := m.Net.Architecture()
	d := document{Format: 1, Architecture: a, Preprocess: m.Preprocess, Classes: m.Classes, Meta: m.Meta}
	if err == nil && m.Recipe != nil {
		d.Format = format
		d.Recipe, err = datasets.EncodeRecipe(m.Recipe)
	}
	return d, err
}

// numbers is an indented list of numbers. A line break never occurs within a
// JSON string, so it matches nothing else.
var numbers = regexp.MustCompile(`\[\n[\s\d,.eE+-]*\]`)

// encode returns the indented JSON with every list of numbers on one line.
func (d document) encode() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	b = numbers.ReplaceAllFunc(b, func(list []byte) []byte {
		list = bytes.Join(bytes.Fields(list), nil)
		return bytes.ReplaceAll(list, []byte(","), []byte(", "))
	})
	return append(b, '\n'), nil
}

// maxDocument bounds architectures: nn.MaxLayers layers have some hundred bytes
// each, and the indices of the units that pruning has left.
const maxDocument = 16 << 20

// parseDocument reads the JSON strictly; errors give the offset in bytes.
func parseDocument(b []byte) (document, error) {
	var d document
	if len(b) > maxDocument {
		return d, fmt.Errorf("the architecture has more than %d MiB, as no network's has", maxDocument>>20)
	}
	// The first pass finds the offset of bad syntax and of anything that follows;
	// a Decoder alone does not, but only it can refuse unknown fields.
	var syntax *json.SyntaxError
	var version struct{ Format int }
	if err := json.Unmarshal(b, &version); errors.As(err, &syntax) {
		return d, fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, err)
	}
	// This comes before the fields, because a later format may have unknown ones.
	if version.Format > format {
		return d, fmt.Errorf("it has format %d, and this program reads formats up to %d; read it with a newer version of pare",
			version.Format, format)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var kind *json.UnmarshalTypeError
	if err := dec.Decode(&d); errors.As(err, &kind) {
		return d, fmt.Errorf("%s at byte %d is a JSON %s, which does not fit", cmp.Or(kind.Field, "the document"), kind.Offset, kind.Value)
	} else if err != nil {
		return d, err
	}
	if d.Format < 0 {
		return d, fmt.Errorf("format is %d, it must not be negative", d.Format)
	}
	return d, nil
}

// model builds the network, its parameters still zero.
func (d document) model() (m Model, err error) {
	// Layers panic where sizes overflow; a damaged file must not stop the program.
	defer func() {
		if r := recover(); r != nil {
			m, err = Model{}, fmt.Errorf("the architecture cannot be built: %v", r)
		}
	}()
	net, err := d.Architecture.Network(nil)
	if err != nil {
		return Model{}, err
	}
	m = Model{Net: net, Preprocess: d.Preprocess, Classes: d.Classes, Meta: d.Meta}
	if d.Recipe != nil {
		if m.Recipe, err = datasets.DecodeRecipe(d.Recipe); err != nil {
			return Model{}, err
		}
	}
	return m, m.check()
}

// encode checks the model and returns its architecture.json.
func (m Model) encode() (doc document, text []byte, err error) {
	if err = m.check(); err != nil {
		return doc, nil, err
	}
	if doc, err = m.document(); err != nil {
		return doc, nil, err
	}
	text, err = doc.encode()
	return doc, text, err
}

// parseModel reads an architecture.json; the parameters are still zero.
func parseModel(text []byte) (document, Model, error) {
	doc, err := parseDocument(text)
	if err != nil {
		return doc, Model{}, err
	}
	m, err := doc.model()
	return doc, m, err
}

// fingerprint differs between architectures, even if their parameter shapes are equal.
func (d document) fingerprint() (string, error) {
	b, err := json.Marshal(d.Architecture)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

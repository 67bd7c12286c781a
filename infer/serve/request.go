package serve

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// failure is an answer that is an error.
type failure struct {
	status int
	reason string // of the metric of errors
	line   string
}

func (f *failure) Error() string { return f.line }

func badRequest(format string, args ...any) error {
	return &failure{http.StatusBadRequest, "input", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &failure{http.StatusNotFound, "input", fmt.Sprintf(format, args...)}
}

// request is a request for predictions.
type request struct {
	id      string
	n       int // examples
	in      []float32
	outputs []wanted
}

// wanted is an output in the answer.
type wanted struct {
	*Output
	binary  bool
	classes int // of the classification that takes the place of the values; 0: none
}

// maxID bounds the id, which the answer and the log repeat.
const maxID = 1000

// header is the JSON part of a request, split into the values of its keys.
type header struct {
	id, parameters, inputs, outputs []byte
}

// tensor is an input in a request.
type tensor struct {
	name, datatype, shape, parameters, data []byte
	binarySize                              int // −1: its values are in data
}

// decode reads a request for a model: JSON and, behind it, the binary data of tensors. jsonSize is the
// number of bytes of the JSON part, −1 where it is everything.
func decode(m *Model, body []byte, jsonSize int) (*request, error) {
	text, binary := body, []byte(nil)
	switch {
	case jsonSize > len(body):
		return nil, badRequest("%s is %d, the body has %d bytes", headerLength, jsonSize, len(body))
	case jsonSize >= 0:
		text, binary = body[:jsonSize], body[jsonSize:]
	}
	if !json.Valid(text) {
		return nil, badRequest("the request is not valid JSON: %s", syntax(text))
	}
	var h header
	err := members("the request", text, map[string]*[]byte{"id": &h.id, "parameters": &h.parameters,
		"inputs": &h.inputs, "outputs": &h.outputs})
	if err != nil {
		return nil, err
	}
	r := &request{}
	if r.id, err = textOf("id", h.id); err != nil {
		return nil, err
	}
	if len(r.id) > maxID {
		return nil, badRequest("id has %d bytes, at most %d are read", len(r.id), maxID)
	}
	binaryOutput := false
	err = parameters("parameters", h.parameters, func(key string, v []byte) (err error) {
		if key == "binary_data_output" {
			binaryOutput, err = boolean("parameter binary_data_output", v, false)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.outputs, err = m.wanted(h.outputs, binaryOutput); err != nil {
		return nil, err
	}
	in, err := m.input(h.inputs)
	if err != nil {
		return nil, err
	}
	return r, m.values(r, in, binary)
}

// textOf is text with a bound on its length.
func textOf(place string, v []byte) (string, error) {
	if len(v) > 6*maxID+2 { // a character takes at most six bytes in JSON
		return "", badRequest("%s is longer than %d bytes", place, maxID)
	}
	return text(place, v)
}

// syntax is the error of JSON that is not valid, with its place.
func syntax(v []byte) string {
	var any json.RawMessage
	err := json.Unmarshal(v, &any)
	if e, ok := err.(*json.SyntaxError); ok {
		return fmt.Sprintf("%v at byte %d", e, e.Offset)
	}
	return fmt.Sprint(err)
}

// parameters calls f for the parameters of a request or tensor. Values are texts, numbers, true or
// false. Parameters that a server without the extension cannot honour are refused; hints, such as
// priority, are left to f.
func parameters(place string, v []byte, f func(key string, v []byte) error) error {
	if v == nil {
		return nil
	}
	return object(place, v, func(key string, v []byte) error {
		switch {
		case v[0] == '{' || v[0] == '[' || v[0] == 'n':
			return badRequest("%s: %s is not a text, a number, true or false", place, quoted(key))
		case strings.HasPrefix(key, "sequence_"), strings.HasPrefix(key, "shared_memory_"):
			return badRequest("%s: %s is of an extension that this server does not have", place, quoted(key))
		}
		return f(key, v)
	})
}

// wanted reads the list of outputs; all outputs where there is none.
func (m *Model) wanted(v []byte, binary bool) ([]wanted, error) {
	var out []wanted
	if v == nil {
		for i := range m.Outputs {
			out = append(out, wanted{Output: &m.Outputs[i], binary: binary})
		}
		return out, nil
	}
	err := array("outputs", v, func(v []byte) error {
		var name, params []byte
		if err := members("an output", v, map[string]*[]byte{"name": &name, "parameters": &params}); err != nil {
			return err
		}
		s, err := textOf("the name of an output", name)
		if err != nil {
			return err
		}
		w := wanted{Output: m.output(s), binary: binary}
		if w.Output == nil {
			return badRequest("there is no output %s; the model has %s", quoted(s), strings.Join(m.outputs(), ", "))
		}
		if slices.ContainsFunc(out, func(o wanted) bool { return o.Output == w.Output }) {
			return badRequest("output %s is requested twice", s)
		}
		err = parameters("output "+s, params, func(key string, v []byte) (err error) {
			switch key {
			case "binary_data":
				w.binary, err = boolean("parameter binary_data of output "+s, v, binary)
			case "classification":
				w.classes, err = whole("parameter classification of output "+s, v)
			}
			return err
		})
		if err == nil && w.classes > 0 && len(w.Shape) != 1 {
			err = badRequest("output %s has shape %s; classification is for one value a class", s, shapeText(w.Shape))
		}
		w.classes = min(w.classes, size(w.Shape))
		out = append(out, w)
		return err
	})
	if err == nil && len(out) == 0 {
		err = badRequest("outputs is empty; leave it out for all outputs")
	}
	return out, err
}

// input reads the list of inputs, which has one.
func (m *Model) input(v []byte) (*tensor, error) {
	if v == nil {
		return nil, badRequest("the request has no inputs")
	}
	var in *tensor
	err := array("inputs", v, func(v []byte) error {
		if in != nil {
			return badRequest("the request has more than one input; the model takes %q alone", m.Input.Name)
		}
		in = &tensor{binarySize: -1}
		return members("an input", v, map[string]*[]byte{"name": &in.name, "datatype": &in.datatype, "shape": &in.shape,
			"parameters": &in.parameters, "data": &in.data})
	})
	if err != nil {
		return nil, err
	}
	if in == nil {
		return nil, badRequest("the request has no input; the model takes %q", m.Input.Name)
	}
	switch name, err := textOf("the name of an input", in.name); {
	case err != nil:
		return nil, err
	case name != m.Input.Name:
		return nil, badRequest("there is no input %s; the model takes %q", quoted(name), m.Input.Name)
	}
	return in, parameters("input "+m.Input.Name, in.parameters, func(key string, v []byte) (err error) {
		if key == "binary_data_size" {
			in.binarySize, err = whole("parameter binary_data_size of input "+m.Input.Name, v)
		}
		return err
	})
}

// values checks the input's type and shape, and reads its values into the request.
func (m *Model) values(r *request, in *tensor, data []byte) error {
	datatype, err := textOf("datatype of input "+m.Input.Name, in.datatype)
	if err != nil {
		return err
	}
	if types := m.Input.datatypes(); !slices.Contains(types, datatype) {
		return badRequest("datatype of input %s is %s; it must be %s", m.Input.Name, quoted(datatype), strings.Join(types, " or "))
	}
	shape, err := m.shape(in.shape)
	if err != nil {
		return err
	}
	r.n = shape[0]
	total := size(shape)
	switch {
	case in.binarySize < 0 && in.data == nil:
		return badRequest("input %s has neither data nor the parameter binary_data_size", m.Input.Name)
	case in.binarySize >= 0 && in.data != nil:
		return badRequest("input %s has data and the parameter binary_data_size; give one of them", m.Input.Name)
	case max(in.binarySize, 0) != len(data):
		return badRequest("%d bytes follow the JSON, binary_data_size of input %s is %d", len(data), m.Input.Name, max(in.binarySize, 0))
	case in.binarySize < 0:
		r.in, err = parseNumbers(in.data, shape, m.Input)
	default:
		r.in, err = readNumbers(data, total, datatype, m.Input)
	}
	return err
}

// shape reads the shape of an input and compares it with the model's. Tokens may be (n, T), as in
// PyTorch, beside (n, 1, T).
func (m *Model) shape(v []byte) ([]int, error) {
	want := m.Input.Shape
	place := "shape of input " + m.Input.Name
	if v == nil {
		return nil, badRequest("input %s has no shape; it must be (n, %s)", m.Input.Name, shapeText(want))
	}
	var shape []int
	err := array(place, v, func(v []byte) error {
		d, err := whole("an axis of the "+place, v)
		if shape = append(shape, d); err == nil && len(shape) > maxRank {
			err = badRequest("%s has more than %d axes", place, maxRank)
		}
		return err
	})
	tokens := m.Input.Vocabulary > 0 && len(shape) == 2 && len(want) == 2 && want[0] == 1 && shape[1] == want[1]
	switch {
	case err != nil:
		return nil, err
	case len(shape) == 3 && len(want) == 2 && shape[1] == want[1] && shape[2] == want[0] && want[0] != want[1]:
		return nil, badRequest("%s is (%s), the model takes (n, %s); put the units first: x.transpose(0, 2, 1)",
			place, shapeText(shape), shapeText(want))
	case !tokens && (len(shape) == 0 || !slices.Equal(shape[1:], want)):
		return nil, badRequest("%s is (%s), the model takes (n, %s)", place, shapeText(shape), shapeText(want))
	case shape[0] == 0:
		return nil, badRequest("%s is (%s), which has no examples", place, shapeText(shape))
	case shape[0] > m.Batch:
		return nil, &failure{http.StatusRequestEntityTooLarge, "input",
			fmt.Sprintf("%d examples in a request, at most %d are taken; send several requests", shape[0], m.Batch)}
	}
	return shape, nil
}

func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	return strings.Join(parts, ", ")
}

// parseNumbers reads the numbers of valid JSON: in one array, or nested as the shape says.
func parseNumbers(v []byte, shape []int, in Input) ([]float32, error) {
	total := size(shape)
	// A number and its comma take two bytes, so the length of the text bounds the memory.
	if total > len(v)/2 {
		return nil, badRequest("data of input %s has fewer than the %d values of its shape (%s)", in.Name, total, shapeText(shape))
	}
	out := make([]float32, 0, total)
	var counts [maxRank + 1]int // elements of the open arrays
	depth, nested := 0, false
	for i := 0; i < len(v); {
		switch c := v[i]; c {
		case ' ', '\n', '\t', '\r', ',':
			i++
		case '[':
			counts[depth]++
			if depth++; depth > len(shape) {
				return nil, badRequest("data of input %s is nested deeper than its shape (%s)", in.Name, shapeText(shape))
			}
			nested = nested || depth > 1
			counts[depth] = 0
			i++
		case ']':
			if nested && counts[depth] != shape[depth-1] {
				return nil, badRequest("data of input %s has %d elements in an array on axis %d, where its shape (%s) has %d",
					in.Name, counts[depth], depth-1, shapeText(shape), shape[depth-1])
			}
			depth--
			i++
		case '"', '{', 't', 'f', 'n':
			return nil, badRequest("data of input %s holds something that is not a number", in.Name)
		default:
			if depth == 0 || nested && depth != len(shape) {
				return nil, badRequest("data of input %s is not an array of numbers, flat or nested as its shape (%s)", in.Name, shapeText(shape))
			}
			end := i + 1
			for end < len(v) && v[end] != ',' && v[end] != ']' && v[end] > ' ' {
				end++
			}
			if len(out) == total {
				return nil, badRequest("data of input %s has more than the %d values of its shape (%s)", in.Name, total, shapeText(shape))
			}
			x, err := in.number(v[i:end])
			if err != nil {
				return nil, badRequest("value %d of input %s: %v", len(out), in.Name, err)
			}
			counts[depth]++
			out = append(out, x)
			i = end
		}
	}
	if len(out) != total {
		return nil, badRequest("data of input %s has %d values, its shape (%s) has %d", in.Name, len(out), shapeText(shape), total)
	}
	return out, nil
}

// number reads a number of valid JSON.
func (in *Input) number(v []byte) (float32, error) {
	s := unsafe.String(&v[0], len(v)) // strconv keeps no text but in errors, which are not passed on
	if in.Vocabulary > 0 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is not a whole number", cut(v))
		}
		return in.token(n)
	}
	x, err := strconv.ParseFloat(s, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is too large for FP32", cut(v))
	}
	return float32(x), nil
}

// cut is a number in an error.
func cut(v []byte) string { return string(v[:min(len(v), 40)]) }

func (in *Input) token(n int64) (float32, error) {
	if n < 0 || n >= int64(in.Vocabulary) {
		return 0, fmt.Errorf("%d is not a token; tokens are 0 to %d", n, in.Vocabulary-1)
	}
	return float32(n), nil
}

// readNumbers reads values in binary, little endian.
func readNumbers(v []byte, total int, datatype string, in Input) ([]float32, error) {
	width := map[string]int{FP32: 4, INT32: 4, FP64: 8, INT64: 8}[datatype]
	if len(v) != total*width {
		return nil, badRequest("binary_data_size of input %s is %d, %d values of %s take %d bytes", in.Name, len(v), total, datatype, total*width)
	}
	out := make([]float32, total)
	le := binary.LittleEndian
	for i := range out {
		var err error
		switch datatype {
		case FP32:
			out[i] = math.Float32frombits(le.Uint32(v[4*i:]))
		case FP64:
			out[i] = float32(math.Float64frombits(le.Uint64(v[8*i:])))
		case INT32:
			out[i], err = in.token(int64(int32(le.Uint32(v[4*i:]))))
		case INT64:
			out[i], err = in.token(int64(le.Uint64(v[8*i:])))
		}
		if x := out[i]; err == nil && x-x != 0 {
			err = fmt.Errorf("%g is not a finite number of FP32", x)
		}
		if err != nil {
			return nil, badRequest("value %d of input %s: %v", i, in.Name, err)
		}
	}
	return out, nil
}

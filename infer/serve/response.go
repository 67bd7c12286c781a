package serve

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// answer is a response to a request for predictions: JSON, and the binary data of outputs behind it.
type answer struct {
	body     []byte
	jsonSize int // −1: all of it
}

// answerOf makes the outputs of a request from the values that Predict computed.
func answerOf(m *Model, r *request, values []float32) answer {
	var binaries [][]byte
	b := []byte(`{"model_name":` + quote(m.Name) + `,"model_version":"` + version + `"`)
	if r.id != "" {
		b = append(b, `,"id":`+quote(r.id)...)
	}
	b = append(b, `,"outputs":[`...)
	for i, w := range r.outputs {
		if i > 0 {
			b = append(b, ',')
		}
		each := size(w.Shape)
		data := make([]float32, r.n*each)
		for k := range r.n {
			w.From(data[k*each:][:each], values[k*m.Width:][:m.Width])
		}
		shape, datatype := append([]int{r.n}, w.Shape...), FP32
		var classes []string
		if w.classes > 0 {
			shape, datatype = []int{r.n, w.classes}, typeBytes
			for k := range r.n {
				classes = classify(classes, data[k*each:][:each], w.Classes, w.classes)
			}
		}
		b = append(b, `{"name":`+quote(w.Name)+`,"datatype":"`+datatype+`","shape":`...)
		b = appendList(b, shape, func(b []byte, d int) []byte { return strconv.AppendInt(b, int64(d), 10) })
		switch {
		case w.binary:
			binary := appendBinary(nil, data, classes)
			b = fmt.Appendf(b, `,"parameters":{"binary_data_size":%d}}`, len(binary))
			binaries = append(binaries, binary)
			continue
		case classes != nil:
			b = appendList(append(b, `,"data":`...), classes, func(b []byte, s string) []byte { return append(b, quote(s)...) })
		default:
			b = appendList(append(b, `,"data":`...), data, appendNumber)
		}
		b = append(b, '}')
	}
	a := answer{append(b, "]}"...), -1}
	if binaries != nil {
		a.jsonSize = len(a.body)
		a.body = slices.Concat(append([][]byte{a.body}, binaries...)...)
	}
	return a
}

// classify appends the largest k of an example's values as "value:index", and ":name" where they
// have names, the largest first and equal ones in their order (Triton's classification extension).
func classify(to []string, values []float32, names []string, k int) []string {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	for _, i := range order[:k] {
		s := fmt.Sprintf("%s:%d", appendNumber(nil, values[i]), i)
		if names != nil {
			s += ":" + names[i]
		}
		to = append(to, s)
	}
	return to
}

// appendBinary appends values, little endian, or texts where there are any, each behind its length
// in four bytes.
func appendBinary(b []byte, values []float32, texts []string) []byte {
	if texts != nil {
		for _, s := range texts {
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
		}
		return b
	}
	b = slices.Grow(b, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func appendList[T any](b []byte, values []T, each func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, v)
	}
	return append(b, ']')
}

// appendNumber appends the shortest text that is read back as the same float32.
func appendNumber(b []byte, v float32) []byte { return strconv.AppendFloat(b, float64(v), 'g', -1, 32) }

// quote is a text in JSON. Every text can be written.
func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

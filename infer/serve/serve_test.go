package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// sums is a Predictor of inputs of three values: their sum, and twice the first.
type sums struct {
	enter, leave chan struct{} // if not nil: told of each call, and waited for
	sizes        []int         // of batches
	err          error
}

func (s *sums) Predict(out, in []float32, n int) error {
	s.sizes = append(s.sizes, n)
	if s.enter != nil {
		s.enter <- struct{}{}
		<-s.leave
	}
	for k := range n {
		x := in[3*k:][:3]
		out[2*k], out[2*k+1] = x[0]+x[1]+x[2], 2*x[0]
	}
	return s.err
}

func whole2(dst, values []float32) { copy(dst, values) }

// model is a model of sums, as probabilities of two classes and as plain values.
func model(p Predictor) *Model {
	return &Model{Name: "m", Input: Input{Name: "input", Shape: []int{3}}, Predictor: p, Width: 2, Batch: 4, Outputs: []Output{
		{Name: "values", Shape: []int{2}, Classes: []string{"cat", "dog"}, From: whole2},
		{Name: "negated", Shape: []int{2}, From: func(dst, values []float32) { dst[0], dst[1] = -values[0], -values[1] }},
	}}
}

// tokens is a model that reads two tokens of five, of shape (n, 1, 2).
func tokens() *Model {
	m := model(predictorFunc(func(out, in []float32, n int) error {
		copy(out, in)
		return nil
	}))
	m.Name, m.Input = "t", Input{Name: "input", Shape: []int{1, 2}, Vocabulary: 5}
	m.Outputs = []Output{{Name: "all", Shape: []int{1, 2}, From: whole2}}
	return m
}

type predictorFunc func(out, in []float32, n int) error

func (f predictorFunc) Predict(out, in []float32, n int) error { return f(out, in, n) }

// start is a server that ends with the test.
func start(t testing.TB, o Options, models ...*Model) *Server {
	t.Helper()
	s, err := New(models, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ask sends a request to a handler.
func ask(s http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	inferPath  = "/v2/models/m/infer"
	tokensPath = "/v2/models/t/infer"
)

// input is a request for one input.
func input(datatype, shape, data string) string {
	return fmt.Sprintf(`{"inputs": [{"name": "input", "datatype": %q, "shape": %s, "data": %s}]}`, datatype, shape, data)
}

func TestAnswers(t *testing.T) {
	s := start(t, Options{Version: "1.2"}, model(&sums{}), tokens())
	for _, c := range []struct{ name, method, path, body, want string }{
		{"server", "GET", "/v2", "", `{"extensions":["binary_tensor_data","classification"],"models":["m","t"],"name":"pare","version":"1.2"}`},
		{"live", "GET", "/v2/health/live", "", `{"live":true}`},
		{"ready", "GET", "/v2/health/ready", "", `{"ready":true}`},
		{"model ready", "GET", "/v2/models/m/versions/1/ready", "", `{"name":"m","ready":true}`},
		{"metadata", "GET", "/v2/models/m", "", `{"inputs":[{"name":"input","datatype":"FP32","shape":[-1,3]}],"name":"m",` +
			`"outputs":[{"name":"values","datatype":"FP32","shape":[-1,2]},{"name":"negated","datatype":"FP32","shape":[-1,2]}],` +
			`"platform":"pare","versions":["1"]}`},
		{"metadata of tokens", "GET", "/v2/models/t/versions/1", "",
			`{"inputs":[{"name":"input","datatype":"INT64","shape":[-1,1,2]}],"name":"t",` +
				`"outputs":[{"name":"all","datatype":"FP32","shape":[-1,1,2]}],"platform":"pare","versions":["1"]}`},
		{"all outputs", "POST", inferPath, input("FP32", "[2, 3]", "[1, 2, 3, 0.5, 0, 1e1]"),
			`{"model_name":"m","model_version":"1","outputs":[` +
				`{"name":"values","datatype":"FP32","shape":[2,2],"data":[6,2,10.5,1]},` +
				`{"name":"negated","datatype":"FP32","shape":[2,2],"data":[-6,-2,-10.5,-1]}]}`},
		{"nested", "POST", "/v2/models/m/versions/1/infer", `{"outputs": [{"name": "negated"}], "id": "a\"b", "parameters": {"priority": 3},` +
			` "inputs": [{"data": [ [1, 2, 3] ,[4,5,6]], "shape": [2,3], "datatype": "FP64", "name": "input", ` +
			`"parameters": {"content_type": "np"}}]}`,
			`{"model_name":"m","model_version":"1","id":"a\"b",` +
				`"outputs":[{"name":"negated","datatype":"FP32","shape":[2,2],"data":[-6,-2,-15,-8]}]}`},
		{"classes", "POST", inferPath, `{"inputs": [{"name": "input", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, -9, 0]}],
			"outputs": [{"name": "values", "parameters": {"classification": 1}}, {"name": "negated", "parameters": {"classification": 9}}]}`,
			`{"model_name":"m","model_version":"1","outputs":[{"name":"values","datatype":"BYTES","shape":[2,1],"data":["6:0:cat","8:1:dog"]},` +
				`{"name":"negated","datatype":"BYTES","shape":[2,2],"data":["-2:1","-6:0","5:0","-8:1"]}]}`},
		{"tokens", "POST", tokensPath, input("INT64", "[1, 1, 2]", "[[[4, 0]]]"),
			`{"model_name":"t","model_version":"1","outputs":[{"name":"all","datatype":"FP32","shape":[1,1,2],"data":[4,0]}]}`},
		{"tokens of INT32", "POST", tokensPath, input("INT32", "[1, 1, 2]", "[1, 2]"),
			`{"model_name":"t","model_version":"1","outputs":[{"name":"all","datatype":"FP32","shape":[1,1,2],"data":[1,2]}]}`},
		{"tokens without an axis of units", "POST", tokensPath, input("INT64", "[2, 2]", "[[4, 0], [1, 2]]"),
			`{"model_name":"t","model_version":"1","outputs":[{"name":"all","datatype":"FP32","shape":[2,1,2],"data":[4,0,1,2]}]}`},
	} {
		w := ask(s, c.method, c.path, c.body)
		if w.Code != http.StatusOK || w.Body.String() != c.want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s\n%s\nwant\n%s", c.name, w.Code, w.Header(), w.Body, c.want)
		}
	}
}

// TestFormIsJSON: curl -d names the type of a form where it is given no other.
func TestFormIsJSON(t *testing.T) {
	s := start(t, Options{}, model(&sums{}))
	body := input("FP32", "[1, 3]", "[1, 2, 3]")
	want := ask(s, "POST", inferPath, body, "Content-Type", "application/json")
	got := ask(s, "POST", inferPath, body, "Content-Type", "application/x-www-form-urlencoded")
	if got.Code != http.StatusOK || got.Body.String() != want.Body.String() {
		t.Errorf("%d %s, as JSON %d %s", got.Code, got.Body, want.Code, want.Body)
	}
}

func TestBinary(t *testing.T) {
	s := start(t, Options{}, model(&sums{}), tokens())
	head := func(datatype string, shape string, size int) string {
		return fmt.Sprintf(`{"inputs":[{"name":"input","datatype":%q,"shape":%s,"parameters":{"binary_data_size":%d}}],`+
			`"parameters":{"binary_data_output":true}}`, datatype, shape, size)
	}
	post := func(path, head string, data []byte) *httptest.ResponseRecorder {
		return ask(s, "POST", path, head+string(data), headerLength, fmt.Sprint(len(head)), "Content-Type", "application/octet-stream")
	}
	values := appendBinary(nil, []float32{1, 2, 3}, nil)
	doubles := []byte("\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x08\x40") // 1, 2, 3
	want := append(appendBinary(nil, []float32{6, 2}, nil), appendBinary(nil, []float32{-6, -2}, nil)...)
	for datatype, data := range map[string][]byte{FP32: values, FP64: doubles} {
		w := post(inferPath, head(datatype, "[1,3]", len(data)), data)
		json, body := w.Header().Get(headerLength), w.Body.Bytes()
		text := `{"model_name":"m","model_version":"1","outputs":[` +
			`{"name":"values","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},` +
			`{"name":"negated","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}`
		if w.Code != 200 || json != fmt.Sprint(len(text)) || string(body) != text+string(want) {
			t.Errorf("%s: %d, JSON of %s bytes: %q", datatype, w.Code, json, body)
		}
	}
	for datatype, data := range map[string]string{
		INT64: "\x04\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		INT32: "\x04\x00\x00\x00\x01\x00\x00\x00",
	} {
		w := post(tokensPath, head(datatype, "[1,1,2]", len(data)), []byte(data))
		if body := w.Body.Bytes(); w.Code != 200 || !bytes.HasSuffix(body, appendBinary(nil, []float32{4, 1}, nil)) {
			t.Errorf("%s: %d %q", datatype, w.Code, body)
		}
	}
	// Classes in binary: each text behind its length.
	body := `{"inputs":[{"name":"input","datatype":"FP32","shape":[1,3],"data":[1,2,3]}],"outputs":[{"name":"values",` +
		`"parameters":{"binary_data":true,"classification":2}}]}`
	if w := ask(s, "POST", inferPath, body); !strings.HasSuffix(w.Body.String(), "\x07\x00\x00\x006:0:cat\x07\x00\x00\x002:1:dog") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	for _, c := range []struct{ name, path, head, data, want string }{
		{"size", inferPath, head(FP32, "[1,3]", 11), "01234567890", "binary_data_size of input input is 11, 3 values of FP32 take 12 bytes"},
		{"missing", inferPath, head(FP32, "[1,3]", 12), "0123", "4 bytes follow the JSON, binary_data_size of input input is 12"},
		{"not finite", inferPath, head(FP32, "[1,3]", 12), "\x00\x00\xc0\x7f\x00\x00\x00\x00\x00\x00\x00\x00",
			"value 0 of input input: NaN is not a finite number of FP32"},
		{"too large", inferPath, head(FP64, "[1,3]", 24), strings.Repeat("\xff\xff\xff\xff\xff\xff\xef\x7f", 3),
			"value 0 of input input: +Inf is not a finite number of FP32"},
		{"no token", tokensPath, head(INT32, "[1,1,2]", 8), "\x00\x00\x00\x00\xff\xff\xff\xff",
			"value 1 of input input: -1 is not a token; tokens are 0 to 4"},
		{"unannounced", inferPath, input(FP32, "[1, 3]", "[1, 2, 3]"), "0123", "4 bytes follow the JSON, binary_data_size of input input is 0"},
	} {
		w := post(c.path, c.head, []byte(c.data))
		if got := message(t, w); w.Code != 400 || got != c.want {
			t.Errorf("%s: %d %q, want %q", c.name, w.Code, got, c.want)
		}
	}
	for length, want := range map[string]string{"-1": `Inference-Header-Content-Length is "-1", not a number of bytes`,
		"x":  `Inference-Header-Content-Length is "x", not a number of bytes`,
		"99": "Inference-Header-Content-Length is 99, the body has 2 bytes"} {
		w := ask(s, "POST", inferPath, "{}", headerLength, length)
		if got := message(t, w); w.Code != 400 || got != want {
			t.Errorf("%d %q, want %q", w.Code, got, want)
		}
	}
}

// message is the error of an answer, which is a JSON object with it alone.
func message(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var v struct{ Error string }
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Errorf("answer: %v", err)
	}
	return v.Error
}

func TestBadRequests(t *testing.T) {
	s := start(t, Options{}, model(&sums{}), tokens())
	one := func(rest string) string {
		return `{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 3], ` + rest + `}]}`
	}
	outputs := func(list string) string {
		return `{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}], "outputs": ` + list + `}`
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 404, `there is no "/"; the Open Inference Protocol begins at /v2`},
		{"GET", "/v2/models", "", 404, `there is no "/v2/models"; the Open Inference Protocol begins at /v2`},
		{"GET", "/v2/models/x", "", 404, `there is no model "x"; the server has m, t`},
		{"POST", "/v2/models/x/infer", "{}", 404, `there is no model "x"; the server has m, t`},
		{"POST", "/v2/models/m/versions/2/infer", "{}", 404, `there is no version "2" of model m; it has version 1`},
		{"GET", inferPath, "", 405, `/v2/models/m/infer takes POST, not "GET"`},
		{"DELETE", "/v2/models/m", "", 405, `/v2/models/m takes GET, not "DELETE"`},
		{"POST", inferPath, "", 400, "the request is not valid JSON: unexpected end of JSON input at byte 0"},
		{"POST", inferPath, `{"inputs": [}`, 400,
			"the request is not valid JSON: invalid character '}' looking for beginning of value at byte 13"},
		{"POST", inferPath, strings.Repeat("[", 20000), 400,
			"the request is not valid JSON: invalid character '[' exceeded max depth at byte 10001"},
		{"POST", inferPath, `[]`, 400, "the request is not a JSON object"},
		{"POST", inferPath, `{}`, 400, "the request has no inputs"},
		{"POST", inferPath, `{"input": []}`, 400, `the request has an unknown key "input"`},
		{"POST", inferPath, `{"inputs": [], "inputs": []}`, 400, `the request has the key "inputs" twice`},
		{"POST", inferPath, `{"inputs": {}}`, 400, "inputs is not a JSON array"},
		{"POST", inferPath, `{"inputs": []}`, 400, `the request has no input; the model takes "input"`},
		{"POST", inferPath, `{"inputs": [1]}`, 400, `an input is not a JSON object`},
		{"POST", inferPath, `{"inputs": [{}, {}]}`, 400, `the request has more than one input; the model takes "input" alone`},
		{"POST", inferPath, `{"inputs": [{"name": "x"}]}`, 400, `there is no input "x"; the model takes "input"`},
		{"POST", inferPath, `{"inputs": [{"name": 3}]}`, 400, `the name of an input is not a string`},
		{"POST", inferPath, `{"inputs": [{"name": "` + strings.Repeat("x", 9000) + `"}]}`, 400, `the name of an input is longer than 1000 bytes`},
		{"POST", inferPath, `{"inputs": [{"name": "input"}]}`, 400, `datatype of input input is ""; it must be FP32 or FP64`},
		{"POST", inferPath, `{"id": 3, "inputs": []}`, 400, `id is not a string`},
		{"POST", inferPath, `{"id": "` + strings.Repeat("x", 1001) + `"}`, 400, `id has 1001 bytes, at most 1000 are read`},
		{"POST", inferPath, `{"parameters": [], "inputs": []}`, 400, `parameters is not a JSON object`},
		{"POST", inferPath, `{"parameters": {"binary_data_output": 1}, "inputs": []}`, 400, `parameter binary_data_output is not true or false`},
		{"POST", inferPath, `{"parameters": {"a": {}}, "inputs": []}`, 400, `parameters: "a" is not a text, a number, true or false`},
		{"POST", inferPath, `{"parameters": {"sequence_id": 3}, "inputs": []}`, 400,
			`parameters: "sequence_id" is of an extension that this server does not have`},
		{"POST", inferPath, input("UINT8", "[1, 3]", "[1, 2, 3]"), 400, `datatype of input input is "UINT8"; it must be FP32 or FP64`},
		{"POST", tokensPath, input("FP32", "[1, 1, 2]", "[1, 2]"), 400, `datatype of input input is "FP32"; it must be INT64 or INT32`},
		{"POST", inferPath, `{"inputs": [{"name": "input", "datatype": "FP32"}]}`, 400, `input input has no shape; it must be (n, 3)`},
		{"POST", inferPath, input("FP32", "3", "[]"), 400, `shape of input input is not a JSON array`},
		{"POST", inferPath, input("FP32", "[]", "[]"), 400, `shape of input input is (), the model takes (n, 3)`},
		{"POST", inferPath, input("FP32", "[3]", "[1, 2, 3]"), 400, `shape of input input is (3), the model takes (n, 3)`},
		{"POST", inferPath, input("FP32", "[1, 4]", "[1, 2, 3, 4]"), 400, `shape of input input is (1, 4), the model takes (n, 3)`},
		{"POST", tokensPath, input("INT64", "[1, 2, 1]", "[1, 2]"), 400,
			`shape of input input is (1, 2, 1), the model takes (n, 1, 2); put the units first: x.transpose(0, 2, 1)`},
		{"POST", inferPath, input("FP32", "[0, 3]", "[]"), 400, `shape of input input is (0, 3), which has no examples`},
		{"POST", inferPath, input("FP32", "[-1, 3]", "[]"), 400, `an axis of the shape of input input is not a whole number of at least 0`},
		{"POST", inferPath, input("FP32", "[1.5, 3]", "[]"), 400, `an axis of the shape of input input is not a whole number of at least 0`},
		{"POST", inferPath, input("FP32", "[null, 3]", "[]"), 400, `an axis of the shape of input input is not a whole number of at least 0`},
		{"POST", inferPath, input("FP32", "[1,1,1,1,1,1,1,1,1]", "[]"), 400, `shape of input input has more than 8 axes`},
		{"POST", inferPath, input("FP32", "[5, 3]", "[]"), 413, `5 examples in a request, at most 4 are taken; send several requests`},
		{"POST", inferPath, one(`"data": [1, 2]`), 400, `data of input input has 2 values, its shape (1, 3) has 3`},
		{"POST", inferPath, one(`"data": []`), 400, `data of input input has fewer than the 3 values of its shape (1, 3)`},
		{"POST", inferPath, one(`"data": [1, 2, 3, 4]`), 400, `data of input input has more than the 3 values of its shape (1, 3)`},
		{"POST", inferPath, one(`"data": [[1, 2], [3]]`), 400,
			`data of input input has 2 elements in an array on axis 1, where its shape (1, 3) has 3`},
		{"POST", inferPath, one(`"data": [[1, 2, 3], []]`), 400,
			`data of input input has 0 elements in an array on axis 1, where its shape (1, 3) has 3`},
		{"POST", inferPath, one(`"data": [[[1, 2, 3]]]`), 400, `data of input input is nested deeper than its shape (1, 3)`},
		{"POST", inferPath, one(`"data": [[1, 2, 3], 4]`), 400,
			`data of input input is not an array of numbers, flat or nested as its shape (1, 3)`},
		{"POST", inferPath, one(`"data": 1234567`), 400, `data of input input is not an array of numbers, flat or nested as its shape (1, 3)`},
		{"POST", inferPath, one(`"data": "1, 2, 3"`), 400, `data of input input holds something that is not a number`},
		{"POST", inferPath, one(`"data": [1, null, 3]`), 400, `data of input input holds something that is not a number`},
		{"POST", inferPath, one(`"data": [1, 2, 1e39]`), 400, `value 2 of input input: 1e39 is too large for FP32`},
		{"POST", inferPath, one(`"other": 3`), 400, `an input has an unknown key "other"`},
		{"POST", inferPath, one(`"parameters": {}`), 400, `input input has neither data nor the parameter binary_data_size`},
		{"POST", inferPath, one(`"parameters": {"shared_memory_region": "r"}`), 400,
			`input input: "shared_memory_region" is of an extension that this server does not have`},
		{"POST", inferPath, one(`"parameters": {"binary_data_size": 12}, "data": [1, 2, 3]`), 400,
			`input input has data and the parameter binary_data_size; give one of them`},
		{"POST", inferPath, one(`"parameters": {"binary_data_size": -3}`), 400,
			`parameter binary_data_size of input input is not a whole number of at least 0`},
		{"POST", tokensPath, input("INT64", "[1, 1, 2]", "[1, 5]"), 400, `value 1 of input input: 5 is not a token; tokens are 0 to 4`},
		{"POST", tokensPath, input("INT64", "[1, 1, 2]", "[1, 2.5]"), 400, `value 1 of input input: 2.5 is not a whole number`},
		{"POST", inferPath, outputs(`[{"name": "x"}]`), 400, `there is no output "x"; the model has values, negated`},
		{"POST", inferPath, outputs(`[]`), 400, `outputs is empty; leave it out for all outputs`},
		{"POST", inferPath, outputs(`[{"name": "values"}, {"name": "values"}]`), 400, `output values is requested twice`},
		{"POST", inferPath, outputs(`[{"name": "values", "parameters": {"classification": -1}}]`), 400,
			`parameter classification of output values is not a whole number of at least 0`},
		{"POST", tokensPath, `{"outputs": [{"name": "all", "parameters": {"classification": 1}}]}`, 400,
			`output all has shape 1, 2; classification is for one value a class`},
		{"POST", inferPath, one(`"data": [3e38, 3e38, 3e38]`), 400, `the outputs are not finite; the inputs are too large for the network`},
		{"POST", inferPath, strings.Repeat(" ", bytesAround+4*3*bytesPerValue+1), 413,
			`the body is larger than the 64.4 KiB that the model's largest request takes`},
	} {
		w := ask(s, c.method, c.path, c.body)
		if got := message(t, w); w.Code != c.status || got != c.want {
			t.Errorf("%s %s %.200s:\n%d %q\nwant %d %q", c.method, c.path, c.body, w.Code, got, c.status, c.want)
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no methods that are allowed", c.method, c.path)
		}
	}
	for _, c := range []struct{ header, value, want string }{
		{"Content-Type", "text/csv", `Content-Type is "text/csv"; it must be application/json, or application/octet-stream for binary data`},
		{"Content-Encoding", "gzip", `Content-Encoding is "gzip"; send the body as it is`},
	} {
		w := ask(s, "POST", inferPath, "{}", c.header, c.value)
		if got := message(t, w); w.Code != 415 || got != c.want {
			t.Errorf("%d %q, want %q", w.Code, got, c.want)
		}
	}
	// A body of unknown length is refused while it is read.
	r := httptest.NewRequest("POST", inferPath, io.LimitReader(zeros{}, 1<<40))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("endless body: %d %s", w.Code, w.Body)
	}
	if left := s.memory.left.Load(); left != s.o.Memory {
		t.Errorf("%d bytes of %d are left after all requests", left, s.o.Memory)
	}
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A predictor that fails or panics is an error of the server's, and it goes on.
func TestPredictorFails(t *testing.T) {
	p := &sums{}
	m := model(predictorFunc(func(out, in []float32, n int) error {
		if in[0] == 7 {
			panic("seven")
		}
		return p.Predict(out, in, n)
	}))
	s := start(t, Options{}, m)
	w := ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[7, 0, 0]"))
	if got := message(t, w); w.Code != 500 || !strings.Contains(got, "seven") || strings.Contains(got, "\n") {
		t.Errorf("%d %q", w.Code, got)
	}
	p.err = errors.New("no memory")
	w = ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 0, 0]"))
	if got := message(t, w); w.Code != 500 || got != "no memory" {
		t.Errorf("%d %q", w.Code, got)
	}
	p.err = nil
	if w = ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 0, 0]")); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	m.Prepare = func([]float32) error { panic("prepare") }
	if w = ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 0, 0]")); w.Code != 500 || !strings.Contains(message(t, w), "prepare") {
		t.Errorf("%d", w.Code)
	}
	if c := s.Counts(); c != (Counts{Answered: 1, Failed: 3, Examples: 1}) {
		t.Errorf("%+v", c)
	}
}

func TestRefusedModels(t *testing.T) {
	for want, change := range map[string]func(*Model, *Options){
		`model "a b": a name has letters, digits and ._- only, and begins with none of .-`: func(m *Model, _ *Options) { m.Name = "a b" },
		`model "m": input "input" of shape [3 0] cannot be served`: func(m *Model, _ *Options) {
			m.Input.Shape = []int{3, 0}
		},
		`model "m": the predictor, Width, Batch or the outputs are missing`: func(m *Model, _ *Options) { m.Batch = 0 },
		`model "m": output "values" of shape [2] has 1 names of classes`: func(m *Model, _ *Options) {
			m.Outputs[0].Classes = []string{"a"}
		},
		`model "m": two outputs are named "values"`: func(m *Model, _ *Options) {
			m.Outputs[1].Name = "values"
		},
		`model m: a batch of zeros: no`: func(m *Model, _ *Options) {
			m.Predictor = predictorFunc(func(_, _ []float32, _ int) error { return errors.New("no") })
		},
		"model m: a queue of 3 examples has no place for a request of 4; choose a larger queue or a smaller batch": func(_ *Model, o *Options) {
			o.Queue = 3
		},
		"model m: a request of 4 examples may take 322.2 KiB, the limit of all is 1000 bytes; choose a smaller batch": func(_ *Model, o *Options) {
			o.Memory = 1000
		},
	} {
		m, o := model(&sums{}), Options{}
		change(m, &o)
		if _, err := New([]*Model{m}, o); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if _, err := New([]*Model{model(&sums{}), model(&sums{})}, Options{}); err == nil || err.Error() != `two models are named "m"` {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	s := start(t, Options{Wait: time.Millisecond}, model(&sums{}), tokens())
	ask(s, "POST", inferPath, input("FP32", "[2, 3]", "[1, 2, 3, 4, 5, 6]"))
	ask(s, "POST", inferPath, "{")
	ask(s, "POST", "/v2/models/x/infer", "{}")
	w := ask(s, "GET", "/metrics", "")
	text := w.Body.String()
	for _, want := range []string{
		`pare_requests_total{code="200",model="m"} 1`, `pare_requests_total{code="400",model="m"} 1`,
		`pare_requests_total{code="404",model=""} 1`,
		`pare_request_errors_total{model="m",reason="input"} 1`, `pare_request_duration_seconds_count{model="m"} 1`,
		`pare_batch_examples_sum{model="m"} 2`, `pare_queue_examples{model="m"} 0`, `pare_queue_examples{model="t"} 0`,
		`pare_queue_duration_seconds_count{model="m"} 1`, `pare_requests_in_flight 0`, `pare_build_info{`, `go_goroutines `, `process_open_fds `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

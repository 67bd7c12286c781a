package serve

import (
	"fmt"
	"strings"
	"testing"
)

// FuzzDecode: every body is refused or gives as many finite values as its shape says.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		"", "{}", `{"inputs": []}`, input("FP32", "[2, 3]", "[1, 2, 3, 0.5, 0, 1e1]"), input("FP64", "[1, 3]", "[[1, -2, 3E-2]]"),
		input("INT64", "[1, 1, 2]", "[[[4, 0]]]"), input("INT32", "[1, 1, 2]", " [ 4 , 0 ] "),
		`{"id": "a\"\u00e9", "parameters": {"x": 3, "binary_data_output": true}, ` +
			`"outputs": [{"name": "values", "parameters": {"classification": 1}}], ` +
			`"inputs": [{"name": "input", "datatype": "FP32", "shape": [1,3], "parameters": {"binary_data_size": 12}}]}0123456789ab`,
	} {
		f.Add([]byte(body), -1)
		f.Add([]byte(body), strings.LastIndex(body, "}")+1)
	}
	models := []*Model{model(&sums{}), tokens()}
	f.Fuzz(func(t *testing.T, body []byte, jsonSize int) {
		for _, m := range models {
			r, err := decode(m, body, max(jsonSize, -1))
			if err != nil {
				if line := err.Error(); len(line) > 500 || strings.Contains(line, "\n") {
					t.Errorf("error %q", line)
				}
				continue
			}
			if r.n < 1 || r.n > m.Batch || len(r.in) != r.n*size(m.Input.Shape) || len(r.outputs) == 0 {
				t.Fatalf("%+v", r)
			}
			for _, v := range r.in {
				if v-v != 0 || m.Input.Vocabulary > 0 && (v < 0 || v >= float32(m.Input.Vocabulary)) {
					t.Fatalf("value %v", v)
				}
			}
			a := answerOf(m, r, make([]float32, r.n*m.Width))
			if _, err := decode(m, a.body, a.jsonSize); err == nil || !strings.Contains(fmt.Sprint(err), "unknown key") {
				t.Errorf("an answer that is not valid JSON: %q, %v", a.body, err)
			}
		}
	})
}

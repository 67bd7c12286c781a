package export

import (
	"bytes"
	"regexp"
	"testing"

	"pare/nn/onnx"
)

// large finds integers that may make a network too large to build while
// fuzzing: parameters exist before the weights are compared with them.
var large = regexp.MustCompile(`(^|[^.\d])[1-9]\d\d`)

// Run fuzzing with -fuzzminimizetime=5x: shrinking an input takes longer than
// finding it.

// FuzzDocument reads damaged architectures. Accepted ones must be written
// and read again unchanged.
func FuzzDocument(f *testing.F) {
	for _, m := range []Model{small(f), {Net: resnet(f)}} {
		doc, err := m.document()
		if err != nil {
			f.Fatal(err)
		}
		text, err := doc.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if large.Match(text) {
			t.Skip()
		}
		doc, err := parseDocument(text)
		if err != nil {
			return
		}
		m, err := doc.model()
		if err != nil {
			return
		}
		again, err := m.document()
		if err != nil {
			t.Fatal(err)
		}
		first, err := again.encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err = parseDocument(first); err != nil {
			t.Fatalf("%v in\n%s", err, first)
		}
		if _, err = again.model(); err != nil {
			t.Fatalf("%v in\n%s", err, first)
		}
		second, err := again.encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("written as\n%s\nthen as\n%s", first, second)
		}
	})
}

// FuzzReadONNX reads damaged ONNX files. Accepted ones can be written.
func FuzzReadONNX(f *testing.F) {
	f.Add(encoded(f, small(f)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if file, err := onnx.Decode(b); err != nil || large.MatchString(file.Metadata[documentKey]) {
			return
		}
		m, err := ReadONNX(b)
		if err != nil {
			return
		}
		if err := WriteONNX(&bytes.Buffer{}, m); err != nil {
			t.Fatal(err)
		}
	})
}

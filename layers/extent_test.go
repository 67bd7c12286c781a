package layers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestExtentForms: a number or a list is read, the shortest form is written.
func TestExtentForms(t *testing.T) {
	type forms struct {
		K layers.Extent  `json:"k,omitzero"`
		P layers.Padding `json:"p,omitzero"`
	}
	for in, want := range map[string]string{
		`{"k":3,"p":1}`:                  `{"k":3,"p":1}`,
		`{"k":[3,3],"p":[1,1]}`:          `{"k":3,"p":1}`,
		`{"k":[1,7],"p":[0,3]}`:          `{"k":[1,7],"p":[0,3]}`,
		`{"k":[7,1],"p":[1,2,1,2]}`:      `{"k":[7,1],"p":[1,2]}`,
		`{"k":1,"p":[0,0,1,1]}`:          `{"k":1,"p":[0,0,1,1]}`,
		`{"p":[2,2,2,2]}`:                `{"p":2}`,
		`{}`:                             `{}`,
		`{"k":0,"p":0}`:                  `{}`,
		`{"k":[1,2,3]}`:                  "cannot unmarshal list of 3 into Go struct field forms.k of type layers.Extent",
		`{"k":[1]}`:                      "cannot unmarshal list of 1 into Go struct field forms.k of type layers.Extent",
		`{"p":[1,2,3]}`:                  "cannot unmarshal list of 3 into Go struct field forms.p of type layers.Padding",
		`{"k":"3"}`:                      "cannot unmarshal string into Go struct field forms.k of type int",
		`{"k":[1.5,2]}`:                  "cannot unmarshal number 1.5 into Go struct field forms.k of type int",
		`{"k":[99999999999999999999,2]}`: "cannot unmarshal number 99999999999999999999",
	} {
		var f forms
		err := json.Unmarshal([]byte(in), &f)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if out, err := json.Marshal(f); err != nil || string(out) != want {
			t.Errorf("%s: %s, %v", in, out, err)
		}
	}
	for text, v := range map[string]interface{ String() string }{
		"3": layers.Square(3), "1×7": layers.Extent{H: 1, W: 7},
		"2": layers.Around(2), "0×3": layers.Padding{Left: 3, Right: 3}, "0, 0, 1, 1": layers.Padding{Bottom: 1, Right: 1},
	} {
		if v.String() != text {
			t.Errorf("%#v: %s", v, v)
		}
	}
}

// TestGeometryErrors: the message names layer, window and image.
func TestGeometryErrors(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		want  string
	}{
		{&layers.Conv{Out: 1, Kernel: layers.Extent{H: 1, W: 6}}, "conv: kernel 1×6 is larger than the padded input 2×4×5"},
		{&layers.Conv{Out: 1, Dilation: layers.Square(3), Pad: layers.Padding{Bottom: 2}}, "conv: kernel 7 is larger than the padded input 2×6×5"},
		{&layers.Conv{Out: 1, Kernel: layers.Extent{H: 2}},
			"conv: kernel 2×0, stride 1 and dilation 1 must be positive and pad 0 not negative"},
		{&layers.Conv{Out: 1, Pad: layers.Padding{Left: -1}},
			"conv: kernel 3, stride 1 and dilation 1 must be positive and pad 0, -1, 0, 0 not negative"},
		{&layers.Conv{Out: 1, Dilation: layers.Square(1 << 16)},
			"conv: 65536 is larger than any kernel, stride or padding may be, 32768"},
		{&layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2), Pad: layers.Padding{Top: 2}}},
			"maxpool: pad 2, 0, 0, 0 is more than half the kernel 2"},
		{&layers.MaxPool{Window: layers.Window{Kernel: layers.Square(3)}, Dilation: layers.Extent{H: 1, W: 3}},
			"maxpool: window 3×7 is larger than the padded input 2×4×5"},
	} {
		if _, err := c.layer.Init(image(2, 4, 5), nil); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

package layers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pare/layers"
	"pare/nn"
)

func TestGoldenGeometry(t *testing.T) {
	var g struct {
		Layers []goldenLayer `json:"layers"`
	}
	readJSON(t, "testdata/goldens_geometry.json", &g)
	for _, c := range g.Layers {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// withArgs is a layer with options, as an architecture file has them.
func withArgs(kind, args string) nn.Layer {
	l, err := nn.Layers.New(kind)
	if err == nil {
		err = json.Unmarshal([]byte(args), l)
	}
	if err != nil {
		panic(err)
	}
	return l
}

// geometryCases are layers with windows of any form and layers that change the size of an
// image, for the gradients.
func geometryCases() []gradientCase {
	var cases []gradientCase
	add := func(kind, args string, inputs []nn.Shape) {
		kinks := kind == "maxpool" || kind == "maxpool1d"
		cases = append(cases, gradientCase{name: kind + " " + args, layer: withArgs(kind, args), inputs: inputs, kinks: kinks})
	}
	add("conv", `{"out":3,"kernel":[1,4],"stride":[2,1],"pad":[0,1,1,2]}`, image(2, 4, 5))
	add("conv", `{"out":4,"kernel":[3,2],"stride":[1,2],"dilation":[2,3],"pad":2,"groups":2}`, image(4, 4, 5))
	add("conv", `{"out":9,"kernel":3,"pad":[1,1,0,2]}`, image(8, 5, 5))
	add("depthwise", `{"kernel":3,"dilation":2,"stride":[1,2],"pad":[2,1]}`, image(9, 5, 4))
	add("maxpool", `{"kernel":[2,3],"stride":1,"dilation":[3,1],"pad":[1,1,2,1]}`, image(2, 5, 6))
	add("avgpool", `{"kernel":[1,3],"stride":[1,2],"pad":[0,1,0,0],"ceil":true}`, image(2, 3, 6))
	for _, args := range []string{`{}`, `{"out":[2,3]}`, `{"out":[3,4]}`, `{"out":[5,7]}`} {
		add("adaptiveavgpool", args, image(3, 4, 6))
	}
	add("convtranspose", `{"out":3,"kernel":3,"stride":2,"pad":1,"output_pad":1}`, image(2, 3, 4))
	add("convtranspose", `{"out":6,"kernel":[2,3],"stride":[3,1],"dilation":[1,2],"pad":[0,1,2,0],"groups":2,"no_bias":true}`, image(4, 3, 2))
	add("upsample", `{}`, image(3, 2, 3))
	add("upsample", `{"size":[5,2]}`, image(3, 2, 3))
	add("upsample", `{"scale":[3,2],"mode":"bilinear"}`, image(3, 2, 3))
	add("upsample", `{"size":[3,7],"mode":"bilinear","align_corners":true}`, image(3, 2, 3))
	add("pixelshuffle", `{"factor":3}`, image(18, 2, 1))
	add("conv1d", `{"out":4,"kernel":3,"stride":2,"dilation":2,"pad":[3,1],"groups":2}`, sequence(4, 6))
	add("conv1d", `{"out":9,"kernel":4,"no_bias":true}`, sequence(8, 5))
	add("maxpool1d", `{"kernel":3,"stride":1,"pad":[1,0],"dilation":2}`, sequence(3, 6))
	add("avgpool1d", `{"kernel":3,"stride":2,"pad":1,"ceil":true}`, sequence(3, 6))
	return cases
}

// TestGeometry: shapes of outputs, costs, and the arguments that a file holds after Init.
func TestGeometry(t *testing.T) {
	for _, c := range []struct {
		kind, args string
		in, want   nn.Shape
		macs       int64
		written    string
	}{
		{"conv", `{"out":8,"kernel":[1,7],"pad":[0,3]}`, nn.Shape{4, 6, 6}, nn.Shape{8, 6, 6}, 36 * 7 * 4 * 8,
			`{"out":8,"kernel":[1,7],"stride":1,"pad":[0,3],"groups":1}`},
		{"conv", `{"out":2,"kernel":[3,3],"dilation":[1,1],"pad":[1,1,1,1],"stride":[2,2]}`, nn.Shape{2, 5, 5}, nn.Shape{2, 3, 3}, 9 * 36,
			`{"out":2,"kernel":3,"stride":2,"pad":1,"groups":1}`},
		{"conv", `{"out":2,"dilation":[1,2],"pad":[0,0,1,1]}`, nn.Shape{2, 5, 5}, nn.Shape{2, 4, 2}, 8 * 36,
			`{"out":2,"kernel":3,"stride":1,"dilation":[1,2],"pad":[0,0,1,1],"groups":1}`},
		{"depthwise", `{"kernel":5,"stride":2,"pad":2}`, nn.Shape{3, 7, 8}, nn.Shape{3, 4, 4}, 16 * 75, `{"multiplier":1,"kernel":5,"stride":2,"pad":2}`},
		{"maxpool", `{"kernel":2,"dilation":[2,1]}`, nn.Shape{3, 7, 8}, nn.Shape{3, 3, 4}, 0, `{"kernel":2,"stride":2,"dilation":[2,1]}`},
		{"avgpool", `{"kernel":[1,2],"pad":[0,1]}`, nn.Shape{3, 7, 8}, nn.Shape{3, 7, 5}, 0, `{"kernel":[1,2],"stride":[1,2],"pad":[0,1]}`},
		{"adaptiveavgpool", `{}`, nn.Shape{3, 7, 8}, nn.Shape{3, 1, 1}, 0, `{"out":1}`},
		{"adaptiveavgpool", `{"out":[2,9]}`, nn.Shape{3, 7, 8}, nn.Shape{3, 2, 9}, 0, `{"out":[2,9]}`},
		{"convtranspose", `{"out":4,"stride":2,"pad":1,"output_pad":1}`, nn.Shape{3, 5, 6}, nn.Shape{4, 10, 12}, 30 * 9 * 12,
			`{"out":4,"kernel":3,"stride":2,"pad":1,"output_pad":1,"groups":1}`},
		{"upsample", `{}`, nn.Shape{3, 5, 6}, nn.Shape{3, 10, 12}, 0, `{"scale":2,"mode":"nearest"}`},
		{"upsample", `{"size":7,"mode":"bilinear"}`, nn.Shape{3, 5, 6}, nn.Shape{3, 7, 7}, 0, `{"size":7,"mode":"bilinear"}`},
		{"pixelshuffle", `{}`, nn.Shape{12, 5, 6}, nn.Shape{3, 10, 12}, 0, `{"factor":2}`},
		{"conv1d", `{"out":4,"pad":[2,0],"dilation":1}`, nn.Shape{3, 6}, nn.Shape{4, 6}, 6 * 36,
			`{"out":4,"kernel":3,"stride":1,"pad":[2,0],"groups":1}`},
		{"maxpool1d", `{"dilation":1}`, nn.Shape{3, 6}, nn.Shape{3, 3}, 0, `{"kernel":2,"stride":2}`},
		{"avgpool1d", `{"kernel":3,"stride":2,"pad":1,"exclude_pad":true}`, nn.Shape{3, 6}, nn.Shape{3, 3}, 0,
			`{"kernel":3,"stride":2,"pad":1,"exclude_pad":true}`},
	} {
		l := withArgs(c.kind, c.args)
		got, err := l.Init([]nn.Shape{c.in}, nil)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s %s: %v, %v, expected %v", c.kind, c.args, got, err, c.want)
			continue
		}
		if m, ok := l.(nn.Coster); (ok || c.macs > 0) && m.MACs([]nn.Shape{c.in}) != c.macs {
			t.Errorf("%s %s: %d MACs, expected %d", c.kind, c.args, m.MACs([]nn.Shape{c.in}), c.macs)
		}
		if text, err := json.Marshal(l); err != nil || string(text) != c.written {
			t.Errorf("%s: %s, %v, expected %s", c.kind, text, err, c.written)
		}
	}
	for _, c := range []struct {
		kind, args string
		in         nn.Shape
		want       string
	}{
		{"adaptiveavgpool", `{"out":[2,0]}`, nn.Shape{3, 7, 8}, "adaptiveavgpool: out is 2×0, it must be between 1 and 32768"},
		{"adaptiveavgpool", `{}`, nn.Shape{3, 7}, "adaptiveavgpool needs an image input of shape C×H×W, got 3×7"},
		{"convtranspose", `{"out":4,"output_pad":1}`, nn.Shape{3, 5, 6},
			"convtranspose: output_pad 1 must be at least 0 and below 1, the larger of stride and dilation"},
		{"convtranspose", `{"out":4,"kernel":1,"pad":3}`, nn.Shape{3, 5, 6}, "convtranspose: pad 3 leaves nothing of the output"},
		{"convtranspose", `{"out":4,"groups":2}`, nn.Shape{3, 5, 6}, "convtranspose: 3 input and 4 output channels do not divide into 2 groups"},
		{"convtranspose", `{"out":4,"stride":-1}`, nn.Shape{3, 5, 6},
			"convtranspose: kernel 3, stride -1 and dilation 1 must be positive and pad 0 not negative"},
		{"convtranspose", `{"out":4,"stride":30000}`, nn.Shape{3, 5, 6},
			"convtranspose: the output is 120003×150003, it must be between 1 and 32768"},
		{"upsample", `{"scale":2,"size":4}`, nn.Shape{3, 5, 6}, "upsample: scale 2 and size 4 exclude each other"},
		{"upsample", `{"mode":"cubic"}`, nn.Shape{3, 5, 6}, `upsample: mode is "cubic", it must be nearest or bilinear`},
		{"upsample", `{"align_corners":true}`, nn.Shape{3, 5, 6}, "upsample: align_corners needs mode bilinear"},
		{"upsample", `{"scale":9000}`, nn.Shape{3, 5, 6}, "upsample: size is 45000×54000, it must be between 1 and 32768"},
		{"pixelshuffle", `{"factor":2}`, nn.Shape{6, 5, 6}, "pixelshuffle: 6 channels do not divide into blocks of 2×2"},
		{"pixelshuffle", `{"factor":-1}`, nn.Shape{6, 5, 6}, "pixelshuffle: factor is -1, it must be between 1 and 32768"},
		{"conv1d", `{"out":4,"kernel":9,"pad":[1,0]}`, nn.Shape{3, 6}, "conv1d: kernel 9 is larger than the padded input 3×7"},
		{"conv1d", `{"out":4,"pad":[0,-1]}`, nn.Shape{3, 6}, "conv1d: kernel 3, stride 1 and dilation 1 must be positive and pad 0, -1 not negative"},
		{"conv1d", `{"out":4}`, nn.Shape{3, 6, 6}, "conv1d needs a sequence of shape D×T, got 3×6×6"},
		{"maxpool1d", `{"pad":2}`, nn.Shape{3, 6}, "maxpool1d: pad 2 is more than half the kernel 2"},
		{"avgpool1d", `{"kernel":8}`, nn.Shape{3, 6}, "avgpool1d: window 8 is larger than the padded input 3×6"},
	} {
		if out, err := withArgs(c.kind, c.args).Init([]nn.Shape{c.in}, nil); err == nil || err.Error() != c.want {
			t.Errorf("%s %s of %s: %v, %v, expected %s", c.kind, c.args, c.in, out, err, c.want)
		}
	}
}

// TestRegroup: a convolution of four groups that lose channels is sliced to the groups with
// the fewest weights, and computes the same.
func TestRegroup(t *testing.T) {
	for _, c := range []struct {
		name    string
		need    [4]int // inputs of each group that its outputs weigh, of 4
		keep    [4]int // outputs of each group that are kept, of 4
		groups  int
		in, out int
	}{
		{"equal", [4]int{2, 2, 2, 2}, [4]int{3, 3, 3, 3}, 4, 8, 12},
		{"two fill up", [4]int{2, 1, 2, 2}, [4]int{3, 3, 2, 3}, 4, 8, 12},
		{"one is gone", [4]int{2, 2, 2, 2}, [4]int{3, 0, 3, 3}, 3, 6, 9},
		{"pairs", [4]int{4, 1, 1, 4}, [4]int{1, 4, 4, 1}, 2, 10, 10},
		{"one dense", [4]int{4, 1, 1, 1}, [4]int{1, 1, 1, 4}, 1, 7, 7},
		{"one left", [4]int{3, 3, 3, 3}, [4]int{0, 0, 2, 0}, 1, 3, 2},
	} {
		for _, l := range []nn.Layer{&layers.Conv{Out: 16, Groups: 4}, &layers.ConvTranspose{Out: 16, Groups: 4}} {
			in := []nn.Shape{{16, 5, 5}}
			if _, err := l.Init(in, nil); err != nil {
				t.Fatal(err)
			}
			transposed := l.Kind() == "convtranspose"
			w := l.Params()[0].Data() // [3, 3, 4, 16]
			for i := range w {
				a, b := i/16%4, i%16 // within a group, over all
				input := a
				if transposed {
					input = b % 4
				}
				if input < c.need[b/4] {
					w[i] = float32(i%7) + 1
				}
			}
			keep := make([]bool, 16)
			for g, n := range c.keep {
				for o := range n {
					keep[g*4+o] = true
				}
			}
			known := []nn.Known{nn.Unknown(16)}
			l.(nn.Closer).Close(keep, known)
			need := l.(nn.Pruner).Needs(keep, known)[0]
			s := nn.Slicing{In: [][]int{members(need)}, Out: members(keep), Known: known}
			sliced, err := l.(nn.Pruner).Slice(s)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(sliced)
			var got struct{ Out, Groups int }
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if got.Groups != c.groups || got.Out != c.out || len(s.In[0]) != c.in {
				t.Errorf("%s, %s: %d groups of %d inputs and %d outputs, expected %d of %d and %d",
					l.Kind(), c.name, got.Groups, len(s.In[0]), got.Out, c.groups, c.in, c.out)
			}
			for i, p := range clonedParams(t, sliced, len(s.In[0])) {
				if q := sliced.Params()[i]; fmt.Sprint(p.Axes) != fmt.Sprint(q.Axes) || fmt.Sprint(p.Order) != fmt.Sprint(q.Order) {
					t.Errorf("%s, %s: axes %v and order %v, read back %v and %v", l.Kind(), c.name, q.Axes, q.Order, p.Axes, p.Order)
				}
			}
			requireSameUnits(t, l, sliced, s)
		}
	}
}

// clonedParams are the parameters of a layer that goes through a file.
func clonedParams(t *testing.T, l nn.Layer, in int) []*nn.Param {
	t.Helper()
	c, err := nn.CloneLayer(l, []nn.Shape{{in, 5, 5}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Params()
}

// requireSameUnits fails unless a slice of a layer computes its outputs from its inputs.
// The inputs that it lacks are 0.
func requireSameUnits(t *testing.T, whole, sliced nn.Layer, s nn.Slicing) {
	t.Helper()
	const batch, h, w = 2, 5, 5
	run := func(l nn.Layer, units int, unit func(i int) int) ([]float32, nn.Shape) {
		net, probes := around(t, l, batch, nil, nn.Shape{units, h, w})
		x := probes[0].value.Data()
		for i := range x {
			u := unit(i % units)
			if u >= 0 {
				x[i] = float32((i/units*31+u*17)%23) - 11
			}
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
		p.Run()
		return p.Output(), net.Output().Shape
	}
	present := map[int]bool{}
	for _, u := range s.In[0] {
		present[u] = true
	}
	want, full := run(whole, len(s.Known[0].Const), func(i int) int {
		if present[i] {
			return i
		}
		return -1
	})
	got, small := run(sliced, len(s.In[0]), func(i int) int { return s.In[0][i] })
	var picked []float32
	for p := range batch * full.Positions() {
		for _, o := range s.Out {
			picked = append(picked, want[p*full.Units()+o])
		}
	}
	if small.Units() != len(s.Out) {
		t.Fatalf("%s: %d outputs of %d", sliced.Kind(), small.Units(), len(s.Out))
	}
	requireClose(t, sliced.Kind(), got, picked, 1e-6)
}

func members(set []bool) (list []int) {
	for i, v := range set {
		if v {
			list = append(list, i)
		}
	}
	return list
}

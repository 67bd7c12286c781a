package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// branches is a network of two concatenations of four branches each. A branch
// of the first is removed, and the start of one of the second leaves constants.
func branches(t *testing.T) (before, after *nn.Network) {
	t.Helper()
	net, err := nn.New("branches", nn.Shape{3, 8, 8}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, in ...string) string {
		if err := net.Add(name, l, in...); err != nil {
			t.Fatal(err)
		}
		return name
	}
	last := nn.InputName
	for b := range 2 {
		block := fmt.Sprintf("inception%d", b+1)
		var outs []string
		for k := range 4 {
			in := last
			for m := range min(k+1, 3) {
				name := fmt.Sprintf("%s.branch%d.conv%d", block, k+1, m+1)
				in = add(name, &layers.Conv{Out: 4, Kernel: layers.Square(3), Pad: layers.Around(1), Stride: layers.Square(1)}, in)
			}
			outs = append(outs, in)
		}
		last = add(block+".concat", &layers.Concat{}, outs...)
	}
	add("pool", &layers.GlobalPool{})
	add("fc", &layers.Linear{Out: 10})
	for _, p := range net.Params() {
		switch p.Node.Name {
		case "inception1.branch2.conv2":
			p.Fill(0)
		case "inception2.branch4.conv1":
			p.Fill(0.5 * float32(len(p.Axes)%2)) // the bias stays
		}
	}
	small, _, err := prune.Prune(net, prune.Options{Random: 1})
	if err != nil {
		t.Fatal(err)
	}
	return net, small
}

func TestSurvival(t *testing.T) {
	f := newFlow(branches(t))
	boxes := map[string]int{}
	for i, b := range f.boxes {
		boxes[b.name] = i
	}
	for name, want := range map[string]state{
		"inception1.branch1.conv1": alive, "inception1.branch2.conv1": gone, "inception1.branch2.conv2": gone,
		"inception2.branch4.conv1": constant, "inception2.branch4.conv2": alive, "fc": alive,
	} {
		if got := f.boxes[boxes[name]].state; got != want {
			t.Errorf("%s has state %d, expected %d", name, got, want)
		}
	}
	for _, e := range f.edges {
		from, to := f.boxes[e.from], f.boxes[e.to]
		if want := from.state != gone && to.state > constant; e.alive != want {
			t.Errorf("edge %s → %s: alive is %v", from.name, to.name, e.alive)
		}
	}
}

// A sum that lost an operand is dropped; the flow goes on through it.
func TestSurvivalThroughSum(t *testing.T) {
	d := sample(t, 8)
	s := survive(d.Network, d.Pruned)
	index := func(name string) int {
		return slices.IndexFunc(d.Network.Nodes, func(n *nn.Node) bool { return n.Name == name })
	}
	sum := index("stage1.block1.add")
	if s.states[sum] != through {
		t.Errorf("the sum has state %d", s.states[sum])
	}
	if !s.edges[[2]int{index("stage1.block1.gate_skip"), sum}] || s.edges[[2]int{index("stage1.block1.gate_residual"), sum}] {
		t.Error("the flow into the sum is wrong")
	}
}

func TestLayout(t *testing.T) {
	d := sample(t, 20)
	for name, nets := range map[string][2]*nn.Network{"resnet": {d.Network, d.Pruned}, "dense": {d.Network, d.Network}} {
		t.Run(name, func(t *testing.T) { checkLayout(t, newLayout(newFlow(nets[0], nets[1]))) })
	}
	t.Run("branches", func(t *testing.T) { checkLayout(t, newLayout(newFlow(branches(t)))) })
}

func checkLayout(t *testing.T, l *layout) {
	t.Helper()
	for _, row := range l.rows {
		for k := range row[1:] {
			a, b := l.place[row[k]], l.place[row[k+1]]
			if space := b.x - b.width/2 - a.x - a.width/2; space < gapX-1e-6 {
				t.Errorf("row %d: places %d and %d are %.1f apart", a.row, k, k+1, space)
			}
		}
	}
	for k, path := range l.paths {
		for i := range path[1:] {
			if l.place[path[i]].row+1 != l.place[path[i+1]].row {
				t.Errorf("edge %d leaps from row %d to %d", k, l.place[path[i]].row, l.place[path[i+1]].row)
			}
		}
	}
	frames := l.frames()
	if len(frames) == 0 {
		t.Error("no block has a frame")
	}
	for i, a := range frames {
		for _, b := range frames[i+1:] {
			if a.crosses(b) {
				t.Errorf("frames of %s and %s cross", a.name, b.name)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	got := spread([]float64{0, 0, 100}, []float64{0, 10, 20})
	for i, want := range []float64{-5, 5, 100} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Fatalf("positions %v", got)
		}
	}
}

func TestDiagram(t *testing.T) {
	before, after := branches(t)
	var b bytes.Buffer
	if err := Diagram(&b, before, after); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	for _, node := range before.Nodes {
		if !strings.Contains(b.String(), node.Name+" (") {
			t.Errorf("%s is not in the diagram", node.Name)
		}
	}
	for _, want := range []string{"4 → removed", "4 → constant", "16 → 12 · 8×8"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("diagram lacks %q", want)
		}
	}
	if err := Diagram(&b, nil, nil); err == nil {
		t.Error("no network gives no error")
	}
	b.Reset()
	if err := Diagram(&b, before, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), `class="box gone"`) {
		t.Error("a whole network has removed boxes")
	}
}

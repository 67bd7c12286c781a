package run

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/attack"
	"pare/config"
	"pare/layers"
	"pare/nn"
	"pare/report"
)

// digitsData are the digits, values in 0..1 or normalised.
func digitsData(t *testing.T, normalize string) *Data {
	t.Helper()
	c := parse(t, "name: test\nmodel: {type: mlp, hidden: [8]}\ntrain: {epochs: 1, batch: 64}\n"+
		"data: {dataset: digits, validation: 0, normalize: "+normalize+"}\n")
	d, err := LoadData(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// centroids is a linear network that gives a digit the class of the nearest mean of the training
// examples, with layers behind the logits.
func centroids(t *testing.T, d *Data, behind ...nn.Layer) *nn.Network {
	t.Helper()
	net, err := nn.New("test", d.Set.Task.Input, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range append([]nn.Layer{&layers.Flatten{}, &layers.Linear{Out: 10}}, behind...) {
		if err := net.Add(string(rune('a'+i)), l); err != nil {
			t.Fatal(err)
		}
	}
	x, err := d.Examples(d.Set.Train, d.Set.Train.Len())
	if err != nil {
		t.Fatal(err)
	}
	var labels []int
	if err := d.eachTarget(func(y float32) error { labels = append(labels, int(y)); return nil }); err != nil {
		t.Fatal(err)
	}
	w, b := net.Params()[0].Data(), net.Params()[1].Data()
	clear(w)
	counts := make([]float32, 10)
	for _, c := range labels {
		counts[c]++
	}
	for i, c := range labels {
		for j, v := range x[i*64:][:64] {
			w[j*10+c] += v / counts[c]
		}
	}
	for c := range 10 {
		b[c] = 0
		for j := range 64 {
			b[c] -= w[j*10+c] * w[j*10+c] / 2
		}
	}
	return net
}

func named(t *testing.T, text string) []config.Named[attack.Attack] {
	t.Helper()
	var list struct {
		Attacks []config.Named[attack.Attack] `yaml:"attacks" doc:"attacks"`
	}
	doc, err := config.ReadDocument("test", []byte("attacks: ["+text+"]"), "a list")
	if err == nil {
		err = doc.Decode(&list, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return list.Attacks
}

// For a linear network robust and certified accuracy are the closed form: margins less ε times the
// ℓ1 norm of the difference of weights, whatever the normalisation. Where no value reaches the limits of the range
// both are equal.
func TestRobustnessOfLinearNetworks(t *testing.T) {
	for _, normalize := range []string{"unit", "standard"} {
		d := digitsData(t, normalize)
		net := centroids(t, d)
		r, err := d.Attack(t.Context(), Robustness{Eps: []float64{0.1, 0}, Limit: 80, Certify: true, Unbounded: true,
			Attacks: named(t, "{apgdt: {steps: 20}}")},
			[]Version{{Name: "final", Net: net}})
		if err != nil {
			t.Fatal(err)
		}
		n := r.Networks[0]
		std := 1.0
		if normalize == "standard" {
			std = float64(d.norm.Std[0])
		}
		w, b := net.Params()[0].Data(), net.Params()[1].Data()
		v, err := d.victims(&Robustness{Limit: 80, Unbounded: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(n.Points, func(a, b report.RobustPoint) int { return int(math.Copysign(1, a.Eps-b.Eps)) }) {
			t.Fatal("points are not in order")
		}
		for _, p := range n.Points {
			right, near := 0, 0
			for i, c := range v.labels {
				least := math.Inf(1)
				for k := range 10 {
					if k == c {
						continue
					}
					m, norm := float64(b[c])-float64(b[k]), 0.0
					for j, x := range v.x[i*64:][:64] {
						diff := float64(w[j*10+c]) - float64(w[j*10+k])
						m, norm = m+diff*float64(x), norm+math.Abs(diff)
					}
					least = min(least, m-p.Eps/std*norm)
				}
				if least > 0 {
					right++
				}
				if math.Abs(least) < 1e-3 {
					near++
				}
			}
			if got := int(math.Round(p.Robust * float64(v.n))); got < right-near || got > right+near {
				t.Errorf("%s, eps %g: %d robust, the closed form has %d", normalize, p.Eps, got, right)
			}
			if got := int(math.Round(*p.Certified * float64(v.n))); got < right-near || got > right {
				t.Errorf("%s, eps %g: %d certified, the closed form has %d", normalize, p.Eps, got, right)
			}
			sum := 0.0
			for c, share := range p.ByClass {
				sum += share * float64(n.Targets[c])
			}
			if math.Abs(sum-p.Robust*float64(v.n)) > 1e-6 {
				t.Errorf("classes have %g robust examples, all have %g", sum, p.Robust*float64(v.n))
			}
		}
		if p := n.Points[0]; p.Eps != 0 || p.Robust != n.Clean || *p.Certified > n.Clean {
			t.Errorf("eps 0: %+v, clean %g", p, n.Clean)
		}
	}
}

// A network whose gradients vanish withstands attacks by gradients, not those without, and even
// where every picture is allowed.
func TestGradientMaskingWarns(t *testing.T) {
	d := digitsData(t, "unit")
	steep, flat := centroids(t, d), centroids(t, d, newKind(t, "tanh"))
	for _, net := range []*nn.Network{steep, flat} {
		for _, p := range net.Params() {
			for i := range p.Data() {
				p.Data()[i] *= 1e4 // the softmax, or the hyperbolic tangent, is flat in float32
			}
		}
	}
	r, err := d.Attack(t.Context(), Robustness{Eps: []float64{0.1}, Limit: 100, Attacks: named(t, "pgd, {square: {queries: 300}}")},
		[]Version{{Name: "steep", Net: steep}, {Name: "flat", Net: flat}})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(r.Warnings, "\n")
	for _, want := range []string{"steep network: at eps 0.1 an attack without gradients (square, ",
		"examples withstand pgd at eps 1, where every point of the range is allowed"} {
		if !strings.Contains(text, want) {
			t.Errorf("no warning with %q in %q", want, text)
		}
	}
	plain, err := d.Attack(t.Context(), Robustness{Eps: []float64{0.1}, Limit: 100, Pictures: 3}, []Version{{Name: "final", Net: centroids(t, d)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(plain.Warnings) > 0 {
		t.Errorf("a linear network warns: %q", plain.Warnings)
	}
	if shown := plain.Networks[0].Shown; len(shown) != 3 || shown[0].Class == shown[0].Predicted || len(shown[0].After) == 0 {
		t.Errorf("pictures %+v", shown)
	}
	if _, err := json.Marshal(plain); err != nil {
		t.Error(err)
	}
}

// The range of other data than images is the user's, and holds the examples; sizes beyond it are noted.
func TestRangeOfAnAttack(t *testing.T) {
	c := parse(t, "name: test\nmodel: {type: mlp, hidden: [8]}\ntrain: {epochs: 1, batch: 64}\n"+
		"data: {dataset: planted, train: 60, validation: 0, test: 40}\n")
	d, err := LoadData(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Robustness{
		"has no images, so the range of its values is unknown: give -range":    {},
		"the range of values is -0.01..0.01, but the test examples of planted": {Range: []float64{-0.01, 0.01}},
	} {
		o.Eps = []float64{0.1}
		var input *InputError
		if err := d.CheckAttack(o); !errors.As(err, &input) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", o, err, want)
		}
	}
	for _, o := range []Robustness{{Range: []float64{-100, 100}}, {Unbounded: true}} {
		if err := d.CheckAttack(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	images := digitsData(t, "unit")
	for eps, want := range map[float64]int{1: 0, 8: 1} {
		r, err := images.Attack(t.Context(), Robustness{Eps: []float64{eps}, Limit: 5}, []Version{{Name: "final", Net: centroids(t, images)}})
		if err != nil || len(r.Notes) != want {
			t.Errorf("eps %g: notes %q, %v", eps, r.Notes, err)
		}
		if want > 0 && !strings.Contains(r.Notes[0], "eps 8 is more than 1, which allows every point of the range 0..1") {
			t.Errorf("note %q", r.Notes[0])
		}
	}
}

func newKind(t *testing.T, kind string) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A network without weights decides the same everywhere: its certified radius is a number that JSON has. A
// range wider than any attack is no error.
func TestConstantNetwork(t *testing.T) {
	d := digitsData(t, "unit")
	net := centroids(t, d)
	clear(net.Params()[0].Data())
	v, err := d.victims(&Robustness{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	clear(net.Params()[1].Data())
	net.Params()[1].Data()[v.labels[0]] = 1
	wide := Robustness{Eps: []float64{0.1}, Limit: 1, Certify: true, Range: []float64{0, 1e300}}
	r, err := d.Attack(t.Context(), wide, []Version{{Net: net}})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Networks[0]; *n.Points[0].Certified != 1 || n.Radius.Median != attack.LargestEps {
		t.Errorf("certified %v, radius %v", *n.Points[0].Certified, n.Radius.Median)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// The same network before and after pruning is attacked once.
func TestSameNetworkIsAttackedOnce(t *testing.T) {
	d := digitsData(t, "unit")
	a, b := centroids(t, d), centroids(t, d)
	o := Robustness{Eps: []float64{0.1}, Limit: 20}
	r, err := d.Attack(t.Context(), o, []Version{{Name: "trained", Net: a}, {Name: "final", Net: b}})
	if err != nil || len(r.Networks) != 1 || r.Networks[0].Name != "final" || len(r.Notes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	b.Params()[0].Data()[0]++
	if r, err = d.Attack(t.Context(), o, []Version{{Name: "trained", Net: a}, {Name: "final", Net: b}}); err != nil || len(r.Networks) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Progress is of the whole work: it never falls, moves within an attack, and ends full.
func TestProgressOfAnAttack(t *testing.T) {
	d := digitsData(t, "unit")
	var last, full int64
	var parts strings.Builder
	calls := map[string]int{}
	o := Robustness{Eps: []float64{0.05, 0.1}, Limit: 60, Certify: true, Attacks: named(t, "fgsm, {standard: {steps: 3, queries: 20}}"),
		Progress: func(what string, done, total int64) {
			if full == 0 {
				full = total
			}
			if done < last || done > total || total != full {
				t.Errorf("%s: %d of %d after %d of %d", what, done, total, last, full)
			}
			last = done
			calls[strings.SplitN(what, ", ", 4)[min(2, strings.Count(what, ", "))]]++
			parts.WriteString(what + "\n")
		}}
	if _, err := d.Attack(t.Context(), o, []Version{{Name: "final", Net: centroids(t, d)}}); err != nil {
		t.Fatal(err)
	}
	if last != full || full == 0 {
		t.Errorf("ends at %d of %d", last, full)
	}
	for _, want := range []string{"final network, without an attack", "final network, eps 0.05, fgsm, ",
		"final network, eps 0.1, square, ", "final network, operator norms", "final network, eps 0.1, certifying"} {
		if !strings.Contains(parts.String(), want) {
			t.Errorf("no part %q", want)
		}
	}
	if calls["apgdt"] < 20 {
		t.Errorf("%d signs of life from apgdt", calls["apgdt"])
	}
}

package run

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"pare/datasets"
	"pare/export"
	"pare/models"
	"pare/models/torchvision"
	"pare/nn"
)

// colouredSquares writes PNG files of three classes, each mostly of one colour.
func colouredSquares(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rng := rand.New(rand.NewPCG(1, 4))
	for class, name := range []string{"blue", "green", "red"} {
		for i := range 12 {
			picture := image.NewNRGBA(image.Rect(0, 0, 16, 16))
			for p := range 256 {
				c := [3]uint8{uint8(rng.IntN(60)), uint8(rng.IntN(60)), uint8(rng.IntN(60))}
				c[2-class] += 150
				picture.Set(p%16, p/16, color.NRGBA{c[0], c[1], c[2], 255})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, picture); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name, fmt.Sprintf("%d.png", i)), b.Bytes())
		}
	}
	return dir
}

// TestPretrained: a run begins with the weights of a file, with a new last layer and the
// normalisation that these weights expect.
func TestPretrained(t *testing.T) {
	kind, err := models.Kinds.New("resnet18")
	if err != nil {
		t.Fatal(err)
	}
	m := kind.(*torchvision.ResNet)
	m.Width, m.Stem = 0.0625, "small"
	net, err := models.Build(m, models.Task{Input: nn.Shape{3, 16, 16}, Classes: 5}, rand.New(rand.NewPCG(3, 3)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := export.Save(dir, export.Model{Net: net}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "model.safetensors")
	const text = `
name: test
data: {dataset: images, validation: 0.1, test: 0.2}
model: {type: resnet18, width: 0.0625, stem: small}
train: {epochs: 0, batch: 8}
`
	sets := []string{"data.dir=" + colouredSquares(t), "model.weights=" + file}
	r := finish(t, parse(t, text, sets...))
	if want := file + ": the last layer fc has 5 outputs in the file and 3 here, so its parameters are new"; !slices.Contains(r.Warnings, want) {
		t.Errorf("warnings %q, want %q", r.Warnings, want)
	}
	model := r.model(t)
	if n := datasets.ImageNet(); !slices.Equal(model.Preprocess.Mean, n.Mean) || !slices.Equal(model.Preprocess.Std, n.Std) {
		t.Errorf("inputs are normalised by %+v", model.Preprocess)
	}
	for i, p := range model.Net.Params() {
		if q := net.Params()[i]; p.Node.Name != "fc" && p.Role == nn.RoleWeight && !slices.Equal(p.Data(), q.Data()) {
			t.Errorf("%s differs from the file", p.Full)
		}
	}
	if r := finish(t, parse(t, text, append(sets, "data.normalize=unit")...)); r.model(t).Preprocess.Mean[0] != 0 {
		t.Error("normalize: unit has no effect")
	}
	if r := finish(t, parse(t, text, sets[0], "data.normalize=imagenet")); !slices.Equal(r.model(t).Preprocess.Mean, model.Preprocess.Mean) {
		t.Error("normalize: imagenet has no effect")
	}
	refused(t, parse(t, text, append(sets, "model.width=0.125")...),
		"model.weights names "+file+", which does not fit resnet18: conv1.weight has shape [4 3 3 3] in place of [8 3 3 3]")
	grey := append(sets, "data.channels=grey")
	refused(t, parse(t, text, grey...), "conv1.weight has shape [4 3 3 3] in place of [4 1 3 3]; the file's network reads 3 channels: "+
		"make the data colour (data.channels: colour, where the dataset has it)")
	m.Stem = "imagenet"
	if net, err = models.Build(m, models.Task{Input: nn.Shape{3, 32, 32}, Classes: 5}, rand.New(rand.NewPCG(3, 3))); err != nil {
		t.Fatal(err)
	}
	large := t.TempDir()
	if err := export.Save(large, export.Model{Net: net}); err != nil {
		t.Fatal(err)
	}
	refused(t, parse(t, text, sets[0], "model.weights="+filepath.Join(large, "model.safetensors")),
		"conv1.weight has shape [4 3 7 7] in place of [4 3 3 3]; the file's first convolution is 7×7: leave out stem: small")
	refused(t, parse(t, base+perceptron, "data.normalize=imagenet"), "data.normalize: imagenet is for red, green and blue, images of digits have 1 channels")
}

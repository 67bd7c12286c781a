package app

import (
	"image"
	"image/color"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/export/safetensors"
	"pare/internal/atomicfile"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/nn/onnx"
)

// foreign is a network of images without a run, without a recipe and without names of
// classes, as other programs leave one.
func foreign(t *testing.T, channels int) export.Model {
	t.Helper()
	net, err := nn.New("foreign", nn.Shape{channels, 12, 12}, rand.New(rand.NewPCG(1, uint64(channels))))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv1", &layers.Conv{Out: 8, Kernel: layers.Square(3)}}, {"relu1", layers.ReLU()}, {"conv2", &layers.Conv{Out: 8, Kernel: layers.Square(3)}},
		{"pool", &layers.GlobalPool{}}, {"fc", &layers.Linear{Out: 4}}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return export.Model{Net: net}
}

// foreignONNX writes the network as a file.
func foreignONNX(t *testing.T, channels int) string {
	t.Helper()
	dir := t.TempDir()
	if err := export.SaveONNX(dir, foreign(t, channels)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, export.ONNXFile)
}

// Commands take an ONNX file in place of a run: it is pruned without data, and written again.
func TestSourceONNX(t *testing.T) {
	file, dir := foreignONNX(t, 3), t.TempDir()
	contains(t, succeed(t, "inspect", file), "foreign", "conv1", "8×10×10")
	upper := filepath.Join(dir, "UPPER.ONNX")
	if content, err := os.ReadFile(file); err != nil || os.WriteFile(upper, content, 0o644) != nil {
		t.Fatal("the file cannot be copied")
	}
	contains(t, succeed(t, "inspect", upper), "conv1", "8×10×10")
	if name := servedName(upper); name != "UPPER" {
		t.Errorf("it is served as %s", name)
	}
	half := filepath.Join(dir, "half")
	contains(t, succeed(t, "prune", file, "-macs", "0.5", "-importance", "magnitude", "-out", half),
		"pruned by least magnitude", "MACs", "certificate  passed", "on 64 inputs", "wrote the network to "+half)
	m, p := prunedTo(t, half)
	if p.Method != "least" || 2*p.Report.After.MACs > p.Report.Before.MACs || p.Source != file {
		t.Errorf("%+v", p.PruneRequest)
	}
	written := filepath.Join(dir, "half.onnx")
	contains(t, succeed(t, "export", half, "-onnx", written), "wrote "+written)
	if i := inspected(t, written); i.Network.Total != m.Net.Count() {
		t.Errorf("%+v, want %+v", i.Network.Total, m.Net.Count())
	}
	contains(t, succeed(t, "bench", written, "-batch", "2", "-steps", "2"), "half.onnx")
	fail(t, cli.ExitBadInput, "importance taylor needs data, and there are none; use importance magnitude",
		"prune", file, "-macs", "0.5", "-out", filepath.Join(dir, "x"))
}

// TestSourceWeights: weights alone become a network by the name of their model, with as many
// classes as they have and the normalisation that they were trained with.
func TestSourceWeights(t *testing.T) {
	const name = "mobilenet_v3_small"
	dir := t.TempDir()
	weights, half, picture := filepath.Join(dir, "w.safetensors"), filepath.Join(dir, "half"), filepath.Join(dir, "p.png")
	_, kind, err := models.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	net, err := models.Build(kind, models.Task{Input: nn.Shape{3, 32, 32}, Classes: 5}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	var file safetensors.File
	for _, p := range net.Params() {
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: p.Full, Shape: p.ExportShape(), Data: p.Export()})
	}
	if err := atomicfile.Write(weights, func(w io.Writer) error { return safetensors.Write(w, file) }); err != nil {
		t.Fatal(err)
	}
	contains(t, succeed(t, "inspect", weights, "-model", name, "-input", "32"), name, "input 3×32×32, output 5")
	contains(t, succeed(t, "prune", weights, "-model", name, "-input", "32", "-macs", "0.5", "-importance", "magnitude", "-out", half),
		"certificate  passed")
	if m, p := prunedTo(t, half); 2*p.Report.After.MACs > p.Report.Before.MACs || len(m.Preprocess.Mean) != 3 || m.Meaning() != export.OutputClasses {
		t.Errorf("%d of %d MACs, preprocessing %+v", p.Report.After.MACs, p.Report.Before.MACs, m.Preprocess)
	}
	writePNG(t, picture, image.NewRGBA(image.Rect(0, 0, 50, 40)))
	status, out, noted := pare("predict", half, picture)
	if status != 0 || !strings.Contains(noted, "stretched to 32×32 pixels, mean 0.485,0.456,0.406 and deviation 0.229,0.224,0.225 of the model") {
		t.Errorf("status %d, %s%s", status, out, noted)
	}
	file.Tensors = file.Tensors[1:]
	if err := atomicfile.Write(weights, func(w io.Writer) error { return safetensors.Write(w, file) }); err != nil {
		t.Fatal(err)
	}
	fail(t, cli.ExitBadInput, "1 of ", "inspect", weights, "-model", name, "-input", "32")
	if err := os.WriteFile(weights, []byte("PK\x03\x04 as torch.save writes"), 0o644); err != nil {
		t.Fatal(err)
	}
	fail(t, cli.ExitBadInput, "a Python pickle", "inspect", weights, "-model", name)
}

func TestSourceRefuses(t *testing.T) {
	dir, file := t.TempDir(), foreignONNX(t, 3)
	at := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := export.Save(dir, foreign(t, 3)); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(dir, export.SafetensorsFile)
	for text, args := range map[string][]string{
		"holds weights alone; name their model (-model), such as resnet50, or give " + dir: {weights},
		"w.pt holds weights alone; name their model (-model), such as resnet50\n":          {at("w.pt", "x")},
		`unknown model "alexnett"`: {weights, "-model", "alexnett"},
		`unknown model "convnext_atto"; the closest names are convnext_base, convnext_tiny, convnext_small; `: {weights, "-model", "convnext_atto"},
		"the model mlp reads no weights of other programs; resnet18":                                          {weights, "-model", "mlp"},
		"is no .safetensors file; only weights in such a file need":                                           {file, "-model", "resnet20"},
		dir + " gives the input of its network":                                                               {dir, "-input", "3x12x12"},
		dir + " is no .safetensors file":                                                                      {dir, "-names", "names.yaml"},
		`-input is "0x3"; it must be a side such as 224, or channels`:                                         {weights, "-model", "mlp", "-input", "0x3"},
		"empty.onnx: ":                      {at("empty.onnx", "")},
		"notes.txt is neither a run folder": {at("notes.txt", "x")},
		"nothing.safetensors does not exist; give a run folder, a folder with a mod": {filepath.Join(dir, "nothing.safetensors")},
	} {
		for _, c := range [][]string{{"inspect"}, {"prune", "-macs", "0.5", "-importance", "magnitude", "-out", filepath.Join(dir, "out")},
			{"export", "-onnx", filepath.Join(dir, "out.onnx")}, {"predict", "-split", "test"}, {"bench"}} {
			fail(t, cli.ExitBadInput, text, append(c, args...)...)
		}
	}
	for _, name := range []string{"out", "out.onnx"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
}

// TestPredictForeignImages: a network without a recipe reads pictures of any size, normalised as
// asked, and says how.
func TestPredictForeignImages(t *testing.T) {
	file, dir := foreignONNX(t, 3), t.TempDir()
	picture, dump := filepath.Join(dir, "p.png"), filepath.Join(dir, "in.npy")
	im := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for y := range 20 {
		for x := range 40 { // sides red, the middle blue
			c := color.RGBA{R: 255, A: 255}
			if x >= 10 && x < 30 {
				c = color.RGBA{B: 255, A: 255}
			}
			im.Set(x, y, c)
		}
	}
	writePNG(t, picture, im)
	for _, c := range []struct {
		args      []string
		note      string
		red, blue float32 // of the pixel at the left side
	}{
		{nil, "stretched to 12×12 pixels, values in 0..1 as they are; if the network was trained with means and deviations, give", 1, 0},
		{[]string{"-imagenet"}, "mean 0.485,0.456,0.406 and deviation 0.229,0.224,0.225 of ImageNet", (1 - 0.485) / 0.229, -0.406 / 0.225},
		{[]string{"-mean", "0.5", "-std", "0.25,0.5,0.5"}, "mean 0.5,0.5,0.5 and deviation 0.25,0.5,0.5 as given", 2, -1},
		{[]string{"-size", "20"}, "shorter side resized to 20, the middle 12×12 pixels, values in 0..1 as they are", 0, 1},
	} {
		status, out, noted := pare(append([]string{"predict", file, picture, "-dump-inputs", dump}, c.args...)...)
		if status != 0 || !strings.Contains(noted, c.note) || !strings.Contains(out, "examples: 1") {
			t.Fatalf("%q: status %d, %s%s", c.args, status, out, noted)
		}
		shape, x := readArray(t, dump)
		if len(x) != 3*144 || shape[1] != 3 {
			t.Fatalf("shape %v", shape)
		}
		near(t, []float32{x[0], x[2*144]}, []float32{c.red, c.blue})
	}
	for text, args := range map[string][]string{
		"-mean and -std go together":                              {"-mean", "0.5"},
		"-imagenet names means and deviations; leave -mean":       {"-imagenet", "-mean", "1", "-std", "1"},
		"-mean has 2 numbers, the network takes images of 3":      {"-mean", "1,2", "-std", "1"},
		`-std: "0" is not a number above 0`:                       {"-mean", "1", "-std", "0"},
		`-mean: "NaN" is not a number`:                            {"-mean", "NaN", "-std", "1"},
		"-size is 8, the network takes 12×12 pixels; it must not": {"-size", "8"},
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"predict", file, picture}, args...)...)
	}
	fail(t, cli.ExitBadInput, "-imagenet: it is for images of three channels", "predict", foreignONNX(t, 1), picture, "-imagenet")
	fail(t, cli.ExitBadInput, "-size: it is for images of one or three channels", "predict", foreignONNX(t, 2), picture, "-size", "20")
	fail(t, cli.ExitBadInput, "-mean: it is for files and folders", "predict", file, "-inputs", dump, "-mean", "1")
	folder, _ := tinyRun(t)
	fail(t, cli.ExitBadInput, "-mean: the model says how files become its inputs", "predict", folder, picture, "-mean", "1", "-std", "1")
}

// TestPredictONNX: outputs of a file of another program are read as classes, with names of a file,
// and a Softmax at its end does not count twice.
func TestPredictONNX(t *testing.T) {
	file, dir := foreignONNX(t, 3), t.TempDir()
	picture, labels, table := filepath.Join(dir, "p.png"), filepath.Join(dir, "names.txt"), filepath.Join(dir, "p.csv")
	im := image.NewRGBA(image.Rect(0, 0, 12, 12))
	for i := range im.Pix {
		im.Pix[i] = uint8(i * 7)
	}
	writePNG(t, picture, im)
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(labels, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("\ufeffcat\r\ncrane\ncrane\nox\n")
	status, out, noted := pare("predict", file, picture)
	const taken = "outputs: taken for the logits of 4 classes; -labels FILE gives them names, -logits shows them as they are"
	if status != 0 || !strings.Contains(noted, taken) {
		t.Errorf("status %d, %s%s", status, out, noted)
	}
	contains(t, out, "class", "probability")
	contains(t, succeed(t, "predict", file, picture, "-labels", labels, "-top", "4", "-out", table), "wrote "+table)
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(string(text), "\n")
	contains(t, rows[0], "file,class_1,probability_1,class_2")
	contains(t, rows[1], ",cat,", ",crane,", ",crane (2),", ",ox,")
	lines := strings.Split(succeed(t, "predict", file, picture, picture, "-labels", labels, "-top", "3"), "\n")
	if len(lines) != 9 || strings.Join(strings.Fields(lines[0]), " ") != "file class probability" || strings.HasPrefix(lines[1], " ") ||
		!strings.HasPrefix(lines[2], " ") || !strings.HasPrefix(lines[3], " ") || !strings.HasPrefix(lines[4], picture) {
		t.Errorf("the likely classes of two pictures: %q", lines)
	}
	for text, names := range map[string]string{
		"has 5 lines, the network has 4 outputs":                  "a\nb\nc\nd\ne\n",
		"line 2 of " + labels + " is empty":                       "a\n\nc\nd\n",
		"line 3 of " + labels + " has more than 64 KiB":           "a\nb\n" + strings.Repeat("c", 65<<10),
		labels + " has more than 16 MiB; give one name a line":    strings.Repeat("a\n", 8<<20+1),
		"has 8388608 lines, the network has 4 outputs; give one ": strings.Repeat("a\n", 8<<20),
	} {
		put(names)
		fail(t, cli.ExitBadInput, text, "predict", file, picture, "-labels", labels)
	}
	put("crane (2)\ncrane\ncrane\nox\n") // a name that looks like a number of a class
	contains(t, succeed(t, "predict", file, picture, "-labels", labels, "-top", "4"), "crane (2) (2)")
	if _, out, noted := pare("predict", file, picture, "-logits"); strings.Contains(noted+out, "outputs:") || strings.Contains(out, "prob") {
		t.Errorf("%s%s", out, noted)
	}
	ended := filepath.Join(dir, "ended.onnx")
	m, err := onnx.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	last := m.Graph.Outputs[0].Name
	m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Softmax", Name: "probabilities", Inputs: []string{last}, Outputs: []string{"p"}})
	m.Graph.Outputs[0].Name, m.Metadata = "p", nil
	if err := os.WriteFile(ended, onnx.Encode(m), 0o644); err != nil {
		t.Fatal(err)
	}
	const left = "the Softmax at the end of the file is left out"
	if _, again, noted := pare("predict", ended, picture); again != out || strings.Count(noted, left) != 1 {
		t.Errorf("%s%s, want %s", again, noted, out)
	}
	for _, args := range [][]string{{"inspect", ended}, {"export", ended, "-onnx", filepath.Join(dir, "logits.onnx")},
		{"prune", ended, "-macs", "0.5", "-importance", "magnitude", "-out", filepath.Join(dir, "half")}} {
		if status, _, noted := pare(args...); status != 0 || strings.Count(noted, left) != 1 {
			t.Errorf("%s: status %d, %s", args[0], status, noted)
		}
	}
	put("cat\ndog\n")
	fail(t, cli.ExitBadInput, "-labels: "+labels+" has 2 lines, the network has 4 outputs; give one name a line, in their order",
		"predict", file, picture, "-labels", labels)
	put("cat\n\ndog\n")
	fail(t, cli.ExitBadInput, "-labels: line 2 of "+labels+" is empty; it must be the name of class 1",
		"predict", file, picture, "-labels", labels)
	put("cat\n\xff\n")
	fail(t, cli.ExitBadInput, "-labels: line 2 of "+labels+" is not text in UTF-8", "predict", file, picture, "-labels", labels)
	fail(t, cli.ExitBadInput, "-labels: open "+dir+"/none: no such file or directory", "predict", file, picture, "-labels", dir+"/none")
	fail(t, cli.ExitBadInput, "-labels: it is for .csv and .json; .npy has logits",
		"predict", file, picture, "-labels", labels, "-out", dir+"/p.npy")
	one := foreign(t, 3)
	if err := one.Net.Add("one", &layers.Linear{Out: 1}); err != nil {
		t.Fatal(err)
	}
	if err := export.SaveONNX(dir, one); err != nil {
		t.Fatal(err)
	}
	fail(t, cli.ExitBadInput, "the network has one output, which cannot be read as classes; leave -labels and -top out",
		"predict", filepath.Join(dir, export.ONNXFile), picture, "-top", "3")
}

package app

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/config"
	"pare/datasets"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/regularize"
	"pare/run"
	"pare/train"
)

func TestList(t *testing.T) {
	o := ok(t, t.TempDir(), "-list")
	names := append(config.BuiltIn(), models.Kinds.Names()...)
	names = append(names, nn.Layers.Names()...)
	names = append(names, regularize.Penalties.Names()...)
	names = append(names, regularize.TargetNames()...)
	names = append(names, datasets.Kinds.Names()...)
	names = append(names, train.Optimizers.Names()...)
	names = append(names, layers.Losses.Names()...)
	names = append(names, train.Schedules.Names()...)
	names = append(names, "zeros", "magnitude", "random", "none")
	for _, n := range names {
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(n) + `( |$)`).MatchString(o.stdout) {
			t.Errorf("the list lacks %s", n)
		}
	}
	for _, line := range []string{
		`  mlp +multilayer perceptron`,
		`    hidden +neurons of each hidden layer \[at least 1; default \[300, 100\]\]`,
		`    activation +of the feed-forward layers; .* \[relu, gelu, silu, reglu, geglu or swiglu; default relu\]`,
		`    gates.skip +gates on skips \[default true\]`,
		`    modules +modules one behind the other; .* out$`,
		`    kernel +side of the kernel, or \[height, width\]; left out: 3 \[at least 1\]`,
		`    lr +learning rate \[above 0; default 0.001\]`,
		`    window +characters of an example; left out: 64 \[at least 1\]`,
		`options of every penalty\n  type `,
		`  augment.flip +mirror left and right`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(o.stdout) {
			t.Errorf("the list lacks a line %q", line)
		}
	}
	for line := range strings.Lines(o.stdout) {
		if strings.TrimRight(line, " \n")+"\n" != line && line != "\n" {
			t.Errorf("spaces end the line %q", line)
		}
	}
	if o.stderr != "" {
		t.Errorf("stderr: %s", o.stderr)
	}
}

func TestHelp(t *testing.T) {
	o := ok(t, t.TempDir(), "-help")
	for _, f := range []string{"-config", "-set", "-resume", "-init", "-dry-run", "-list", "-quiet", "-out"} {
		if !strings.Contains(o.stdout, "  "+f) {
			t.Errorf("the help lacks %s", f)
		}
	}
	if o.stderr != "" {
		t.Errorf("stderr: %s", o.stderr)
	}
}

func TestInit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range config.BuiltIn() {
		o := ok(t, dir, "-init", name)
		file := name + ".yaml"
		if want := "wrote " + file + "; run it with: train -config " + file + "\n"; o.stdout != want {
			t.Errorf("it prints %q, want %q", o.stdout, want)
		}
		written, err := config.Parse(file, []byte(read(t, dir, file))) // paths as they are written
		if err != nil {
			t.Fatal(err)
		}
		builtIn, err := config.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !written.Equal(builtIn) || !strings.HasPrefix(read(t, dir, file), "# ") {
			t.Errorf("%s is not the built-in config with its comments", file)
		}
	}
	write(t, filepath.Join(dir, "mine.yaml"), "mine")
	bad(t, dir, []string{"-init", "resnet", "mine.yaml"}, "mine.yaml exists")
	if read(t, dir, "mine.yaml") != "mine" {
		t.Error("the file was overwritten")
	}
	ok(t, dir, "-init", "resnet.yaml", "other.yaml")
	if read(t, dir, "other.yaml") != read(t, dir, "resnet.yaml") {
		t.Error("-init resnet.yaml is not -init resnet")
	}
}

// Configs for data of one's own are written with their comments, and name a dataset.
func TestInitForms(t *testing.T) {
	dir := t.TempDir()
	for _, name := range config.Forms() {
		o := ok(t, dir, "-init", name)
		if !strings.Contains(o.stdout, "wrote "+name+".yaml; name your files in its section data") {
			t.Errorf("it prints %q", o.stdout)
		}
		c, err := config.Load(filepath.Join(dir, name+".yaml"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != name || !strings.HasPrefix(read(t, dir, name+".yaml"), "# Your own ") {
			t.Errorf("%s is %+v", name, c)
		}
	}
	for _, class := range []string{"a", "b"} {
		for i := range 40 {
			var b bytes.Buffer
			if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 20+i, 24))); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "images", class, fmt.Sprint(i)+".png"), b.String())
		}
	}
	o := ok(t, dir, "-config", "images.yaml", "-dry-run")
	if !strings.Contains(o.stdout, "16×32×32") { // channels of the first layer, height and width
		t.Errorf("it prints %s", o.stdout)
	}
}

func TestDryRun(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	before := tree(t, dir)
	o := ok(t, dir, "-config", "small.yaml", "-dry-run", "-set", "model.layers.1.linear.out=12")
	want := []string{
		"layer kind reads output params MACs",
		"flatten1 flatten input 64 0 0",
		"hidden linear flatten1 12 780 768",
		"relu1 relu hidden 12 0 0",
		"out linear relu1 10 130 120",
		"total 910 888",
	}
	var got []string
	for line := range strings.Lines(o.stdout) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it prints\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if tree(t, dir) != before {
		t.Error("it wrote files")
	}
}

// TestOverrides: the run folder has the config as used.
func TestOverrides(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	ok(t, dir, "-config", "small.yaml", "-quiet", "-set", "train.epochs=1", "-set", "name=other",
		"-set", "penalties.0.lambda=0.5", "-set", "train.epochs=3", "-set", "finetune=null", "-set", "penalties.0.layers=hid*")
	c, err := config.Load(filepath.Join(dir, "runs/other/config.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Train.Epochs != 3 || c.Penalties[0].Lambda != 0.5 || c.Finetune != nil || c.Penalties[0].Layers[0] != "hid*" {
		t.Errorf("the config as used is\n%s", c.YAML())
	}
	if n := strings.Count(read(t, dir, "runs/other/metrics.jsonl"), "\n"); n != 3 {
		t.Errorf("%d epochs were logged, want 3", n)
	}
}

// TestPlainOutput: where there is no terminal the output is lines without
// control characters, messages on stdout and progress on stderr.
// TestQuietWarns: -quiet silences no warning.
func TestQuietWarns(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	o := ok(t, dir, "-config", "small.yaml", "-out", "run", "-quiet", "-set", "penalties.0.lambda=100", "-set", "finetune=null")
	oneLine(t, o, "train: warning: the output no longer depends on the input; lower lambda")
	if o.stdout != "" {
		t.Errorf("prints %q", o.stdout)
	}
	for _, file := range []string{"summary.json", "report.html"} {
		if !strings.Contains(read(t, filepath.Join(dir, "run"), file), "the output no longer depends on the input") {
			t.Errorf("%s lacks the warning", file)
		}
	}
}

func TestPlainOutput(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	o := ok(t, dir, "-config", "small.yaml", "-out", "run")
	for _, text := range []string{o.stdout, o.stderr} {
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }); i >= 0 {
			t.Errorf("control character %q in %q", text[i], text)
		}
	}
	number := `[0-9.e+-]+`
	for i, want := range []string{"train epoch 1/2", "train epoch 2/2", "finetune epoch 1/1"} {
		pattern := `^` + want + `  val accuracy ` + number + `%  MACs left ` + number + `%  [0-9.]+m?s$`
		if lines := o.lines(); len(lines) != 3 || !regexp.MustCompile(pattern).MatchString(lines[i]) {
			t.Fatalf("line %d of %q does not match %s", i+1, lines, pattern)
		}
	}
	for _, want := range []string{"run folder: run\n", "data: digits, 64 training, 20 validation and 40 test examples of 1×8×8, 10 classes\n",
		"network: small, 610 parameters, 592 multiply-accumulates\n", "correct before and after\n", "\nsummary: run/summary.json\nsee run/report.html\n"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, o.stdout)
		}
	}
	for _, f := range []string{run.ConfigFile, run.MetricsFile, run.SummaryFile, run.ReportFile, run.DiagramFile,
		"model.safetensors", "architecture.json", "model.onnx"} {
		if info, err := os.Stat(filepath.Join(dir, "run", f)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	if quiet := ok(t, dir, "-config", "small.yaml", "-out", "quiet", "-quiet"); quiet.stdout+quiet.stderr != "" {
		t.Errorf("-quiet prints %q, %q", quiet.stdout, quiet.stderr)
	}
}

// A failure to print is no success.
func TestStandardOutputIsFull(t *testing.T) {
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer disk.Close()
	for _, args := range [][]string{{"-list"}, {"version"}, {"-h"}, {"help"}, {"-schema"}} {
		cmd := command(t.TempDir(), args...)
		var errs strings.Builder
		cmd.Stdout, cmd.Stderr = disk, &errs
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != cli.ExitFailed || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("train %q: status %d, %s", args, got, &errs)
		}
	}
}

package run

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"pare/export"
	"pare/internal/option"
	"pare/models"
	"pare/nn"
)

// SourceOptions say how OpenSource reads files of other programs. The zero value is for all
// sources that need no more than their path.
type SourceOptions struct {
	Model string // whose weights a .safetensors file holds, such as resnet50
	Names string // file that translates the names of the weights; "": they are the model's
	// Input is the shape of an example, channels first, of weights (nil: 3×224×224) and of an
	// ONNX file that leaves it open.
	Input nn.Shape
}

// imageNetInput is the input of the networks of ImageNet.
var imageNetInput = nn.Shape{3, 224, 224}

// weightsReader is implemented by models whose parameters may come from a file.
type weightsReader interface {
	models.Model
	Use(weights, names string)
	// Outputs is the number of outputs that the network has in the file.
	Outputs(input nn.Shape) (int, error)
}

// normalizer is implemented by models whose weights were trained on images with these means
// and deviations of values in 0..1; nil: not known.
type normalizer interface {
	Normalization() (mean, std []float32)
}

// isWeights reports whether a path names a file of weights: safetensors, or a pickle, whose
// error says how to convert it.
func isWeights(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors", ".pt", ".pth", ".bin", ".pkl", ".ckpt":
		return true
	}
	return false
}

// OpenSource is OpenArtifact for files of weights, too.
func OpenSource(path string, o SourceOptions) (*Artifact, error) {
	info, err := os.Stat(path)
	file := err == nil && !info.IsDir() && isWeights(path)
	switch {
	case file && o.Model == "":
		return nil, &InputError{fmt.Errorf("%s holds weights alone; name their model (-model), such as resnet50%s",
			path, besideWeights(path))}
	case file:
		a := &Artifact{Path: path, Kind: KindWeights, options: o}
		return a, o.check()
	case err == nil && (o.Model != "" || o.Names != ""):
		return nil, &InputError{fmt.Errorf("%s is no .safetensors file; only weights in such a file need a model and its names", path)}
	}
	a, err := OpenArtifact(path)
	if err == nil && a.Kind != KindONNX && o.Input != nil {
		return nil, &InputError{fmt.Errorf("%s gives the input of its network; only files of other programs leave it open", path)}
	}
	if err == nil {
		a.options = o
	}
	return a, err
}

// besideWeights points to the architecture in the same folder, if there is one.
func besideWeights(path string) string {
	dir := filepath.Dir(path)
	if filepath.Base(path) == export.SafetensorsFile && exists(filepath.Join(dir, export.ArchitectureFile)) {
		return fmt.Sprintf(", or give %s, which has their architecture, too", dir)
	}
	return ""
}

func (o SourceOptions) check() error {
	_, err := o.model()
	return err
}

// model is the model that the options name.
func (o SourceOptions) model() (weightsReader, error) {
	_, m, err := models.Preset(o.Model)
	if err != nil {
		return nil, &InputError{err}
	}
	w, ok := m.(weightsReader)
	if !ok {
		return nil, &InputError{fmt.Errorf("the model %s reads no weights of other programs; resnet18, mobilenet_v2 and the others of docs/pretrained.md do",
			o.Model)}
	}
	return w, nil
}

// loadWeights is the network of a model with the parameters of a file, with as many classes as
// the file has.
func loadWeights(path string, o SourceOptions) (export.Model, error) {
	w, err := o.model()
	if err != nil {
		return export.Model{}, err
	}
	input := o.Input
	if input == nil {
		input = imageNetInput
	}
	w.Use(path, o.Names)
	if err := option.Check(w); err != nil {
		return export.Model{}, &InputError{err}
	}
	classes, err := w.Outputs(input)
	if err != nil {
		return export.Model{}, &InputError{err}
	}
	net, err := models.Build(w, models.Task{Input: input, Classes: classes}, rand.New(rand.NewPCG(0, 0)))
	if err != nil {
		return export.Model{}, &InputError{err}
	}
	m := export.Model{Net: net, Outputs: export.OutputClasses}
	if n, ok := w.(normalizer); ok {
		m.Preprocess.Mean, m.Preprocess.Std = n.Normalization()
	}
	return m, nil
}

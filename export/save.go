package export

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pare/export/safetensors"
	"pare/internal/atomicfile"
	"pare/nn"
)

// Names of the files in a folder.
const (
	SafetensorsFile  = "model.safetensors"
	ArchitectureFile = "architecture.json"
	ONNXFile         = "model.onnx"
)

// fingerprintKey is the metadata entry of the weights that names the
// architecture they were written with.
const fingerprintKey = "pare.architecture_sha256"

// Save writes model.safetensors and architecture.json into dir, which is made if
// there is none. Where it fails, both files are as they were before.
func Save(dir string, m Model) error {
	if err := m.save(dir); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func (m Model) save(dir string) error {
	doc, text, err := m.encode()
	if err != nil {
		return err
	}
	print, err := doc.fingerprint()
	if err != nil {
		return err
	}
	file := safetensors.File{Metadata: map[string]string{fingerprintKey: print}}
	for _, p := range m.Net.Params() {
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: p.Full, Shape: p.ExportShape(), Data: p.Export()})
	}
	if err := makeFolder(dir); err != nil {
		return err
	}
	// The large file is written while the small one waits under a temporary name: if it
	// fails, for example on a full disk, neither is replaced.
	var weightsErr error
	err = atomicfile.Write(filepath.Join(dir, ArchitectureFile), func(w io.Writer) error {
		if _, err := w.Write(text); err != nil {
			return err
		}
		weightsErr = atomicfile.Write(filepath.Join(dir, SafetensorsFile), func(w io.Writer) error {
			return safetensors.Write(w, file)
		})
		return weightsErr
	})
	return cmp.Or(weightsErr, err) // weightsErr does not have the name of the other file in front
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the folder cannot be made: %w", err)
	}
	return nil
}

// Load reads the files of Save. Missing, unknown and mis-shaped tensors, unknown
// fields and weights that belong to another architecture are errors.
// Weights without the metadata of this package, saved by another program, are
// accepted if names and shapes fit.
func Load(dir string) (Model, error) {
	m, err := load(dir)
	if err != nil {
		return Model{}, fmt.Errorf("load model: %w", err)
	}
	return m, nil
}

func load(dir string) (Model, error) {
	path := filepath.Join(dir, ArchitectureFile)
	text, err := ReadArchitecture(path)
	if err != nil {
		return Model{}, err
	}
	doc, m, err := parseModel(text)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", path, err)
	}
	path = filepath.Join(dir, SafetensorsFile)
	f, err := os.Open(path)
	if err != nil {
		return Model{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Model{}, err
	}
	file, err := safetensors.Read(f, info.Size())
	if err == nil {
		err = m.takeWeights(doc, file)
	}
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// ReadArchitecture reads the text of an architecture.json; a file larger than any network
// needs is an error.
func ReadArchitecture(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%s: it has more than %d MiB, as no architecture has", path, maxDocument>>20)
	}
	return text, nil
}

// takeWeights sets the parameters from a file that must hold them and nothing
// else.
func (m Model) takeWeights(doc document, file *safetensors.File) error {
	tensors := map[string]weights{}
	for _, t := range file.Tensors {
		tensors[t.Name] = weights{t.Shape, t.Data}
	}
	if err := importParams(m.Net, tensors); err != nil {
		return err
	}
	for _, p := range m.Net.Params() {
		delete(tensors, p.Full)
	}
	for _, t := range file.Tensors {
		if _, extra := tensors[t.Name]; extra {
			return fmt.Errorf("tensor %q of shape %v is no parameter of the architecture", t.Name, t.Shape)
		}
	}
	print, err := doc.fingerprint()
	if err != nil {
		return err
	}
	if want, ok := file.Metadata[fingerprintKey]; ok && want != print {
		return fmt.Errorf("the weights were saved with another architecture than the %s beside them; take both from one run", ArchitectureFile)
	}
	return nil
}

// weights is a tensor of a file, in C order.
type weights struct {
	shape []int
	data  []float32
}

// importParams sets every parameter of the network from the tensor of its
// name. It reports the first one that is missing, has another shape, or a value
// that is not finite.
func importParams(net *nn.Network, tensors map[string]weights) error {
	for _, p := range net.Params() {
		t, ok := tensors[p.Full]
		if !ok {
			return fmt.Errorf("tensor %s is missing; the architecture needs it with shape %v", p.Full, p.ExportShape())
		}
		if !nn.Shape(t.shape).Equal(p.ExportShape()) {
			return fmt.Errorf("tensor %s has shape %v, the architecture needs %v", p.Full, t.shape, p.ExportShape())
		}
		if err := checkFinite(t.data); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Full, err)
		}
		if err := p.Import(t.shape, t.data); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Full, err)
		}
	}
	return nil
}

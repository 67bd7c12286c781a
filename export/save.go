package export

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pare/export/safetensors"
	"pare/internal/atomicfile"
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
	if err := m.check(); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	doc, err := m.document()
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	text, err := doc.encode()
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	print, err := doc.fingerprint()
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	file := safetensors.File{Metadata: map[string]string{fingerprintKey: print}}
	for _, p := range m.Net.Params() {
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: p.Full, Shape: p.ExportShape(), Data: p.Export()})
	}
	if err := makeFolder(dir); err != nil {
		return err
	}
	// The large file is written while the small one waits under a temporary name:
	// if it fails, for want of space say, neither is replaced.
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
	if weightsErr != nil {
		err = weightsErr // without the name of the other file in front
	}
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save model: the folder cannot be made: %w", err)
	}
	return nil
}

// Load reads what Save wrote. Missing, unknown and mis-shaped tensors, unknown
// fields and weights that belong to another architecture are errors.
// Weights without the metadata of this package, saved by another program, are
// accepted if names and shapes fit.
func Load(dir string) (Model, error) {
	path := filepath.Join(dir, ArchitectureFile)
	text, err := ReadArchitecture(path)
	if err != nil {
		return Model{}, fmt.Errorf("load model: %w", err)
	}
	doc, err := parseDocument(text)
	if err != nil {
		return Model{}, fmt.Errorf("load model: %s: %w", path, err)
	}
	m, err := doc.model()
	if err != nil {
		return Model{}, fmt.Errorf("load model: %s: %w", path, err)
	}
	path = filepath.Join(dir, SafetensorsFile)
	file, err := readSafetensors(path)
	if err != nil {
		return Model{}, fmt.Errorf("load model: %w", err)
	}
	if err := m.takeWeights(doc, file); err != nil {
		return Model{}, fmt.Errorf("load model: %s: %w", path, err)
	}
	return m, nil
}

// ReadArchitecture reads the text of an architecture.json; one that is larger than
// any network's is an error.
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

func readSafetensors(path string) (*safetensors.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := safetensors.Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
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

// Package pare trains sparse neural networks, makes them smaller without a change of their
// function, and reads networks of other programs: the front door to the packages below.
//
//	model, err := pare.Load("resnet50.onnx", pare.LoadOptions{})
//	small, report, err := pare.Prune(ctx, model, pare.PruneOptions{MACs: 0.5, Importance: "magnitude"}, nil)
//	err = pare.Export(small, "half.onnx")
//
// Ten names: [Load] and [LoadOptions], [Train] and [TrainOptions], [Prune] and [PruneOptions],
// [Predict], [Export], [Model] and [Data]. The zero value of options means the defaults of the
// commands. Errors are values of one line; run.IsInput tells those that the input is to blame
// for.
package pare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/fault"
	"pare/run"
)

// Model is a network, Net, with the facts that its users need: how inputs are normalised, the
// meaning of its outputs and their names.
type Model = export.Model

// LoadOptions name the model of a file of weights and its input. The zero value is for all
// other files and folders.
type LoadOptions = run.SourceOptions

// Load reads a network: of a run folder, the one at the end of the run (of RUN/trained, the one
// before pruning); of a folder with model.safetensors and architecture.json; of an .onnx file;
// or of a .safetensors file with the weights of LoadOptions.Model.
func Load(path string, o LoadOptions) (m Model, err error) {
	defer fault.Recover(&err)
	if path == "" {
		return Model{}, &run.InputError{Err: errors.New("the path to read is empty")}
	}
	a, err := run.OpenSource(path, o)
	if err != nil {
		return Model{}, err
	}
	return a.Final()
}

// errNoContext is the error of a call without a context.
var errNoContext = &run.InputError{Err: errors.New("the context is nil; context.Background() never ends")}

// whole refuses a call without a context or a network.
func whole(ctx context.Context, m Model) error {
	switch {
	case ctx == nil:
		return errNoContext
	case m.Net == nil || len(m.Net.Nodes) == 0:
		return &run.InputError{Err: errors.New("the model has no network, or one without layers")}
	}
	return nil
}

// Export writes a network: to an ONNX file where path ends in .onnx, else to a folder, as
// model.safetensors and architecture.json. Load reads both. The folder is made if there is
// none; files are replaced whole.
func Export(m Model, path string) (err error) {
	defer fault.Recover(&err)
	if path == "" {
		return &run.InputError{Err: errors.New("the path to write to is empty")}
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".onnx":
		return atomicfile.Write(path, func(w io.Writer) error { return export.WriteONNX(w, m) })
	case ".safetensors", ".pt", ".pth":
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return &run.InputError{Err: fmt.Errorf("%s: weights alone are no network; give a folder, or a file that ends in .onnx", path)}
		}
	}
	return run.SaveModel(path, m)
}

package run

import (
	"pare/export"
	"pare/nn"
)

// export writes the final network in the formats that the config asks for.
func (r *runner) export(net *nn.Network) error {
	m := r.model(net)
	if r.c.Export.Safetensors {
		if err := export.Save(string(r.folder), m); err != nil {
			return err
		}
	}
	if r.c.Export.ONNX {
		return export.SaveONNX(string(r.folder), m)
	}
	return nil
}

// LoadModel reads the network of a finished run: the exported one, or the
// pruned or trained one when nothing newer is there.
func LoadModel(f Folder) (export.Model, error) {
	for _, dir := range []string{"", prunedDir, trainedDir} {
		if exists(f.path(dir, export.ArchitectureFile)) {
			m, err := export.Load(f.path(dir))
			if err != nil {
				return m, &InputError{err}
			}
			return m, nil
		}
	}
	return export.Model{}, &InputError{errNoModel(f)}
}

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

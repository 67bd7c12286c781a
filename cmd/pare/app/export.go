package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/run"
)

// exportCommand writes the final network of a source elsewhere.
var exportCommand = command{
	name: "export",
	args: "SOURCE [-onnx FILE] [-safetensors DIR]",
	doc:  "writes a network as ONNX or as safetensors",
	examples: []string{
		"pare export runs/resnet -onnx resnet.onnx",
		"pare export runs/resnet -safetensors model",
		"pare export resnet50.safetensors -model resnet50 -onnx resnet50.onnx",
	},
	run: runExport,
}

func runExport(_ context.Context, f *flags) error {
	onnx := f.String("onnx", "", "ONNX `FILE` to write")
	safetensors := f.String("safetensors", "", "folder `DIR` for model.safetensors and architecture.json; created if missing")
	source := f.source()
	pos, err := f.parse("SOURCE")
	if err != nil {
		return err
	}
	if *onnx == "" && *safetensors == "" {
		return cli.InputError("nothing to write; give -onnx FILE, -safetensors DIR or both")
	}
	for _, err := range []error{writable(*onnx), cli.OutputFile("-onnx", *onnx, ".onnx"), cli.OutputFolder("-safetensors", *safetensors)} {
		if err != nil {
			return err
		}
	}
	a, m, err := source.final(pos[0])
	if err != nil {
		return err
	}
	if *safetensors != "" {
		// Into a folder of the network's own or one that holds no other.
		if !sameFile(a.Path, *safetensors) {
			if err := run.FreeFolder(*safetensors); err != nil {
				return err
			}
		}
		if err := run.SaveModel(*safetensors, m); err != nil {
			return err
		}
		fmt.Fprintf(f.stdout, "wrote %s and %s\n", filepath.Join(*safetensors, export.SafetensorsFile),
			filepath.Join(*safetensors, export.ArchitectureFile))
	}
	if *onnx != "" {
		if err := atomicfile.Write(*onnx, func(w io.Writer) error { return export.WriteONNX(w, m) }); err != nil {
			return err
		}
		fmt.Fprintf(f.stdout, "wrote %s\n", *onnx)
	}
	return nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

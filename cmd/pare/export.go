package main

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

// exportCommand writes the final network of a run elsewhere.
type exportCommand struct{}

var _ command = exportCommand{}

func (exportCommand) name() string { return "export" }
func (exportCommand) args() string { return "RUN [-onnx FILE] [-safetensors DIR]" }
func (exportCommand) doc() string  { return "writes the final network as ONNX or as safetensors" }

func (exportCommand) examples() []string {
	return []string{
		"pare export runs/resnet -onnx resnet.onnx",
		"pare export runs/resnet -safetensors model",
	}
}

func (c exportCommand) run(_ context.Context, args []string, stdout, _ io.Writer) error {
	f := newFlags(c)
	onnx := f.String("onnx", "", "ONNX `FILE` to write")
	safetensors := f.String("safetensors", "", "folder `DIR` for model.safetensors and architecture.json; created if missing")
	pos, err := f.parse(args, stdout, "RUN")
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
	a, err := run.OpenArtifact(pos[0])
	if err != nil {
		return err
	}
	m, err := a.Final()
	if err != nil {
		return err
	}
	if *safetensors != "" {
		if err := c.save(a, *safetensors, m); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "wrote %s and %s\n", filepath.Join(*safetensors, export.SafetensorsFile), filepath.Join(*safetensors, export.ArchitectureFile))
	}
	if *onnx != "" {
		if err := atomicfile.Write(*onnx, func(w io.Writer) error { return export.WriteONNX(w, m) }); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "wrote %s\n", *onnx)
	}
	return nil
}

// save writes into a folder of the network's own or one that holds no other.
func (exportCommand) save(a *run.Artifact, dir string, m export.Model) error {
	if !sameFile(a.Path, dir) {
		if err := run.FreeFolder(dir); err != nil {
			return err
		}
	}
	return run.SaveModel(dir, m)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

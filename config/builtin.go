package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/configs"
	"pare/internal/atomicfile"
)

// BuiltIn lists the names of the configs that are part of the program.
func BuiltIn() []string {
	files, err := fs.Glob(configs.FS, "*.yaml")
	if err != nil {
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	slices.Sort(files)
	return files
}

// Describe is what a built-in config says of itself in a line; empty for a name
// that is none.
func Describe(name string) string {
	data, err := builtInFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(strings.TrimLeft(line, "#"))
}

// Init writes a built-in config, with its comments, to a new file to start
// from. It is an error when dest exists.
func Init(name, dest string) error {
	known := builtInName(name)
	if known == "" {
		return fmt.Errorf("there is no built-in config %q%s", name, hint(name, "built-in configs", "", BuiltIn()))
	}
	data, err := builtInFile(known)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dest); err == nil {
		return fmt.Errorf("%s exists and is left as it is; choose another name or remove it", dest)
	}
	return atomicfile.WriteBytes(dest, data)
}

// builtInName is the built-in config that a path stands for, or empty.
func builtInName(path string) string {
	name := filepath.ToSlash(filepath.Clean(path))
	name = strings.TrimSuffix(strings.TrimPrefix(name, "configs/"), ".yaml")
	if slices.Contains(BuiltIn(), name) {
		return name
	}
	return ""
}

func builtInFile(name string) ([]byte, error) {
	data, err := configs.FS.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("built-in config %s: %w", name, err)
	}
	return data, nil
}

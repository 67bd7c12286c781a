package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// Load reads a config file. A name that is no file but that of a built-in
// config ("resnet", "resnet.yaml", "configs/resnet.yaml") is that config. sets
// are overrides in the order in which they apply, such as "train.epochs=3" or
// "penalties.0.lambda=1e-3"; their values are YAML.
func Load(pathOrName string, sets []string) (*Config, error) {
	data, err := readFile(pathOrName)
	if err == nil {
		return parse(pathOrName, data, sets)
	}
	if name := builtInName(pathOrName); name != "" {
		data, err := builtInFile(name)
		if err != nil {
			return nil, err
		}
		return parse("configs/"+name+".yaml", data, sets)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{File: pathOrName, Msg: "there is no such file" +
			hint(strings.TrimSuffix(pathOrName, ".yaml"), "built-in configs", "", BuiltIn())}
	}
	return nil, &Error{File: pathOrName, Msg: fmt.Sprintf("the file cannot be read: %v", err)}
}

// readFile reads no more of a file than tells that it is too long.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads a config from memory; file names it in errors and gives the name
// of the run when the config has none.
func Parse(file string, data []byte) (*Config, error) { return parse(file, data, nil) }

func parse(file string, data []byte, sets []string) (*Config, error) {
	root, err := read(data, func(line, col int) at { return at{file, line, col} })
	if err != nil {
		return nil, err
	}
	switch {
	case root.kind == null && root.missing:
		return nil, root.at.errorf("the config is empty")
	case root.kind != section:
		return nil, root.at.errorf("a config is a section of keys, got %s", root)
	}
	for _, s := range sets {
		if err := root.set(s); err != nil {
			return nil, err
		}
	}
	inherit(root)
	c := defaults()
	c.Name = runName(file)
	if err := decode(root, reflect.ValueOf(c).Elem(), "", rules{}); err != nil {
		return nil, err
	}
	c.root = root
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// Errorf makes an *Error that points to the value at a dotted path, such as
// "data.dataset" or "penalties.0.layers", or to the nearest section of the file.
func (c *Config) Errorf(path, format string, args ...any) error {
	return c.place(path).errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

// Locate makes of an error about the section at a dotted path an *Error that
// points to it. When the message begins with a key of the section and a colon
// it points to that key. An *Error stays as it is, and nil is nil.
func (c *Config) Locate(path string, err error) error {
	var located *Error
	if err == nil || errors.As(err, &located) {
		return err
	}
	key, rest, ok := strings.Cut(err.Error(), ": ")
	if ok && c.root != nil {
		if n, _ := c.root.find(path); n.get(key) != nil {
			return c.Errorf(join(path, key), "%s", rest)
		}
	}
	return c.Errorf(path, "%s", err)
}

func (c *Config) place(path string) at {
	if c.root == nil { // not parsed
		return at{file: "config"}
	}
	return c.root.place(path)
}

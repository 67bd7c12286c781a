package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"pare/configs"
	"pare/internal/atomicfile"
	"pare/internal/option"
	"pare/models"
)

// Load reads a config file. If there is no file of that name, Load reads the built-in
// config of the name ("resnet", "resnet.yaml", "configs/resnet.yaml"). sets are overrides
// in the order in which they apply, such as "train.epochs=3" or "penalties.0.lambda=1e-3";
// their values are YAML. Relative paths of data in a file start at its folder, others at the
// working directory; a file or run that the model or a teacher is read from may also be given from
// there.
func Load(pathOrName string, sets []string) (*Config, error) {
	file, data, builtIn, err := Text(pathOrName, "configs", BuiltIn())
	if err != nil {
		return nil, err
	}
	c, err := parse(file, data, sets)
	if err == nil && !builtIn {
		c.resolve(filepath.Dir(file))
	}
	return c, err
}

// Text is the text of the file that Load reads, of a config or a sweep, and its name in
// messages. An error names the built-in ones of the kind, such as "configs".
func Text(pathOrName, kind string, builtIns []string) (file string, data []byte, builtIn bool, err error) {
	if data, err = readFile(pathOrName); err == nil {
		return pathOrName, data, false, nil
	}
	if name := builtInName(pathOrName); name != "" {
		data, err := builtInFile(name)
		return "configs/" + name + ".yaml", data, true, err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, false, &Error{File: pathOrName, Msg: "there is no such file" +
			hint(strings.TrimSuffix(pathOrName, ".yaml"), "built-in "+kind, "", builtIns)}
	}
	return "", nil, false, &Error{File: pathOrName, Msg: fmt.Sprintf("the file cannot be read: %v", err)}
}

// readFile reads a file, but stops once the file is too long.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads a config from memory; file names it in errors and gives the name
// of the run when the config has none. sets are overrides as in Load; paths are taken as they are.
func Parse(file string, data []byte, sets ...string) (*Config, error) { return parse(file, data, sets) }

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
	if root.get("methods") != nil && root.get("config") != nil {
		return nil, &Error{File: file, Msg: "this is a sweep of many runs; run it with: pare sweep run " + file}
	}
	for _, s := range sets {
		if err := root.set(s); err != nil {
			return nil, err
		}
	}
	inherit(root)
	c := defaults()
	c.Name = runName(file)
	if err := decode(root, reflect.ValueOf(c).Elem(), "", option.Rules{}); err != nil {
		return nil, err
	}
	c.root = root
	for i := range c.Penalties {
		if err := c.Penalties[i].Complete(); err != nil {
			return nil, c.Locate(fmt.Sprintf("penalties.%d", i), err)
		}
	}
	if l, ok := c.Model.Kind.(*models.List); ok {
		l.Name = c.Name
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// WithData returns the config with another text for an option of its data. A dataset
// without the option is an *Error.
func (c *Config) WithData(key, value string) (*Config, error) {
	again, err := parse("config", c.YAML(), []string{"data." + key + "=" + quote(value)})
	var fault *Error
	if errors.As(err, &fault) {
		return nil, c.place("data").errorf("%s", fault.Msg)
	}
	out := *c
	out.Data = again.Data
	return &out, nil
}

// Errorf makes an *Error that points to the value at a dotted path, such as
// "data.dataset" or "penalties.0.layers", or to the nearest section of the file.
func (c *Config) Errorf(path, format string, args ...any) error {
	return c.place(path).errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

// Locate turns an error about the section at a dotted path into an *Error that points to
// the section, or to its key if an *option.Error or the beginning of the message names one.
// An *Error and nil are returned unchanged.
func (c *Config) Locate(path string, err error) error {
	if c.root != nil {
		if n, _ := c.root.find(path); n != nil {
			return n.locate(path, err)
		}
	}
	var located *Error
	if err == nil || errors.As(err, &located) {
		return err
	}
	return c.Errorf(path, "%s", err)
}

// locate is Locate for the section n.
func (n *node) locate(path string, err error) error {
	var located *Error
	if err == nil || errors.As(err, &located) {
		return err
	}
	var fault *option.Error
	if errors.As(err, &fault) {
		return n.place(fault.Key).errorf("%s %s", option.Join(path, fault.Key), fault.Text)
	}
	if key, rest, ok := strings.Cut(err.Error(), ": "); ok && n.get(key) != nil {
		path, err = option.Join(path, key), errors.New(rest)
		return n.place(key).errorf("%s: %s", path, err)
	}
	return n.at.errorf("%s: %s", path, err)
}

func (c *Config) place(path string) at {
	if c.root == nil { // not parsed
		return at{file: "config"}
	}
	return c.root.place(path)
}

// BuiltIn lists the names of the configs that are part of the program.
func BuiltIn() []string {
	return slices.DeleteFunc(names("*.yaml"), func(name string) bool { return strings.HasPrefix(name, sweepPrefix) })
}

// BuiltInSweeps lists the names of the sweeps that are part of the program.
func BuiltInSweeps() []string { return names(sweepPrefix + "*.yaml") }

const sweepPrefix = "sweep-"

// Forms lists the names of the configs for data of one's own, which Init writes.
func Forms() []string { return names("forms/*.yaml") }

func names(pattern string) []string {
	files, err := fs.Glob(configs.FS, pattern)
	if err != nil {
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	slices.Sort(files)
	return files
}

// Describe is the first line of a built-in config, which describes it; empty for other
// names.
func Describe(name string) string {
	data, err := builtInFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(strings.TrimLeft(line, "#"))
}

// Init writes a built-in config, or one for data of one's own, with its comments to a new
// file to start from. It is an error when dest exists.
func Init(name, dest string) error {
	file := builtInName(name)
	if form := strings.TrimSuffix(name, ".yaml"); slices.Contains(Forms(), form) {
		file = "forms/" + form
	}
	if file == "" {
		return fmt.Errorf("there is no config %q to start from%s", name, hint(name, "configs", "", append(Forms(), BuiltIn()...)))
	}
	data, err := builtInFile(file)
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
	if slices.Contains(BuiltIn(), name) || slices.Contains(BuiltInSweeps(), name) {
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

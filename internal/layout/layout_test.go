// Package layout holds the plan of folders: a test reads the imports of every
// package and fails where one runs against it.
package layout

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// front is the package at the top of the repository. Only commands import it.
const front = "."

// floors are the top-level folders, the highest first. A package imports its own
// floor and those below.
var floors = []string{"python", "cmd", front, "scripts", "sweep", "results", "run", "config", "report", "prune", "models", "export", "train", "regularize", "attack", "infer", "layers", "nn", "datasets", "configs", "stat", "internal"}

// apart are the packages of report and export that know no network, so that any floor may
// import them; they stand on internal alone.
var apart = []string{"report/chart", "report/graph", "export/safetensors"}

// kernels are the packages of internal/kernel, the highest first. A kernel imports
// those below it.
var kernels = []string{"recurrence", "attention", "conv", "resample", "pooling", "norm", "sparse", "gemm", "prox", "vector", "parallel"}

// kernel is the place of a package in kernels, −1 for others.
func kernel(pkg string) int {
	name, ok := strings.CutPrefix(pkg, "internal/kernel/")
	if !ok {
		return -1
	}
	return slices.Index(kernels, name)
}

// withoutGo are the top-level folders that hold no package of their own.
var withoutGo = []string{"docs"}

func floor(pkg string) int {
	if slices.Contains(apart, pkg) {
		return slices.Index(floors, "internal")
	}
	return slices.Index(floors, strings.SplitN(pkg, "/", 2)[0])
}

// violations lists the imports that run up, each with its remedy.
func violations(imports map[string][]string) []string {
	var out []string
	for _, from := range slices.Sorted(maps.Keys(imports)) {
		if floor(from) < 0 {
			out = append(out, fmt.Sprintf("%s is in no folder of the plan: put it below one of %s, or add its folder "+
				"to floors in internal/layout and to docs/architecture.md", from, strings.Join(floors, ", ")))
			continue
		}
		for _, to := range imports[from] {
			switch {
			case floor(to) >= 0 && floor(to) < floor(from), kernel(to) >= 0 && kernel(to) < kernel(from):
				out = append(out, fmt.Sprintf("%[1]s imports %[2]s, which stands above it: "+
					"move the code that both need down to %[1]s or below, or let %[2]s pass it in through an "+
					"interface that %[1]s declares", from, to))
			case solver(from) && strings.HasPrefix(to, "report/"):
				out = append(out, fmt.Sprintf("%s imports %s: solvers do not draw; make the picture in stat/estimate", from, to))
			}
		}
	}
	return out
}

// solver reports whether pkg is a package of stat that computes and writes nothing.
func solver(pkg string) bool {
	return strings.HasPrefix(pkg, "stat/") && pkg != "stat/estimate" && !strings.HasPrefix(pkg, "stat/estimate/")
}

// below is every package that pkg imports, directly or not, with the package through
// which it was reached first.
func below(pkg string, imports map[string][]string) map[string]string {
	through := map[string]string{}
	queue := []string{pkg}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, to := range imports[from] {
			if _, ok := through[to]; !ok {
				through[to] = from
				queue = append(queue, to)
			}
		}
	}
	return through
}

func TestImportsRunDown(t *testing.T) {
	imports := read(t)
	if len(imports) < 30 {
		t.Fatalf("%d packages read", len(imports))
	}
	for _, v := range violations(imports) {
		t.Error(v)
	}
}

// A solver of package stat is of use without a network, so it brings none along.
func TestStatKnowsNoNetwork(t *testing.T) {
	imports := read(t)
	for pkg := range imports {
		if !strings.HasPrefix(pkg, "stat/") {
			continue
		}
		for to, from := range below(pkg, imports) {
			if strings.HasPrefix(to, "gorgonia.org/") || floor(to) >= 0 && floor(to) < slices.Index(floors, "stat") {
				t.Errorf("%s brings %s along, through %s: move the code that it needs to internal or stat", pkg, to, from)
			}
		}
	}
}

// The top of the repository is the plan and nothing else.
func TestTopFolders(t *testing.T) {
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	ignored := ignoredFolders(t)
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || strings.HasPrefix(name, ".") || slices.Contains(ignored, name) {
			continue
		}
		if !slices.Contains(floors, name) && !slices.Contains(withoutGo, name) {
			t.Errorf("the folder %s is not in the plan: put it below one of %s", name, strings.Join(floors, ", "))
		}
	}
}

// Each rule refuses a violation of it.
func TestViolations(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"nn", "layers", "nn imports layers, which stands above it"},
		{"train", "report/tensorboard", "stands above it"},
		{"stat/linear", "nn", "stands above it"},
		{"stat/linear", "report/graph", "solvers do not draw"},
		{"report/graph", "nn", "stands above it"},
		{"export/safetensors", "datasets", "stands above it"},
		{"report/chart", "prune", "stands above it"},
		{"internal/kernel/vector", "nn", "stands above it"},
		{"internal/kernel/vector", "internal/kernel/gemm", "stands above it"},
		{"utils", "fmt", "is in no folder of the plan"},
		{"run", front, "stands above it"},
		{"scripts/bench", front, "stands above it"},
		{front, "cmd/pare/app", "stands above it"},
	} {
		got := violations(map[string][]string{c.from: {c.to}})
		if len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s → %s: %q", c.from, c.to, got)
		}
	}
	for _, c := range [][2]string{{"cmd/pare", "run"}, {"cmd/pare/app", front}, {front, "run"}, {"prune/gradual", "train"}, {"stat/estimate", "report/graph"},
		{"layers/activity", "layers"}, {"run", "report/graph"}, {"internal/kernel/conv", "internal/kernel/gemm"}} {
		if got := violations(map[string][]string{c[0]: {c[1]}}); len(got) != 0 {
			t.Errorf("%s → %s: %q", c[0], c[1], got)
		}
	}
}

// read returns the imports of each package that are not of its tests. Packages of the
// module go without its path.
func read(t *testing.T) map[string][]string {
	t.Helper()
	top := root(t)
	module := modulePath(t, top)
	imports := map[string][]string{}
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if _, ok := imports[pkg]; !ok {
			imports[pkg] = nil
		}
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to = strings.TrimPrefix(to, module+"/"); to == module {
				to = front
			}
			if !slices.Contains(imports[pkg], to) {
				imports[pkg] = append(imports[pkg], to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

func modulePath(t *testing.T, top string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatal("go.mod names no module")
	return ""
}

// ignoredFolders are the top-level folders that git ignores, such as runs and bin.
func ignoredFolders(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		names = append(names, path.Clean(strings.Trim(strings.TrimSpace(line), "/")))
	}
	return names
}

package run

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pare/report"
	"pare/train"
)

var update = flag.Bool("update", false, "write the tables of docs/run-files.md")

// TestFieldsPage demands that docs/run-files.md lists the fields of summary.json,
// metrics.jsonl and attack.json as the structs and their comments say; -update writes them.
func TestFieldsPage(t *testing.T) {
	page := filepath.Join("..", "docs", "run-files.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	shown := map[reflect.Type]bool{}
	for _, file := range []struct {
		name string
		of   reflect.Type
	}{{SummaryFile, reflect.TypeFor[Summary]()}, {MetricsFile, reflect.TypeFor[train.Record]()},
		{AttackFile, reflect.TypeFor[report.Robustness]()}} {
		begin, end := fmt.Sprintf("<!-- fields of %s -->\n", file.name), "<!-- end -->"
		i := strings.Index(want, begin)
		if i < 0 {
			t.Fatalf("%s has no line %s", page, begin)
		}
		i += len(begin)
		j := strings.Index(want[i:], end)
		if j < 0 {
			t.Fatalf("%s has no line %s", page, end)
		}
		want = want[:i] + fieldTables(t, file.of, shown) + want[i+j:]
	}
	switch {
	case string(text) == want:
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not up to date; run go test ./run -run TestFieldsPage -update", page)
	}
}

// fieldTables are the table of a struct and those of the structs in it that were not shown yet.
func fieldTables(t *testing.T, of reflect.Type, shown map[reflect.Type]bool) string {
	var b strings.Builder
	for queue := []reflect.Type{of}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if shown[s] {
			continue
		}
		shown[s] = true
		if s != of {
			fmt.Fprintf(&b, "\n### %s\n", s)
		}
		b.WriteString("\n| key | value | meaning |\n|---|---|---|\n")
		queue = append(queue, fieldRows(t, &b, s)...)
	}
	return b.String() + "\n"
}

// fieldRows writes the rows of a struct, those of embedded structs among them, and returns the
// structs that they refer to.
func fieldRows(t *testing.T, b *strings.Builder, s reflect.Type) (structs []reflect.Type) {
	comments := fieldComments(t, s)
	for i := range s.NumField() {
		f := s.Field(i)
		if f.Anonymous {
			structs = append(structs, fieldRows(t, b, f.Type)...)
			continue
		}
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			t.Errorf("%s.%s has no key", s, f.Name)
		}
		comment := comments[f.Name]
		if comment == "" {
			t.Errorf("%s.%s has no comment", s, f.Name)
		}
		kind, inner := fieldKind(f.Type)
		if inner != nil {
			structs = append(structs, inner)
		}
		missing := "null"
		if options == "omitempty" {
			kind, missing = kind+", optional", "missing"
		}
		comment = regexp.MustCompile(`\bnil\b`).ReplaceAllString(comment, missing)
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", key, kind, strings.ReplaceAll(comment, "|", "\\|"))
	}
	return structs
}

// fieldKind names the JSON of a type, and the struct that its objects are of.
func fieldKind(t reflect.Type) (name string, inner reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		return fieldKind(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64", nil
		}
		name, inner = fieldKind(t.Elem())
		return "list of " + name, inner
	case reflect.Map:
		name, inner = fieldKind(t.Elem())
		return name + " by name", inner
	case reflect.Struct:
		anchor := strings.ReplaceAll(strings.ToLower(t.String()), ".", "")
		return fmt.Sprintf("[%s](#%s)", t, anchor), t
	case reflect.String:
		return "text", nil
	case reflect.Bool:
		return "boolean", nil
	case reflect.Float32, reflect.Float64:
		return "number", nil
	}
	return "integer", nil
}

// fieldComments reads the comments of the fields of a struct from its source: the one behind a
// field, or else the one above it, without the name of the field.
func fieldComments(t *testing.T, s reflect.Type) map[string]string {
	t.Helper()
	module := path.Dir(reflect.TypeFor[Summary]().PkgPath())
	files, err := filepath.Glob(filepath.Join("..", strings.TrimPrefix(s.PkgPath(), module), "*.go"))
	if err != nil || files == nil {
		t.Fatalf("no source of %s: %v", s, err)
	}
	out := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != s.Name() {
				return true
			}
			body, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					comment := f.Comment.Text()
					if comment == "" {
						comment = f.Doc.Text()
					}
					comment = strings.TrimSuffix(strings.Join(strings.Fields(comment), " "), ".")
					out[name.Name] = regexp.MustCompile(`^`+name.Name+` (is|are|counts?) `).ReplaceAllString(comment, "")
				}
			}
			return false
		})
	}
	return out
}

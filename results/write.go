package results

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pare/internal/atomicfile"
	"pare/run"
)

// Names of the files that Write makes.
const (
	CSVFile      = "results.csv"
	SVGFile      = "figure.svg"
	PNGFile      = "figure.png"
	MarkdownFile = "tables.md"
	LaTeXFile    = "tables.tex"
	PageFile     = "report.html"
)

// Write writes all files into a folder, which it makes if need be: results.csv, the figure
// over a size, one of each measure of robustness, figures of groups where runs have an audit, the
// tables and the page. Rows that cannot stand in one figure are an error, and nothing is written.
func (s *Set) Write(dir string, over Over, title string) error {
	f, err := s.Figure(over)
	if err != nil {
		return &run.InputError{Err: err}
	}
	type file struct {
		name  string
		write func(io.Writer) error
	}
	var robust []file
	for _, m := range s.robustnesses() {
		f, err := s.robustFigure(over, m)
		if err != nil {
			return &run.InputError{Err: err}
		}
		robust = append(robust, file{m.key + ".svg", f.WriteSVG}, file{m.key + ".png", f.WritePNG})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &run.InputError{Err: fmt.Errorf("the folder of the report cannot be made: %w", err)}
	}
	files := append([]file{
		{CSVFile, s.CSV},
		{SVGFile, f.WriteSVG},
		{PNGFile, f.WritePNG},
		{MarkdownFile, func(w io.Writer) error { return s.Tables(w, Markdown) }},
		{LaTeXFile, func(w io.Writer) error { return s.Tables(w, LaTeX) }},
		{PageFile, func(w io.Writer) error { return s.Page(w, over, title, dir) }},
	}, robust...)
	for _, f := range s.auditFigures(over) {
		files = append(files, file{f.file, f.WriteSVG})
	}
	made := make([]bytes.Buffer, len(files))
	for i, file := range files {
		if err := file.write(&made[i]); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	stale, err := staleFigures(dir, func(name string) bool {
		for _, file := range files {
			if file.name == name {
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	for i, file := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, file.name), made[i].Bytes()); err != nil {
			return err
		}
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// staleFigures are the figures of groups and of accuracy under attack in the folder, from an earlier report,
// that the new one does not write.
func staleFigures(dir string, written func(name string) bool) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, CSVFile)); err != nil {
		return nil, nil // there is no earlier report
	}
	var out []string
	for _, names := range []string{"audit-*.svg", "clean_accuracy.*", "robust_accuracy_*", "certified_accuracy_*"} {
		found, err := filepath.Glob(filepath.Join(dir, names))
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(found, func(path string) bool {
			return written(filepath.Base(path)) || !slices.Contains([]string{".svg", ".png"}, filepath.Ext(path))
		})...)
	}
	return out, nil
}

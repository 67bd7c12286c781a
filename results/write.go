package results

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
// over a size, the tables, the page, and figures of groups where runs have an audit. Rows that cannot stand in one figure are an error,
// and nothing is written.
func (s *Set) Write(dir string, over Over, title string) error {
	f, err := s.Figure(over)
	if err != nil {
		return &run.InputError{Err: err}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &run.InputError{Err: fmt.Errorf("the folder of the report cannot be made: %w", err)}
	}
	files := []struct {
		name  string
		write func(io.Writer) error
	}{
		{CSVFile, s.CSV},
		{SVGFile, f.WriteSVG},
		{PNGFile, f.WritePNG},
		{MarkdownFile, func(w io.Writer) error { return s.Tables(w, Markdown) }},
		{LaTeXFile, func(w io.Writer) error { return s.Tables(w, LaTeX) }},
		{PageFile, func(w io.Writer) error { return s.Page(w, over, title, dir) }},
	}
	for _, f := range s.auditFigures(over) {
		files = append(files, struct {
			name  string
			write func(io.Writer) error
		}{f.file, f.WriteSVG})
	}
	made := make([]bytes.Buffer, len(files))
	for i, file := range files {
		if err := file.write(&made[i]); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	for i, file := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, file.name), made[i].Bytes()); err != nil {
			return err
		}
	}
	return nil
}

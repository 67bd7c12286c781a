package report

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
)

// closing are the parts of a page that sections stand before, the first one that it has.
var closing = []string{"<h2>Commands</h2>", "<h2>Config</h2>", "</body>"}

// withSection returns a page that Write has written with a section before its commands and config, in
// place of an earlier one of the same id.
func withSection(page []byte, id string, text *template.Template, data any) ([]byte, error) {
	first, last := []byte(fmt.Sprintf("<section id=%q>", id)), []byte(fmt.Sprintf("</section><!-- %s -->\n", id))
	if from := bytes.Index(page, first); from >= 0 {
		if n := bytes.Index(page[from:], last); n >= 0 {
			page = append(bytes.Clone(page[:from]), page[from+n+len(last):]...)
		}
	}
	end := -1
	for _, part := range closing {
		if end < 0 {
			end = bytes.LastIndex(page, []byte(part))
		}
	}
	if end < 0 {
		return nil, errors.New("it is no report: it has no </body>")
	}
	var out bytes.Buffer
	out.Write(page[:end])
	out.Write(first)
	if err := text.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	out.Write(last)
	out.Write(page[end:])
	return out.Bytes(), nil
}

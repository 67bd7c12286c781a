package report

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
)

// closing are the parts of a page that sections stand before, the first one that it has.
var closing = []string{"<h2>Commands</h2>", "<h2>Config</h2>", "</body>"}

// withSection returns a page that Write has written with a section in place of an earlier one of the
// same id, or else in front of its commands.
func withSection(page []byte, id string, text *template.Template, data any) ([]byte, error) {
	from := -1
	for _, part := range closing {
		if from < 0 {
			from = bytes.LastIndex(page, []byte(part))
		}
	}
	if from < 0 {
		return nil, errors.New("it is no report: it has no </body>")
	}
	first, last := []byte(sectionStart(id)), []byte(sectionEnd(id))
	behind := from
	if at := bytes.Index(page, first); at >= 0 {
		if n := bytes.Index(page[at:], last); n >= 0 {
			from, behind = at, at+n+len(last)
		}
	}
	var out bytes.Buffer
	out.Write(page[:from])
	out.Write(first)
	if err := text.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	out.Write(last)
	out.Write(page[behind:])
	return out.Bytes(), nil
}

// sectionStart and sectionEnd are around a section that withSection may replace.
func sectionStart(id string) template.HTML { return template.HTML(fmt.Sprintf("<section id=%q>", id)) }
func sectionEnd(id string) template.HTML {
	return template.HTML(fmt.Sprintf("</section><!-- %s -->\n", id))
}

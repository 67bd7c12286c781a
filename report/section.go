package report

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
)

// withSection returns a page that Write has written with a section in place of an earlier one of the
// same id, or else in front of its commands.
func withSection(page []byte, id string, text *template.Template, data any) ([]byte, error) {
	from := bytes.LastIndex(page, []byte("</body>"))
	if from < 0 {
		return nil, errors.New("it is no report: it has no </body>")
	}
	if at := bytes.LastIndex(page, []byte("<h2>Commands</h2>")); at >= 0 {
		from = at
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

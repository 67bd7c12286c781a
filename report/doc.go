// Package report shows what a run did: one self-contained HTML page with curves,
// bars and a picture of the data flow, and a table for the terminal.
//
// All charts are plain SVG in the colours of style/palette.css, light or dark as
// the reader's system asks; nothing is loaded from elsewhere and no script runs.
package report

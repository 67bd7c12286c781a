// Package report shows the outcome of a run: one self-contained HTML page with curves,
// bars and a picture of the data flow, and a table for the terminal.
//
// All pictures are plain SVG with their paint in attributes (package internal/svg). In a page they
// are light or dark as the reader's system asks, in files light; nothing is loaded
// from elsewhere and no script runs.
package report

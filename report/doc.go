// Package report shows the outcome of a run: one self-contained HTML page with curves,
// bars and a picture of the data flow, and a table for the terminal.
//
// All pictures are plain SVG with their paint in attributes (package internal/svg). In a
// page they are light or dark, by the setting of the reader's system; in files they are
// light. A page loads nothing from elsewhere and runs no script.
package report

// Package results compares finished runs: a row for each run, groups of seeds, curves of
// groups, and the files that show them: results.csv, a figure (SVG and PNG), tables
// (Markdown and LaTeX) and a page. `pare compare` and `pare sweep report` write them.
package results

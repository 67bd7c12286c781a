// Package estimate takes the estimators of networks, graphical lasso and diffusion,
// from files to files: it reads data with errors that name row and column, fits, scores
// what was found against a reference, and writes results as text, JSON, tables and
// pictures. Every error of a Run is one line about the input, with what to do.
package estimate

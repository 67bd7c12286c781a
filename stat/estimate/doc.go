// Package estimate is the front that the estimators lasso, glasso and diffusion share,
// each a package below: it reads tables with errors that name row and column, and writes
// results as text, JSON, tables and pictures. Every error is one line about the input
// that says how to correct it, in the options of the command pare.
package estimate

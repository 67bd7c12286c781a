// Package estimate is the shared front of the estimators lasso, glasso and diffusion, which
// are packages below it. It reads tables (Source), says which λ are fitted (Search), and
// writes results as text, JSON, CSV, graphs and pictures (Head, Path, File).
//
// Every error is one line about the input: file, row and column, and the option of the
// command pare that helps.
package estimate

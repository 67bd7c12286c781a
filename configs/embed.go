// Package configs holds the configs that are part of the program. Each file
// begins with a comment line that describes it.
package configs

import "embed"

// FS holds the YAML files: built-in configs, which run as they are, and in the folder forms
// configs to fill in, one for each form of data of one's own.
//
//go:embed *.yaml forms/*.yaml
var FS embed.FS

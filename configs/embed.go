// Package configs holds the configs that are part of the program. Each file
// begins with a comment line that describes it.
package configs

import "embed"

// FS holds the YAML files.
//
//go:embed *.yaml
var FS embed.FS

// Package build describes the running program.
package build

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Build describes the running binary. Fields that it does not know are empty.
type Build struct {
	Version  string `json:"version,omitempty"`  // of the module, "(devel)" for a working tree
	Commit   string `json:"commit,omitempty"`   // revision in version control
	Modified bool   `json:"modified,omitempty"` // the working tree had changes beside the commit
	Go       string `json:"go"`                 // version of Go
	Platform string `json:"platform"`           // "linux/amd64"
}

// Read returns the build of the running program.
func Read() Build {
	b := Build{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is the build in a line: "pare v1.2.0 0123456789ab (go1.26.8, linux/amd64)".
func (b Build) String() string {
	text := "pare"
	if b.Version != "" {
		text += " " + b.Version
	}
	if b.Commit != "" {
		text += " " + b.Commit[:min(12, len(b.Commit))]
		if b.Modified {
			text += " with changes"
		}
	}
	return fmt.Sprintf("%s (%s, %s)", text, b.Go, b.Platform)
}

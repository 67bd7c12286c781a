package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is one line about a program: its version, the commit it was built from where
// the build knows it, Go's version and the platform.
func Version(program string) string {
	text := program
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" {
			text += " " + v
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				text += " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("%s (%s, %s/%s)", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

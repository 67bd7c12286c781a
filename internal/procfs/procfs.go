// Package procfs reads figures of the kernel from /proc.
package procfs

import (
	"bytes"
	"os"
	"strconv"
)

// Bytes is the size that a file such as /proc/meminfo gives for a key, in bytes. The file
// has a key, a colon and a number of KiB in each line. 0: there is no such file, key or
// number.
func Bytes(file, key string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte(key+":"))
		if fields := bytes.Fields(rest); ok && len(fields) > 0 {
			kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

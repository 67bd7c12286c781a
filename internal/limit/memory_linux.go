package limit

import (
	"bytes"
	"os"
	"strconv"
	"sync"

	"pare/internal/procfs"
)

// machine is the memory of the machine, or of the control group where that has a
// limit; 0 where neither is known.
var machine = sync.OnceValue(func() int64 {
	least := int64(0)
	for _, n := range []int64{installed(), group("/sys/fs/cgroup/memory.max"), group("/sys/fs/cgroup/memory/memory.limit_in_bytes")} {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
})

// installed is the memory of the machine.
func installed() int64 { return procfs.Bytes("/proc/meminfo", "MemTotal") }

// group is the number in a file of a control group; 0 where it has no limit.
func group(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

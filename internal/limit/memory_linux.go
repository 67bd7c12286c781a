package limit

import (
	"bytes"
	"os"
	"strconv"
	"sync"
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

// installed is MemTotal of /proc/meminfo.
func installed() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("MemTotal:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

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

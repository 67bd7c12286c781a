package procfs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBytes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(file, []byte("Name:\tpare\nVmHWM:\t    2048 kB\nHWM:\t7 kB\nVmRSS:\nVmSize:\tmany kB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int64{"VmHWM": 2 << 20, "HWM": 7 << 10, "VmRSS": 0, "VmSize": 0, "Vm": 0} {
		if got := Bytes(file, key); got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
	}
	if got := Bytes(file+"2", "VmHWM"); got != 0 {
		t.Errorf("a missing file has %d", got)
	}
}

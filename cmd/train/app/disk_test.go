//go:build linux

package app

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pare/export"
	"pare/train"
)

// tiny mounts a file system with room for a few pages.
func tiny(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk fills the disk at several places of a run. Whatever is left is
// whole, and the run goes on when there is room.
func TestFullDisk(t *testing.T) {
	dir, whole := small(t)
	failed := 0
	for _, size := range []string{"4k", "12k", "24k", "40k", "64k", "96k", "128k"} {
		disk := tiny(t, size)
		run := filepath.Join(disk, "run")
		o := launch(t, dir, "-config", "small.yaml", "-out", run, "-quiet")
		if o.code == 0 {
			continue
		}
		failed++
		oneLine(t, o, run, "no space left")
		noHalfFiles(t, disk)
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(run); err != nil {
			continue // it did not come so far as to make the folder
		}
		ok(t, dir, "-resume", run, "-quiet")
		same(t, run, whole)
	}
	if failed < 3 {
		t.Errorf("%d disks were too small; the test tests little", failed)
	}
}

// noHalfFiles reads every file that is there.
func noHalfFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		name := info.Name()
		switch {
		case strings.Contains(name, ".tmp-"):
			t.Errorf("a temporary file is left: %s", path)
		case strings.HasSuffix(name, ".ckpt"):
			_, err = train.ReadCheckpoint(path)
		case name == export.ArchitectureFile:
			_, err = export.Load(filepath.Dir(path))
		case info.Mode().IsRegular() && info.Size() == 0 && name != "metrics.jsonl" && name != ".lock" && !strings.Contains(name, "tfevents"):
			t.Errorf("%s is empty", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

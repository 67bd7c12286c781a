//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package run

import (
	"strings"
	"testing"
)

// Two processes in one folder would mix their logs and checkpoints.
func TestFolderLock(t *testing.T) {
	f := Folder(t.TempDir())
	release, err := f.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.lock(); err == nil || !IsInput(err) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second lock: %v", err)
	}
	release()
	again, err := f.lock()
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again()
}

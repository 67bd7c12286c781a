package cli

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestColumnsOfATerminal: the width is the present one, also after a change.
func TestColumnsOfATerminal(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer slave.Close()
	if !IsTerminal(slave) {
		t.Error("a terminal is not taken for one")
	}
	for _, c := range []struct{ set, want int }{{40, 40}, {20, 20}, {0, 80}} {
		if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(c.set)}); err != nil {
			t.Fatal(err)
		}
		if got := Columns(slave); got != c.want {
			t.Errorf("a terminal of %d columns has %d", c.set, got)
		}
	}
}

package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pare/cmd/internal/cli"
	"pare/run"
)

// TestSessions: a run keeps the commands of all the processes that worked on it, with
// their programs and machines, and an interruption is told without doubled words.
func TestSessions(t *testing.T) {
	dir := t.TempDir()
	long := strings.Replace(smallConfig, "epochs: 2", "epochs: 40", 1)
	write(t, filepath.Join(dir, "long.yaml"), long)
	at := filepath.Join(dir, "run")
	o := wait(t, command(dir, "-config", "long.yaml", "-set", "name=it's long", "-out", "run", "-quiet"), nil)
	oneLine(t, o, "name is")
	o = wait(t, command(dir, "-config", "long.yaml", "-set", "train.checkpoint_steps=1",
		"-set", "penalties.0.layers=[hidden, hid*]", "-out", "run", "-quiet"), func(c *exec.Cmd) {
		for range 500 {
			if _, err := os.Stat(filepath.Join(at, "checkpoints", "train", "last.ckpt")); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	})
	if o.code != cli.ExitInterrupted || !strings.HasPrefix(o.stderr, "train: training was interrupted after ") || doubled(o.stderr) != "" {
		t.Fatalf("status %d: %s", o.code, o.stderr)
	}
	ok(t, dir, "-resume", "run", "-quiet")
	sessions := readSessions(t, at)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"-config long.yaml -set train.checkpoint_steps=1 -set 'penalties.0.layers=[hidden, hid*]' -out run -quiet", "-resume run -quiet"}
	if len(sessions) != len(wanted) {
		t.Fatalf("%d sessions, want %d: %+v", len(sessions), len(wanted), sessions)
	}
	for i, s := range sessions {
		if _, err := time.Parse(time.RFC3339, s.Started); err != nil || !strings.HasSuffix(s.Command, " "+wanted[i]) || s.Host != host || !strings.HasPrefix(s.Go, "go") {
			t.Errorf("session %d: %+v", i, s)
		}
	}
	var s run.Summary
	if err := json.Unmarshal([]byte(read(t, at, "summary.json")), &s); err != nil {
		t.Fatal(err)
	}
	if s.Command != sessions[0].Command {
		t.Errorf("the summary has the command %q, the run was started by %q", s.Command, sessions[0].Command)
	}
	page := read(t, at, "report.html")
	for _, want := range []string{"# started 20", "# resumed 20", "-resume run", host} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}

	// Runs of earlier versions have no list.
	if err := os.Remove(filepath.Join(at, "sessions.json")); err != nil {
		t.Fatal(err)
	}
	ok(t, dir, "-resume", "run", "-quiet")
	if sessions = readSessions(t, at); len(sessions) != 1 {
		t.Errorf("%d sessions after one process", len(sessions))
	}
}

func readSessions(t *testing.T, at string) []run.Session {
	t.Helper()
	var list struct {
		Format   int
		Sessions []run.Session
	}
	if err := json.Unmarshal([]byte(read(t, at, "sessions.json")), &list); err != nil || list.Format != 1 {
		t.Fatalf("sessions.json has format %d: %v", list.Format, err)
	}
	return list.Sessions
}

// TestOutputNames: the name of an output decides its format.
func TestOutputNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	bad(t, dir, []string{"-config", "small.yaml", "-out", "run.json"}, "-out run.json: the output is a folder", "leave .json out")
	bad(t, dir, []string{"-init", "resnet", "my.json"}, "must end in .yaml or .yml")
}

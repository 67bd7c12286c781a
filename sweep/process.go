package sweep

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"pare/train"
)

// childVariable is set in the environment of processes that Processes starts: they save their
// state and end when their standard input ends, which happens however the parent ends.
const childVariable = "PARE_SWEEP_CHILD"

// Processes runs each run of a sweep in a process of its own, so that a crash, or the end of the
// memory, ends one run and not the sweep.
type Processes struct {
	// Command starts the program that does a run: it must call Child and RunIndex.
	Command func(dir string, index, threads int) *exec.Cmd
	Lock    *os.File // of the sweep folder, which the processes hold too; nil: none
}

// Run implements Executor.
func (p *Processes) Run(ctx context.Context, f Folder, r *Run, threads int, progress func(float64)) error {
	cmd := p.Command(string(f), r.Index, threads)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if p.Lock != nil && runtime.GOOS != "windows" {
		cmd.ExtraFiles = []*os.File{p.Lock}
	}
	var messages tail
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { input.Close() })()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if share, err := strconv.ParseFloat(lines.Text(), 64); err == nil {
			progress(share)
		}
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("%w in %s", train.ErrInterrupted, r.Name)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		text := exit.String() // "signal: killed", where the memory ended for example
		if last := messages.last(); last != "" {
			text += ": " + last
		}
		return errors.New(text)
	}
	return err
}

// Child prepares a process that Processes may have started: the returned context also ends with
// the parent, and progress, nil in other processes, tells the parent the share that is done.
func Child(ctx context.Context, stdin io.Reader, stdout io.Writer) (_ context.Context, progress func(float64)) {
	if os.Getenv(childVariable) == "" {
		return ctx, nil
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		stop()
	}()
	return ctx, func(share float64) { fmt.Fprintf(stdout, "%.4f\n", share) }
}

// tail keeps the end of a text.
type tail struct{ text string }

// longestTail is enough for a line of an error.
const longestTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.text += string(b)
	t.text = t.text[max(0, len(t.text)-longestTail):]
	return len(b), nil
}

// last is the last line of the text.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(t.text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

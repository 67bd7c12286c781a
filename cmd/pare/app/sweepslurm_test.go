package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"pare/sweep"
)

// Tasks that start at the same time, as pods of an Indexed Job, give the results of a local sweep,
// also where a run has two of them.
func TestSweepIndexedJob(t *testing.T) {
	file := sweepFile(t, "name: s\nconfig: base.yaml\nmethods: [dense, magnitude, {scratch: {of: magnitude}}]\nbudgets: {macs: [0.5]}\n"+
		"set: {train.epochs: 1}\nfinetune: {epochs: 1}\n")
	local, pods := filepath.Join(t.TempDir(), "local"), filepath.Join(t.TempDir(), "pods")
	cmd, out := pareCommand("sweep", "run", file, "-out", local)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var started []*exec.Cmd
	for i := range 6 {
		cmd, out := pareCommand("sweep", "run", file, "-out", pods, "-wait", "1m")
		cmd.Env = append(cmd.Env, "JOB_COMPLETION_INDEX="+strconv.Itoa(i/2))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if t.Failed() {
				t.Logf("pod %d of run %d:\n%s", i, i/2, out)
			}
		}()
		started = append(started, cmd)
	}
	for i, cmd := range started {
		if err := cmd.Wait(); err != nil {
			t.Errorf("pod %d: %v", i, err)
		}
	}
	if t.Failed() {
		return
	}
	want := outcomesOf(t, local)
	for name, got := range outcomesOf(t, pods) {
		if got != want[name] {
			t.Errorf("%s differs from the local run", name)
		}
	}
}

// The manifest of the documentation is a Job whose pods do all runs of the sweep that it names.
func TestSweepManifest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "sweeps.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(apiVersion: .*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/sweeps.md has no manifest")
	}
	var job struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Spec       struct {
			CompletionMode       string `yaml:"completionMode"`
			Completions          int
			Parallelism          int
			BackoffLimitPerIndex int `yaml:"backoffLimitPerIndex"`
			Template             struct {
				Spec struct {
					RestartPolicy string `yaml:"restartPolicy"`
					Containers    []struct {
						Command      []string
						VolumeMounts []struct{ Name, MountPath string } `yaml:"volumeMounts"`
					}
					Volumes []struct{ Name string }
				}
			}
		}
	}
	if err := yaml.Unmarshal(block[1], &job); err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.Template.Spec
	// A limit for each index and a policy of failures need restartPolicy Never.
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || job.Spec.CompletionMode != "Indexed" || pod.RestartPolicy != "Never" ||
		len(pod.Containers) != 1 || len(pod.Volumes) != 1 || pod.Containers[0].VolumeMounts[0].Name != pod.Volumes[0].Name {
		t.Errorf("%+v", job)
	}
	command := pod.Containers[0].Command
	if strings.Join(command[:3], " ") != "/pare sweep run" {
		t.Fatal(command)
	}
	spec, err := sweep.Read(command[3], nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := spec.Plan(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Runs) != job.Spec.Completions {
		t.Errorf("%d completions, and the sweep has %d runs", job.Spec.Completions, len(plan.Runs))
	}
	// The command knows the options of the manifest, and fails only for lack of a folder to write.
	status, _, stderr := pare(append([]string{"sweep", "run", command[3], "-index", "0", "-out", "/dev/null/digits"}, command[6:]...)...)
	if status != 2 || !strings.Contains(stderr, "/dev/null") {
		t.Error(status, stderr)
	}
}

// Faults of submissions, each in a line, before there is a folder.
func TestSweepSubmitFaults(t *testing.T) {
	file := sweepFile(t, "name: s\nconfig: base.yaml\nmethods: [dense]\n")
	dir := filepath.Join(t.TempDir(), "s")
	t.Setenv("PATH", t.TempDir())
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"submit", file, "-slurm", "-out", dir},
			"sbatch is not on this machine; submit where Slurm is installed, or do the runs here: pare sweep run " + dir},
		{[]string{"submit", file}, "submit needs -slurm, the one cluster manager that it submits to; for others see docs/sweeps.md"},
		{[]string{"run", file, "-slurm"}, "-slurm: it is for submit and retry"},
		{[]string{"submit", file, "-mem", "1G"}, "-mem: it is for -slurm"},
		{[]string{"submit", file, "-slurm", "-threads", "2"}, "-threads: with -slurm a task has one thread for each of its cores; give -cpus"},
		{[]string{"submit", file, "-slurm", "-time", "2"},
			"-time is 2, it must be at least 5m0s, as a task saves its state up to 2m before the end"},
		{[]string{"submit", file, "-slurm", "-cpus", "-1"}, "-cpus is -1, it must be 0 to 1024"},
		{[]string{"submit", file, "-slurm", "-json"}, "-json: it is for plan and status"},
		{[]string{"run", file, "-wait", "1m"}, "-wait: it is for a single run; give its -index"},
		{[]string{"run", file, "-index", "0", "-wait", "-1m"}, "-wait is -1m0s, it must be a time of at least 0, such as 10m"},
		{[]string{"status", file, "-wait", "1m"}, "-wait: it is for run -index"},
	} {
		status, _, stderr := pare(append([]string{"sweep"}, c.args...)...)
		if status != 2 || stderr != "pare sweep: "+c.want+"\n" {
			t.Errorf("%v: %d %s, want %s", c.args, status, stderr, c.want)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused submission makes a folder")
	}
}

// The command submits, shows tasks beside the runs, keeps the options for the next time, and
// refuses to work on runs that are in the queue.
func TestSweepSubmit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are scripts of a shell")
	}
	bin := t.TempDir()
	for name, text := range map[string]string{
		"sbatch":   `echo "$@" >>calls; wc -l <calls`,
		"squeue":   `cat queue`,
		"scontrol": `echo "MaxArraySize = 1001"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\ncd "+bin+"\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	file := sweepFile(t, "name: s\nconfig: base.yaml\nmethods: [dense]\nseeds: [1, 2]\n")
	dir := filepath.Join(t.TempDir(), "s")
	status, stdout, stderr := pare("sweep", "submit", "-slurm", file, "-out", dir, "-cpus", "2", "-jobs", "1", "-sbatch", "--account=lab")
	want := "2 of 2 runs are submitted, as jobs 1; the report is job 2\nstates: pare sweep status " + dir + "\n"
	if status != 0 || stdout != want {
		t.Fatalf("%d %s%s", status, stdout, stderr)
	}
	write := func(queue string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bin, "queue"), []byte(queue), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("1|0|RUNNING|n1|None\n1|1|PENDING||JobArrayTaskLimit\n")
	_, stdout, _ = pare("sweep", "status", dir)
	for _, want := range []string{"state  Slurm\n", "ready  1_0 RUNNING on n1\n", "ready  1_1 PENDING (JobArrayTaskLimit)\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	for _, args := range [][]string{{"run", dir}, {"retry", file, "-out", dir}} {
		want := "pare sweep: Slurm has tasks of " + dir + ", in the jobs 1; wait for them, or cancel them: scancel 1\n"
		if status, _, stderr := pare(append([]string{"sweep"}, args...)...); status != 2 || stderr != want {
			t.Errorf("%v: %d %s", args, status, stderr)
		}
	}
	changed := sweepFile(t, "name: s\nconfig: base.yaml\nmethods: [dense]\nseeds: [3]\n")
	want = "pare sweep: the sweep is not the one whose tasks Slurm has in the jobs 1; wait for them, or cancel them: scancel 1\n"
	if status, _, stderr := pare("sweep", "submit", "-slurm", changed, "-out", dir); status != 2 || stderr != want {
		t.Errorf("%d %s", status, stderr)
	}
	want = "nothing to submit in " + dir + ": 2 of 2 runs are under way; see pare sweep status " + dir + "\n"
	if _, stdout, _ = pare("sweep", "submit", "-slurm", dir); stdout != want {
		t.Error(stdout)
	}

	write("1|0|CANCELLED||None\n1|1|RUNNING|n1|None\n")
	_, stdout, _ = pare("sweep", "status", dir)
	want = "s-dense-seed-1: its Slurm task 1_0 was cancelled\ndo these runs with: pare sweep submit -slurm " + dir + "\n"
	if !strings.HasSuffix(stdout, want) {
		t.Errorf("%s\nlacks %s", stdout, want)
	}
	if _, stdout, _ = pare("sweep", "status", dir, "-json"); !strings.Contains(stdout, `"state": "CANCELLED"`) {
		t.Error(stdout)
	}
	_, stdout, stderr = pare("sweep", "retry", "-slurm", dir, "-mem", "3G")
	if !strings.HasPrefix(stdout, "1 of 2 runs are submitted, as jobs 3;") {
		t.Error(stdout, stderr)
	}
	calls, err := os.ReadFile(filepath.Join(bin, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	call := strings.Split(string(calls), "\n")[2]
	for _, want := range []string{" --array=0%1 ", " --cpus-per-task=2 ", " --mem=3G ", " --account=lab "} {
		if !strings.Contains(call, want) {
			t.Errorf("no %q in %s", want, call)
		}
	}
}

package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// example is a program of two subcommands, one of them with an apostrophe and brackets in
// its text.
func example() []Command {
	prune := flag.NewFlagSet("prune", flag.ContinueOnError)
	prune.String("method", "magnitude", "how units are chosen: [magnitude] or random")
	prune.Bool("quiet", false, "print nothing but what's wrong")
	return []Command{
		{Name: "inspect", Doc: "tells what a run made"},
		{Name: "prune", Doc: "prunes a run's network", Flags: prune, Values: map[string][]string{"method": {"magnitude", "random"}}},
		{Name: "sweep", Doc: "does many runs", Words: []string{"plan", "run"}},
	}
}

func script(t *testing.T, shell string, commands []Command) string {
	t.Helper()
	var b strings.Builder
	if err := Completion(&b, shell, "demo", commands); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shell runs a script, or skips the test where the shell is missing.
func shell(t *testing.T, name, text string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here", name)
	}
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestCompletionBash(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"demo i", "inspect"},
		{"demo ''", "inspect prune sweep"},
		{"demo sweep p", "plan"},
		{"demo prune -", "-method -quiet"},
		{"demo prune -method r", "random"},
		{"demo inspect -", ""},
	} {
		got := shell(t, "bash", script(t, "bash", example())+
			"COMP_WORDS=("+c.words+")\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\ncd /\n_demo\necho ${COMPREPLY[@]}\n")
		if got != c.want {
			t.Errorf("%q completes to %q, want %q", c.words, got, c.want)
		}
	}
}

// A program without subcommands completes its options at once.
func TestCompletionBashWithoutSubcommands(t *testing.T) {
	set := flag.NewFlagSet("demo", flag.ContinueOnError)
	set.String("config", "", "file")
	got := shell(t, "bash", script(t, "bash", []Command{{Flags: set, Values: map[string][]string{"config": {"resnet"}}}})+
		"COMP_WORDS=(demo -)\nCOMP_CWORD=1\n_demo\necho ${COMPREPLY[@]}\nCOMP_WORDS=(demo -config re)\nCOMP_CWORD=2\ncd /\n_demo\necho ${COMPREPLY[@]}\n")
	if got != "-config resnet" {
		t.Errorf("completes to %q", got)
	}
}

func TestCompletionZsh(t *testing.T) {
	// Without a terminal the functions of zsh's completion are stood in for.
	got := shell(t, "zsh", "compdef() { }\n_arguments() { print -rl -- \"$@\" }\n_describe() { print -rl -- ${(P)2} }\n"+
		script(t, "zsh", example())+
		"words=(demo '') CURRENT=2 _demo\nwords=(demo prune '') CURRENT=3 _demo\nwords=(demo sweep '') CURRENT=3 _demo\n")
	for _, want := range []string{"inspect:tells what a run made", "prune:prunes a run's network",
		"-method[how units are chosen - (magnitude) or random]:method:(magnitude random)",
		"-quiet[print nothing but what's wrong]", "1:action:(plan run)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

func TestCompletionFish(t *testing.T) {
	got := shell(t, "fish", script(t, "fish", example())+"complete -C 'demo '\ncomplete -C 'demo prune -method '\ncomplete -C 'demo sweep '\n")
	for _, want := range []string{"inspect tells what a run made", "prune prunes a run's network", "random", " plan ", " run "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

func TestCompletionOfAnUnknownShell(t *testing.T) {
	if err := Completion(&strings.Builder{}, "csh", "demo", nil); err == nil || !strings.Contains(err.Error(), "bash, zsh or fish") {
		t.Errorf("%v", err)
	}
}

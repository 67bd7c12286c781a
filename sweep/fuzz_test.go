package sweep

import (
	"errors"
	"strings"
	"testing"

	"pare/config"
)

// FuzzPlan: any file is planned, or refused in one line that says where.
func FuzzPlan(f *testing.F) {
	for _, name := range config.BuiltInSweeps() {
		_, text, _, err := config.Text(name, "sweeps", nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("config: digits-cnn\nmethods: [penalty, {magnitude: {set: {train.epochs: 2}}}, {scratch: {of: penalty, equal: work}}]\n" +
		"strengths: {log: [1, 10], steps: 3}\nwarm_start: true\nbudgets: {from: penalty}\nvary: {train.optimizer.lr: [1, 2]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse("f.yaml", []byte(text))
		if err == nil && builtIn(s.Config) {
			_, err = s.Plan("")
		}
		var fault *config.Error
		if err != nil && (!errors.As(err, &fault) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// builtIn reports whether a config is read from the program, so that no text makes the test
// read files.
func builtIn(name string) bool {
	_, _, known, err := config.Text(name, "sweeps", nil)
	return err == nil && known && !strings.ContainsAny(name, "/.")
}

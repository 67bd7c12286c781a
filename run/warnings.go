package run

import (
	"fmt"
	"slices"
)

// warnings reach the user even where all else is silenced: at once, and at the end of
// the run in summary.json and the report. The run folder keeps those of the
// sessions before.
type warnings struct{ list []string }

// recall reads the warnings of earlier sessions.
func (r *runner) recall() error {
	_, err := r.folder.readJSON(WarningsFile, &r.warnings.list)
	return err
}

// warn gives a warning, once in a run: a session that repeats steps repeats none.
func (r *runner) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if slices.Contains(r.warnings.list, text) {
		return
	}
	r.warnings.list = append(r.warnings.list, text)
	r.tell(text)
	if err := r.folder.writeJSON(WarningsFile, r.warnings.list); err != nil {
		r.tell(fmt.Sprintf("a later session will not know of this warning: %v", err))
	}
}

func (r *runner) tell(text string) {
	if r.Warn != nil {
		r.Warn(text)
	}
}

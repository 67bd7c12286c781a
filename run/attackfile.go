package run

import (
	"io"
	"os"

	"pare/internal/atomicfile"
	"pare/report"
)

// AttackFile holds a report.Robustness in a run folder.
const AttackFile = "attack.json"

// WriteAttack writes attack.json into a run folder, and a section of its report where there is one.
func WriteAttack(dir string, r report.Robustness) error {
	f := Folder(dir)
	if err := f.writeJSON(AttackFile, r); err != nil {
		return err
	}
	path := f.path(ReportFile)
	page, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil {
		page, err = report.WithRobustness(page, r)
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(page); return err })
}

// ReadAttack reads attack.json of a run folder; nil: it has none.
func ReadAttack(dir string) (*report.Robustness, error) {
	var r report.Robustness
	found, err := Folder(dir).readJSON(AttackFile, &r)
	if !found || err != nil {
		return nil, err
	}
	return &r, nil
}

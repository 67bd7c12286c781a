package run

import "pare/report"

// AttackFile holds a report.Robustness in a run folder.
const AttackFile = "attack.json"

// WriteAttack writes attack.json into a run folder, and a section of its report where there is one.
func WriteAttack(dir string, r report.Robustness) error {
	f := Folder(dir)
	if err := f.writeJSON(AttackFile, r); err != nil {
		return err
	}
	_, err := f.addToReport(func(page []byte) ([]byte, error) { return report.WithRobustness(page, r) })
	return err
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

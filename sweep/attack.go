package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"pare/config"
	"pare/internal/atomicfile"
	"pare/report"
	"pare/run"
	"pare/train"
)

// attackRecord is the robustness of a run's final network, with the section attack that asked for it.
type attackRecord struct {
	Request string             `json:"request"` // YAML
	Result  *report.Robustness `json:"result"`
}

// attacked is the path of the record, within the sweep folder. attack.json in the run folder may be
// of another request of the user.
func (r *Run) attacked() string { return r.Log + ".attack.json" }

// complete reports whether a run and the attack on it are done.
func (f Folder) complete(r *Run) bool {
	if !exists(f.path(r.Dir, run.SummaryFile)) {
		return false
	}
	return r.Attack == "" || f.attackOn(r) != nil
}

// attackOn reads the robustness of a run as its table asks for it; nil: it was not measured.
func (f Folder) attackOn(r *Run) *report.Robustness {
	text, err := os.ReadFile(f.path(r.attacked()))
	if err != nil {
		return nil
	}
	var a attackRecord
	if json.Unmarshal(text, &a) != nil || a.Request != r.Attack {
		return nil
	}
	return a.Result
}

// robustness is the section attack of a table.
func (r *Run) robustness() (run.Robustness, error) {
	var section struct {
		Attack run.Robustness `yaml:"attack" doc:"attacks"`
	}
	doc, err := config.ReadDocument(TableFile, []byte("attack: "+r.Attack+"\n"), "a section attack")
	if err == nil {
		err = doc.Decode(&section, "")
	}
	if a := &section.Attack; a.Certify && a.Bounds == "" {
		a.Bounds = "crown-ibp" // the same for all runs, large and small
	}
	return section.Attack, err
}

// attack measures the robustness of a run's final network where the sweep asks for it.
func (f Folder) attack(ctx context.Context, r *Run, log *os.File) error {
	if r.Attack == "" || f.attackOn(r) != nil {
		return nil
	}
	request, err := r.robustness()
	if err != nil {
		return err
	}
	a, err := run.OpenArtifact(f.path(r.Dir))
	if err != nil {
		return err
	}
	m, err := a.Final()
	if err != nil {
		return err
	}
	data, err := a.Data(ctx, m, "", nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(log, "attack:", r.Attack)
	result, err := data.Attack(ctx, request, []run.Version{{Name: "final", Net: m.Net}})
	if ctx.Err() != nil {
		return fmt.Errorf("%w while attacking", train.ErrInterrupted)
	}
	if err != nil {
		return err
	}
	result.Source = r.Dir
	for _, w := range result.Warnings {
		fmt.Fprintln(log, "warning:", w)
	}
	if err := run.WriteAttack(f.path(r.Dir), *result); err != nil {
		return err
	}
	text, err := json.Marshal(attackRecord{r.Attack, result})
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(f.path(r.attacked()), append(text, '\n'))
}

package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/train"
)

// TestRemainingOfEpochs: the record of an epoch counts the network that a removal would
// leave, whether removal comes at the end or on the way, and so do the events; the count of
// the last epoch is the network after the removal.
func TestRemainingOfEpochs(t *testing.T) {
	for _, prune := range []string{"", "prune: {every: 3}\n"} {
		r := finish(t, parse(t, shrinking+prune+"finetune: {epochs: 1}\n", "train.epochs=4"))
		records, err := train.ReadMetrics(r.folder.path(MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		var epochs []train.Record
		for _, rec := range records {
			if rec.Kind == "epoch" {
				epochs = append(epochs, rec)
			}
		}
		if len(epochs) != 5 {
			t.Fatalf("%d epochs in the log", len(epochs))
		}
		params := r.ParamsBefore
		for _, rec := range epochs {
			l := rec.Remaining
			if l == nil || l.Params > params || l.MACShare != float64(l.MACs)/float64(r.MACsBefore) ||
				l.ParamShare != float64(l.Params)/float64(r.ParamsBefore) {
				t.Fatalf("%s epoch %g: %+v after %d of %d parameters", rec.Phase, rec.Epoch, l, params, r.ParamsBefore)
			}
			params = l.Params
		}
		for _, rec := range epochs[3:] {
			if l := rec.Remaining; l.Params != r.ParamsAfter || l.MACs != r.MACsAfter || l.Params == r.ParamsBefore {
				t.Errorf("%s epoch %g: %+v, the removal leaves %d parameters and %d MACs of %d and %d",
					rec.Phase, rec.Epoch, *l, r.ParamsAfter, r.MACsAfter, r.ParamsBefore, r.MACsBefore)
			}
		}
		files, err := filepath.Glob(r.folder.path(EventsDir, "*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("events %v, %v", files, err)
		}
		events, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range []string{"train/params_left", "train/macs_left", "finetune/macs_left"} {
			if !strings.Contains(string(events), tag) {
				t.Errorf("the events lack %s", tag)
			}
		}
		if !strings.Contains(r.read(t, ReportFile), "Left after removal") {
			t.Error("the report lacks the curves of the remaining network")
		}
	}
}

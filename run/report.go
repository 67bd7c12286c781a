package run

import (
	"io"
	"math"
	"os"
	"time"

	"pare/internal/atomicfile"
	"pare/nn"
	"pare/report"
	"pare/train"
)

// report writes report.html and network.svg.
func (r *runner) report(s *Summary, p *pruneResult, small *nn.Network, groups *Audit) error {
	d, err := r.reportData(s, p, small)
	if err != nil {
		return err
	}
	if groups != nil {
		if d.Audit, err = groups.Report(); err != nil {
			return err
		}
	}
	if err := atomicfile.Write(r.folder.path(ReportFile), func(w io.Writer) error { return report.Write(w, d) }); err != nil {
		return err
	}
	if err := atomicfile.Write(r.folder.path(DiagramFile), func(w io.Writer) error {
		return report.Diagram(w, r.full, small)
	}); err != nil {
		return err
	}
	if r.Messages != nil {
		report.Table(r.Messages, d)
	}
	return nil
}

// addToReport changes report.html; false: there is none.
func (f Folder) addToReport(change func(page []byte) ([]byte, error)) (found bool, err error) {
	path := f.path(ReportFile)
	page, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err == nil {
		page, err = change(page)
	}
	if err != nil {
		return true, err
	}
	return true, atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(page); return err })
}

func (r *runner) reportData(s *Summary, p *pruneResult, small *nn.Network) (report.Data, error) {
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		return report.Data{}, err
	}
	return report.Data{Title: r.c.Name, Model: s.Model, Dataset: s.Dataset, Seed: s.Seed, Date: time.Now(),
		Phases: phases(records), Before: p.Report.Before, After: small.Count(), Removed: s.Removed,
		Layers: p.Report.Layers, Weights: reportWeights(s.Weights), Certificate: s.Certificate,
		OnTheWay: s.Removals, WorstOnTheWay: s.WorstCertificate, Warnings: s.Warnings,
		Stages: s.Stages(), TestExamples: s.Targets(), Measures: s.Measures(), Classes: s.classes(),
		BestEpoch: s.BestEpoch, TrainSeconds: s.TrainSeconds, FinetuneSeconds: s.FinetuneSeconds,
		Network: r.full, Pruned: small, Config: string(r.c.YAML()), Command: commandsText(r.sessions)}, nil
}

// phases turns the epoch lines of the metrics log into curves.
func phases(records []train.Record) []report.Phase {
	var out []report.Phase
	for _, rec := range records {
		if rec.Kind != "epoch" {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Name != rec.Phase {
			out = append(out, report.Phase{Name: rec.Phase})
		}
		p := report.Point{Epoch: rec.Epoch, TrainLoss: rec.Loss, Zeros: rec.Zeros, LR: rec.LR,
			ValLoss: math.NaN(), ValAccuracy: math.NaN(), RobustAccuracy: math.NaN(), ParamsLeft: math.NaN(), MACsLeft: math.NaN()}
		if l := rec.Remaining; l != nil {
			p.ParamsLeft, p.MACsLeft = l.ParamShare, l.MACShare
		}
		if rec.Val != nil {
			p.ValLoss = rec.Val.Loss
			if !rec.Val.NoAccuracy {
				p.ValAccuracy = rec.Val.Accuracy
			}
		}
		if rec.Robust != nil {
			p.RobustAccuracy = rec.Robust.Accuracy
		}
		for _, t := range rec.Terms {
			p.Penalty += t.Value
			p.GroupsZero += float64(t.Zero)
			p.GroupsTotal += float64(t.Groups)
			if q := t.Norms; q != nil {
				p.Norms = append(p.Norms, report.Norms{Term: t.Name, Quantiles: [5]float64{q.Min, q.Tenth, q.Median, q.Ninety, q.Max}})
			}
		}
		p.Gates = rec.Gates
		last := &out[len(out)-1]
		last.Epochs = append(last.Epochs, p)
	}
	return out
}

// Command checkrun checks the promises of a finished run folder: the summary's
// counts fit each other, no test prediction was lost at removal, the
// certificate holds, and the exported files read back to the same network.
//
//	go run ./scripts/checkrun [-accuracy 0.9] [-macs 0.7] RUN [RUN ...]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"pare/export"
	"pare/run"
)

func main() {
	accuracy := flag.Float64("accuracy", 0, "least final test accuracy")
	macs := flag.Float64("macs", 1, "largest share of multiply-accumulates that may be left")
	flag.Parse()
	failed := false
	for _, dir := range flag.Args() {
		if err := check(dir, *accuracy, *macs); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", dir, err)
			failed = true
		}
	}
	if failed || flag.NArg() == 0 {
		os.Exit(1)
	}
}

func check(dir string, accuracy, macs float64) error {
	text, err := os.ReadFile(filepath.Join(dir, run.SummaryFile))
	if err != nil {
		return err
	}
	var s run.Summary
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if s.CorrectBeforePrune != s.CorrectAfterPrune {
		return fmt.Errorf("%d test examples correct before removal, %d after", s.CorrectBeforePrune, s.CorrectAfterPrune)
	}
	if s.Certificate.MaxRelDiff > 1e-5 {
		return fmt.Errorf("certificate %g is above 1e-5", s.Certificate.MaxRelDiff)
	}
	if s.AccuracyFinal < accuracy {
		return fmt.Errorf("the final accuracy is %.4f, below %g", s.AccuracyFinal, accuracy)
	}
	if left := float64(s.MACsAfter) / float64(s.MACsBefore); left > macs {
		return fmt.Errorf("%.3f of the multiply-accumulates are left, more than %g", left, macs)
	}
	saved, err := export.Load(dir)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, export.ONNXFile))
	if err != nil {
		return err
	}
	onnx, err := export.ReadONNX(data)
	if err != nil {
		return err
	}
	for _, m := range []export.Model{saved, onnx} {
		if c := m.Net.Count(); c.Params != s.ParamsAfter || c.MACs != s.MACsAfter {
			return fmt.Errorf("an exported network has %d parameters and %d MACs, the summary says %d and %d",
				c.Params, c.MACs, s.ParamsAfter, s.MACsAfter)
		}
	}
	fmt.Printf("%s: %d of %d correct right before and after removal, %d at the end; "+
		"certificate %.2g; parameters %d to %d, MACs %d to %d; removed %+v\n",
		dir, s.CorrectAfterPrune, s.TestExamples, s.CorrectFinal, s.Certificate.MaxRelDiff,
		s.ParamsBefore, s.ParamsAfter, s.MACsBefore, s.MACsAfter, s.Removed)
	return nil
}

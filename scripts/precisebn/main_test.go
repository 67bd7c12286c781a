package main

import (
	"os"
	"path/filepath"
	"testing"
)

// shrinking has scales that fall fast, and statistics that would be far behind.
const shrinking = `name: shrinking
seed: 1
data: {dataset: digits, train: 1024, validation: 370, test: 100}
model:
  layers:
    - conv: {out: 8, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - conv: {out: 8, kernel: 3, pad: 1, no_bias: true}
    - batchnorm
    - relu
    - globalpool
    - linear: {out: 10}
train: {epochs: 8, batch: 64, optimizer: {type: sgd, lr: 0.1, momentum: 0.9}}
penalties: [{type: group_lasso, on: channels, lambda: 0.01, ramp: 3}]
prune: {every: 10}
finetune: {epochs: 1, optimizer: {lr: 0.05}}
`

// TestReportedAccuracies: those of all epochs, of a network that shrinks as well, agree
// with the independent way. Without statistics of the present weights they do not.
func TestReportedAccuracies(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shrinking.yaml")
	if err := os.WriteFile(path, []byte(shrinking), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &checker{limit: 2, share: 100, images: 1024}
	if err := c.run(path, nil, filepath.Join(dir, "run")); err != nil {
		t.Error(err)
	}
	if c.trained == 0 {
		t.Error("nothing was checked")
	}
}

package run

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// minorityTable is a table whose minority B goes by a flag.
func minorityTable(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	b := strings.Builder{}
	b.WriteString("x1,x2,flag,group,lonely,y\n")
	for i := range 400 {
		x, group, flag, lonely := r.NormFloat64(), "A", "off", "L"
		score := x
		if i%8 == 0 {
			group, flag, score = "B", []string{"up", "down"}[i/8%2], []float64{1, -1}[i/8%2]
		}
		if i < 8 {
			lonely = fmt.Sprint("M", i)
		}
		y := "no"
		if score > 0 {
			y = "yes"
		}
		fmt.Fprintf(&b, "%.4f,%.4f,%s,%s,%s,%s\n", x, r.NormFloat64(), flag, group, lonely, y)
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const minorityConfig = `
data: {dataset: table, file: people.csv, target: y, drop: [group, lonely], validation: 0, test: 0.3}
model: {type: mlp, hidden: [8]}
train: {epochs: 4, batch: 20, optimizer: {type: sgd, lr: 0.1}}
penalties: [{type: group_lasso, on: input_features, lambda: 0.01, scale: none}]
`

// TestWorstGroupResumes: the weights of groups are part of a checkpoint.
func TestWorstGroupResumes(t *testing.T) {
	interruptEverywhere(t, parse(t, minorityConfig, "data.file="+minorityTable(t), "train.groups={by: group, loss: worst, rate: 0.5, adjust: 1}"), 4)
}

// TestTrainGroupsCount: groups count otherwise than by their size, and weights of variables other
// than alike, so that the trained network differs; weights of 1 change nothing but the last bits.
func TestTrainGroupsCount(t *testing.T) {
	file := minorityTable(t)
	losses := map[string]float64{}
	for _, set := range []string{"seed=1", "train.groups={by: group, loss: balanced}", "train.groups={by: group, loss: weights, weights: {A: 1, B: 1}}",
		"train.groups={by: group, loss: worst}", "penalties.0.weights={usage: 1}", "penalties.0.weights={protect: {columns: x*, strength: 1}}"} {
		losses[set] = finish(t, parse(t, minorityConfig, "data.file="+file, set)).LossFinal
	}
	for set, loss := range losses {
		same := set == "seed=1" || strings.Contains(set, "A: 1")
		if d := loss - losses["seed=1"]; (d > -1e-5 && d < 1e-5) != same {
			t.Errorf("%s: loss %g, without it %g", set, loss, losses["seed=1"])
		}
	}
}

// TestTrainGroupsBadInput: one line, with the key at fault.
func TestTrainGroupsBadInput(t *testing.T) {
	file := minorityTable(t)
	weights := filepath.Join(t.TempDir(), "w.csv")
	if err := os.WriteFile(weights, []byte("variable,weight\nsex,0.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]string{
		"train.groups={by: y, loss: worst}":                              "train.groups.by names y, which is the target",
		"train.groups={by: lonely, loss: worst}":                         "has 1 row; a group needs at least two",
		"train.groups={by: sex, loss: worst}":                            "train.groups.by names a column that is not there",
		"train.groups={by: group, loss: weights, weights: {C: 2}}":       "train.groups.weights names C, which is no group",
		"train.groups={by: group, loss: weights, weights: {A: 0, B: 0}}": "train.groups.weights gives all groups the weight 0, so nothing is learned; give one of them more",
		"penalties.0.weights={protect: {columns: sex, strength: 1}}":     "penalties.0.weights.protect.columns names sex, which is no variable of the input; the variables are flag, x1, x2",
		"penalties.0.factors={flg: 0}":                                   `"flg" matches no layer, parameter or variable of the penalty; there are flag, `,
		"audit={by: 'group,flag'}":                                       `audit.by names a column that is not there: people.csv: no column "group,flag"; the columns are x1, x2, flag, group, lonely, y; several columns are a list: [group,flag]`,
		"penalties.0.weights={file: " + weights + "}":                    "penalties.0.weights.file weighs sex, which is no variable of the input",
		"penalties.0.weights={file: nowhere.csv}":                        "penalties.0.weights.file cannot be read: nowhere.csv: there is no such file",
	} {
		_, _, err := Plan(context.Background(), parse(t, minorityConfig, "data.file="+file, set), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
	_, _, err := Plan(context.Background(), parse(t, base+perceptron, "train.groups={by: hand, loss: worst}"), nil)
	if want := "train.groups.file is missing: the examples of digits have no columns; give a table with a row for each training example"; err == nil ||
		!strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestWeightsAreTold: summary.json and the reports have the weights that groups and variables had.
func TestWeightsAreTold(t *testing.T) {
	file := minorityTable(t)
	r := finish(t, parse(t, minorityConfig, "data.file="+file, "train.groups={by: group, loss: balanced}", "penalties.0.weights={usage: 1}"))
	g := r.TrainGroups
	if len(g) != 2 || g[0].Name != "A" || g[0].Rows+g[1].Rows != 280 || math.Abs(float64(g[0].Rows)*g[0].Weight-140) > 1e-9 || math.Abs(float64(g[1].Rows)*g[1].Weight-140) > 1e-9 {
		t.Errorf("groups %+v", g)
	}
	w := r.PenaltyWeights
	if len(w) != 1 || w[0].Penalty != "group_lasso(input_features)" || math.Abs(w[0].Factors["flag"]-float64(g[1].Rows)/280) > 1e-9 {
		t.Errorf("penalty weights %+v, groups %+v", w, g)
	}
	page := r.read(t, ReportFile)
	for _, want := range []string{fmt.Sprintf("A %.3g, B %.3g", g[0].Weight, g[1].Weight), fmt.Sprintf("flag %.3g, x1 ", w[0].Factors["flag"])} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the report", want)
		}
	}
	r = finish(t, parse(t, minorityConfig, "data.file="+file, "train.groups={by: group, loss: worst, rate: 0.5}"))
	if g := r.TrainGroups; len(g) != 2 || math.Abs(g[0].Weight+g[1].Weight-1) > 1e-6 || g[0].Weight == g[1].Weight {
		t.Errorf("worst groups %+v", g)
	}
}

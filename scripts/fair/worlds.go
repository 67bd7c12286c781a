package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"pare/datasets"
)

// minority is the group that follows a rule of its own.
const minority = "B"

// world is data with a planted minority, the config that all ways share and the ways to train.
type world struct {
	name      string
	write     func(dir string, seed uint64) error
	config    string
	strengths []float64
	ways      []way
}

type way struct {
	name string
	set  []string // overrides; DATA is the folder of the data
}

var worlds = []world{
	{"table", writeTable, tableConfig, []float64{0.02, 0.05, 0.1}, []way{
		{"uniform", nil},
		{"weights by use", []string{"penalties.0.weights.usage=1"}},
		{"protected", []string{"penalties.0.weights.protect.columns=flag", "penalties.0.weights.protect.strength=0.9"}},
		{"balanced", []string{"train.groups.by=group", "train.groups.loss=balanced"}},
		{"worst group", []string{"train.groups.by=group", "train.groups.loss=worst", "train.groups.rate=0.1"}},
	}},
	{"images", writeImages, imagesConfig, []float64{0.01, 0.015, 0.02}, []way{
		{"uniform", nil},
		{"balanced", []string{"train.groups.by=group", "train.groups.file=DATA/groups.csv", "train.groups.loss=balanced"}},
		{"weight 4", []string{"train.groups.by=group", "train.groups.file=DATA/groups.csv", "train.groups.loss=weights", "train.groups.weights={B: 4}"}},
		{"worst group", []string{"train.groups.by=group", "train.groups.file=DATA/groups.csv", "train.groups.loss=worst", "train.groups.rate=0.1"}},
	}},
}

const tableConfig = `data: {dataset: table, file: people.csv, target: y, drop: group, test: 0.4, validation: 0}
model: {type: mlp, hidden: [16]}
train: {epochs: 40, batch: 50, optimizer: {type: sgd, lr: 0.05}, schedule: {type: cosine}}
penalties:
  - {type: group_lasso, on: input_features, lambda: 0.05, scale: none}
audit: {by: group, resamples: 0}
`

// writeTable writes people of which 6 % are the minority: its outcome goes by a flag that nobody
// else has, the outcome of the others by three of twelve measurements.
func writeTable(dir string, seed uint64) error {
	const n, measurements = 8000, 12
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for j := range measurements {
		fmt.Fprintf(&b, "x%d,", j+1)
	}
	b.WriteString("flag,group,y\n")
	for range n {
		var x [measurements]float64
		for j := range x {
			x[j] = r.NormFloat64()
			fmt.Fprintf(&b, "%.5f,", x[j])
		}
		group, flag := "A", "zero"
		score := 2*x[0] + 1.6*x[1] - 1.6*x[2]
		if r.Float64() < 0.06 {
			group, flag, score = minority, "plus", 2+0.3*x[0]
			if r.Float64() < 0.5 {
				flag, score = "minus", -2+0.3*x[0]
			}
		}
		u := r.Float64()
		y := "no"
		if score+0.5*math.Log(u/(1-u)) > 0 {
			y = "yes"
		}
		fmt.Fprintf(&b, "%s,%s,%s\n", flag, group, y)
	}
	return os.WriteFile(filepath.Join(dir, "people.csv"), []byte(b.String()), 0o600)
}

const imagesConfig = `data: {dataset: images, dir: pictures, test: 0.4, validation: 0, normalize: unit, channels: grey}
model: {type: mlp, hidden: [32]}
train: {epochs: 40, batch: 32, optimizer: {type: sgd, lr: 0.1}, schedule: {type: cosine}}
penalties:
  - {type: group_lasso, on: input_features, lambda: 0.02, scale: none}
audit: {by: group, file: groups.csv, resamples: 0}
`

// writeImages writes the built-in digits, 8×8 pixels over two empty rows, and their groups. The
// minority, a tenth, has noise in place of the digit, and one of ten pixels below says which it
// was.
func writeImages(dir string, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 2))
	kind, err := datasets.Kinds.New("digits")
	if err != nil {
		return err
	}
	set, err := datasets.Load(context.Background(), "digits", kind, datasets.Options{})
	if err != nil {
		return err
	}
	groups := strings.Builder{}
	groups.WriteString("file,group\n")
	at := 0
	for _, part := range []datasets.Part{set.Train, set.Test} {
		x, y := make([]float32, 64), make([]float32, 1)
		for i := range part.Len() {
			if err := part.Fill(x, y, []int{i}, datasets.Draw{}); err != nil {
				return err
			}
			group := "A"
			if r.Float64() < 0.1 {
				group = minority
			}
			picture := image.NewGray(image.Rect(0, 0, 8, 10))
			for k, v := range x {
				if group == minority {
					v = r.Float32() * 0.3
				}
				picture.SetGray(k%8, k/8, color.Gray{Y: uint8(math.Round(255 * float64(min(max(v, 0), 1))))})
			}
			if group == minority {
				k := int(y[0])
				picture.SetGray(k%8, 8+k/8, color.Gray{Y: 255})
			}
			folder := filepath.Join(dir, "pictures", fmt.Sprint(y[0]))
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			name := fmt.Sprintf("%04d.png", at)
			at++
			file, err := os.Create(filepath.Join(folder, name))
			if err != nil {
				return err
			}
			if err := png.Encode(file, picture); err != nil {
				file.Close()
				return err
			}
			if err := file.Close(); err != nil {
				return err
			}
			fmt.Fprintf(&groups, "%s,%s\n", name, group)
		}
	}
	return os.WriteFile(filepath.Join(dir, "groups.csv"), []byte(groups.String()), 0o600)
}

package app

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
)

// imageNet is the normalisation of images that most networks of ImageNet were trained with: red, green and
// blue of values in 0..1.
var imageNet = export.Preprocess{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}

// imageFlags say how image files become inputs of a network whose file does not say so, as of
// networks that other programs trained.
type imageFlags struct {
	mean, std string
	imageNet  bool
	size      int
}

func (i *imageFlags) define(f *flags) {
	f.StringVar(&i.mean, "mean", "", "for models that do not say how images become inputs: `mean` of each channel of values in 0..1, "+
		"such as 0.5,0.5,0.5, or of all channels")
	f.StringVar(&i.std, "std", "", "with -mean: `deviation` of each channel, or of all")
	f.BoolVar(&i.imageNet, "imagenet", false, "as -mean 0.485,0.456,0.406 -std 0.229,0.224,0.225")
	f.IntVar(&i.size, "size", 0, "for the same models: resize the shorter side of images to `N` pixels and cut out the middle; "+
		"0: stretch images to the network's size")
	f.within(atLeast(0), "size")
}

// names are the options.
func (imageFlags) names() []string { return []string{"mean", "std", "imagenet", "size"} }

// complete gives a model a recipe of images where it has none: the one that the options name or,
// for networks that belong to no run, a default. It says on standard error which one it is.
func (i *imageFlags) complete(m *export.Model, ofRun bool, f *flags) error {
	given := ""
	for _, name := range i.names() {
		if given == "" && f.given(name) {
			given = name
		}
	}
	s := m.Net.Input
	images := len(s) == 3 && (s[0] == 1 || s[0] == 3) && m.Net.Vocabulary == 0
	switch {
	case given != "" && m.Recipe != nil:
		return cli.InputError("-%s: the model says how files become its inputs; leave the option out", given)
	case given != "" && !images:
		return cli.InputError("-%s: it is for images of one or three channels, the network takes %s", given, s)
	case m.Recipe != nil || !images || ofRun && given == "":
		return nil
	case i.size != 0 && i.size < max(s[1], s[2]):
		return cli.InputError("-size is %d, the network takes %d×%d pixels; it must not be smaller", i.size, s[1], s[2])
	}
	m.Recipe = &datasets.ImageRecipe{Channels: s[0], Height: s[1], Width: s[2], Shorter: i.size, Resized: true}
	by, err := i.normalize(m)
	if err != nil {
		return err
	}
	how := fmt.Sprintf("stretched to %d×%d pixels", s[1], s[2])
	if i.size != 0 {
		how = fmt.Sprintf("shorter side resized to %d, the middle %d×%d pixels", i.size, s[1], s[2])
	}
	f.note("images: %s, %s", how, by)
	return nil
}

// normalize sets the preprocessing that the options name, and describes the one in use.
func (i *imageFlags) normalize(m *export.Model) (by string, err error) {
	channels := m.Net.Input[0]
	switch {
	case i.imageNet && (i.mean != "" || i.std != ""):
		return "", cli.InputError("-imagenet names means and deviations; leave -mean and -std out")
	case i.imageNet && channels != 3:
		return "", cli.InputError("-imagenet: it is for images of three channels, the network takes %s", m.Net.Input)
	case (i.mean == "") != (i.std == ""):
		return "", cli.InputError("-mean and -std go together; give both")
	case i.imageNet:
		m.Preprocess, by = imageNet, "of ImageNet"
	case i.mean != "":
		mean, err := perChannel("mean", i.mean, channels, false)
		if err != nil {
			return "", err
		}
		std, err := perChannel("std", i.std, channels, true)
		if err != nil {
			return "", err
		}
		m.Preprocess, by = export.Preprocess{Mean: mean, Std: std}, "as given"
	case len(m.Preprocess.Mean) == 0:
		return "values in 0..1 as they are; if the network was trained with means and deviations, give -imagenet, or -mean and -std", nil
	default:
		by = "of the model"
	}
	return fmt.Sprintf("mean %s and deviation %s %s", joined(m.Preprocess.Mean), joined(m.Preprocess.Std), by), nil
}

// perChannel reads a number for each channel, or one for all.
func perChannel(option, text string, channels int, positive bool) ([]float32, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 1 && len(parts) != channels {
		return nil, cli.InputError("-%s has %d numbers, the network takes images of %d channels", option, len(parts), channels)
	}
	out := make([]float32, channels)
	for c := range out {
		part := parts[min(c, len(parts)-1)]
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || positive && v <= 0 {
			want := "a number"
			if positive {
				want = "a number above 0"
			}
			return nil, cli.InputError("-%s: %q is not %s", option, part, want)
		}
		out[c] = float32(v)
	}
	return out, nil
}

// joined writes numbers as the options take them.
func joined(values []float32) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = number(v)
	}
	return strings.Join(parts, ",")
}

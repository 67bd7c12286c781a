package run

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"

	"pare/datasets"
	"pare/report"
	"pare/stat/audit"
)

// mostPictures is how many changed images a report shows, at most.
const mostPictures = 48

// Report is the audit as reports show it.
func (a *Audit) Report() (*report.Audit, error) {
	pictures, err := a.pictures()
	return &report.Audit{Examples: a.Examples, Positive: a.Positive, Stages: a.Stages, Networks: a.Networks, Against: a.Before != nil,
		Resamples: a.Resamples, Confidence: a.Confidence, Tables: a.Tables, Changed: a.Changed, Notes: a.Notes, Pictures: pictures}, err
}

// pictures are the first of the changed images, those first that all networks agree on; nil for
// other data.
func (a *Audit) pictures() ([]report.ChangedPicture, error) {
	images := a.examined.data.Set.Images()
	if images == nil || a.Changed == nil || images.C != 1 && images.C != 3 {
		return nil, nil
	}
	rows := slices.Clone(a.Changed.Rows)
	slices.SortStableFunc(rows, func(x, y audit.Changed) int {
		return cmp.Compare(y.BeforeVotes+y.AfterVotes, x.BeforeVotes+x.AfterVotes)
	})
	e := a.examined
	var out []report.ChangedPicture
	for _, r := range rows[:min(len(rows), mostPictures)] {
		picture, err := e.picture(r.Row, images)
		if err != nil {
			return nil, err
		}
		classes := fmt.Sprintf("%s: %s → %s", e.class(r.Truth), e.class(r.Before), e.class(r.After))
		p := report.ChangedPicture{PNG: picture, Lines: []string{classes}}
		for _, c := range e.columns {
			p.Lines = append(p.Lines, c.Values[c.Codes[r.Row]])
		}
		out = append(out, p)
	}
	return out, nil
}

// picture is a test image as its pixels were before they were normalised.
func (e *examined) picture(row int, like *datasets.Split) ([]byte, error) {
	d := e.data
	x, y := make([]float32, d.Set.Task.Size()), make([]float32, 1)
	if err := d.Set.Test.Fill(x, y, []int{e.index[row]}, datasets.Draw{}); err != nil {
		return nil, err
	}
	pixel := func(at, channel int) uint8 {
		v := x[at*like.C+channel]
		if channel < len(d.norm.Mean) {
			v = v*d.norm.Std[channel] + d.norm.Mean[channel]
		}
		return uint8(255*min(max(v, 0), 1) + 0.5)
	}
	im := image.NewRGBA(image.Rect(0, 0, like.W, like.H))
	for at := range like.W * like.H {
		c := color.RGBA{A: 255}
		for k, to := range []*uint8{&c.R, &c.G, &c.B} {
			*to = pixel(at, k%like.C)
		}
		im.SetRGBA(at%like.W, at/like.W, c)
	}
	var b bytes.Buffer
	err := png.Encode(&b, im)
	return b.Bytes(), err
}

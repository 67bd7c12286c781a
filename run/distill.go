package run

import (
	"slices"

	"pare/config"
	"pare/datasets"
	"pare/export"
	"pare/train"
)

// distillation is the teacher of a phase; nil: the config names none. A plan, which has no run
// folder yet, checks a run that teaches itself with the untrained network.
func (r *runner) distillation(p phase) (*train.Distillation, error) {
	d := p.distill
	if d == nil {
		return nil, nil
	}
	form := targetForm(r.data.Set.Task)
	form.Units = r.data.Set.TargetScale.Std
	out := &train.Distillation{Teacher: p.net, Form: form, DistillSpec: d.DistillSpec}
	self := d.Run == config.SelfTeacher
	if self && r.folder == "" {
		return out, nil
	}
	var m export.Model
	var err error
	if self {
		m, err = export.Load(r.folder.path(trainedDir))
	} else {
		var a *Artifact
		if a, err = OpenArtifact(d.Run); err == nil {
			m, err = a.Final()
		}
	}
	key := p.name + ".distill.run"
	if err != nil {
		return nil, r.c.Locate(key, err)
	}
	if err := train.TeacherFits(m.Net, p.net); err != nil {
		return nil, r.c.Errorf(key, "%s cannot teach: %s", d.Run, err)
	}
	if err := sameClasses(m, r.data); err != nil {
		return nil, r.c.Errorf(key, "%s cannot teach: %s", d.Run, err)
	}
	if want := OutputsOf(r.data.Set.Task); m.Outputs != "" && m.Outputs != want {
		return nil, r.c.Errorf(key, "%s cannot teach: its outputs are %s, targets of %s are %s", d.Run, m.Outputs, r.c.Data.Dataset, want)
	}
	out.Teacher = m.Net
	out.Scale, out.Shift = renormalised(r.data.preprocess(), m.Preprocess)
	return out, nil
}

// renormalised is the factor and the shift of each unit that turn inputs normalised in one way
// into inputs normalised in another; nil where both are the same.
func renormalised(from, to export.Preprocess) (scale, shift []float32) {
	units := max(len(from.Mean), len(to.Mean))
	from, to = orUnit(from, units), orUnit(to, units)
	if slices.Equal(from.Mean, to.Mean) && slices.Equal(from.Std, to.Std) {
		return nil, nil
	}
	scale, shift = make([]float32, units), make([]float32, units)
	for u := range scale {
		scale[u] = from.Std[u] / to.Std[u]
		shift[u] = (from.Mean[u] - to.Mean[u]) / to.Std[u]
	}
	return scale, shift
}

// orUnit is the normalisation, or for none the one that leaves values as they are.
func orUnit(p export.Preprocess, units int) export.Preprocess {
	if len(p.Mean) > 0 {
		return p
	}
	all := datasets.Unit(units)
	return export.Preprocess{Mean: all.Mean, Std: all.Std}
}

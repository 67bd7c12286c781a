package imported

import (
	"slices"

	"pare/internal/kernel/resample"
)

// resampled is a layer upsample or adaptiveavgpool where pare writes it as products of rows and
// columns with matrices, because ONNX has no operator that all runtimes compute alike.
func resampled(im *importer, m match) (*value, error) {
	if im.static(m.values["x"]) || !im.static(m.values["rows"]) || !im.static(m.values["columns"]) {
		return nil, nil
	}
	rows, err := im.constant(m.values["rows"])
	if err != nil || len(rows.dims) != 2 {
		return nil, err
	}
	columns, err := im.constant(m.values["columns"])
	if err != nil || len(columns.dims) != 2 {
		return nil, err
	}
	if columns, err = columns.transposed([]int{1, 0}); err != nil {
		return nil, err
	}
	v, err := im.value(m.values["x"])
	if err != nil || len(v.shape) != 3 || !sameAxes(v.axes, im.channelsFirst(v.shape)) ||
		rows.dims[1] != int64(v.shape[1]) || columns.dims[1] != int64(v.shape[2]) || max(rows.dims[0], columns.dims[0]) > maxExtent {
		return nil, err
	}
	size := short([2]int64{rows.dims[0], columns.dims[0]}, false)
	for _, form := range []struct {
		kind string
		opts options
		axis func(in, out int) resample.Axis
	}{
		{"adaptiveavgpool", options{"out": size}, resample.Means},
		{"upsample", options{"size": size}, resample.Nearest},
		{"upsample", options{"size": size, "mode": "bilinear"}, func(in, out int) resample.Axis { return resample.Linear(in, out, false) }},
		{"upsample", options{"size": size, "mode": "bilinear", "align_corners": true},
			func(in, out int) resample.Axis { return resample.Linear(in, out, true) }},
	} {
		if resamples(rows, form.axis) && resamples(columns, form.axis) {
			return im.layer(im.name(form.kind, nil), form.kind, form.opts, nil, v)
		}
	}
	return nil, nil
}

// resamples reports whether a matrix [out, in] is the one of an axis.
func resamples(t *tensor, axis func(in, out int) resample.Axis) bool {
	values, err := t.values()
	return err == nil && slices.Equal(values, axis(int(t.dims[1]), int(t.dims[0])).Matrix())
}

func init() { register(resampled, "MatMul(rows, MatMul(x, columns))") }

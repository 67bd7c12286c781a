package imported

// strided is the form in which PyTorch's second exporter writes as_strided where it changes
// nothing but the shape: all values in a row, picked by the number of the example times its
// values plus the places 0, 1, … within the example.
func strided(im *importer, m match) (*value, error) {
	if im.static(m.values["x"]) || !im.static(m.values["within"]) || m.numbers["$from"] != 0 || m.numbers["$step"] != 1 {
		return nil, nil
	}
	v, err := im.view(m.values["x"])
	if err != nil {
		return nil, err
	}
	within, err := im.constant(m.values["within"])
	if err != nil {
		return nil, err
	}
	all, err := within.whole()
	if err != nil || len(v.axes) == 0 || len(all.dims) == 0 || all.dims[0] != 1 || all.ints == nil {
		return nil, err
	}
	for i, at := range all.ints {
		if int64(i) != at {
			return nil, nil
		}
	}
	if float64(len(all.ints)) != m.numbers["$stride"] {
		return nil, nil
	}
	dims := append([]int64{v.axes[0].length()}, all.dims[1:]...)
	return v.reshaped(dims)
}

func init() {
	index := "Add(Unsqueeze(Mul(Range($from, n, $step), $stride), axes), within)"
	for range 4 {
		register(strided, "Gather(Reshape(x, shape), "+index+")")
		index = "Add(" + index + ", 0)"
	}
}

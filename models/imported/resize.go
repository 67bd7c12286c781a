package imported

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/nn/onnx"
)

// resize is a layer upsample.
func resize(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	if len(v.shape) != 3 {
		return nil, errors.New("only images can be resized")
	}
	scales, sizes := 2, 3
	if n.Op == "Upsample" {
		scales, sizes = 1, -1
	}
	opts := options{}
	given, err := im.optional(n, scales)
	if err != nil {
		return nil, err
	}
	switch {
	case given != nil && given.len() == 4:
		h, w := given.at(2), given.at(3)
		if given.at(0) != 1 || given.at(1) != 1 || !(h > 0 && w > 0 && h <= maxExtent && w <= maxExtent) {
			return nil, fmt.Errorf("scales %v are not supported", given.floats)
		}
		rows, columns := h*float64(v.shape[1]), w*float64(v.shape[2])
		if h == math.Trunc(h) && w == math.Trunc(w) {
			opts["scale"] = short([2]int64{int64(h), int64(w)}, false)
		} else if rows == math.Trunc(rows) && columns == math.Trunc(columns) {
			opts["size"] = short([2]int64{int64(rows), int64(columns)}, false)
		} else {
			return nil, fmt.Errorf("scales %v of an image %s do not give whole rows and columns", given.floats, v.shape)
		}
	case sizes > 0:
		size, err := im.constant(input(n, sizes))
		if err != nil {
			return nil, err
		}
		list, err := wholeNumbers(size)
		if err != nil {
			return nil, err
		}
		if len(list) != 4 || list[0] != v.axes[0].length() || list[1] != int64(v.shape[0]) ||
			min(list[2], list[3]) < 1 || max(list[2], list[3]) > maxExtent {
			return nil, fmt.Errorf("sizes %v are not supported", list)
		}
		opts["size"] = short([2]int64{list[2], list[3]}, false)
		if h, w := int64(v.shape[1]), int64(v.shape[2]); list[2]%h == 0 && list[3]%w == 0 {
			delete(opts, "size")
			opts["scale"] = short([2]int64{list[2] / h, list[3] / w}, false)
		}
	default:
		return nil, errors.New("it has neither scales nor sizes")
	}
	mode := stringAttr(n, "mode", "nearest")
	place := stringAttr(n, "coordinate_transformation_mode", "half_pixel")
	if n.Op == "Upsample" || im.opset < 11 {
		place = "asymmetric"
	}
	switch {
	case mode == "nearest" && (place == "asymmetric" || opts["scale"] != nil && place == "half_pixel"):
		rounding, want := stringAttr(n, "nearest_mode", "round_prefer_floor"), []string{"floor"}
		if place == "half_pixel" { // a whole factor never leaves a half to round
			want = []string{"round_prefer_floor", "round_prefer_ceil"}
		}
		if n.Op == "Resize" && im.opset > 10 && !slices.Contains(want, rounding) {
			return nil, fmt.Errorf("nearest_mode %q with coordinates %q is not supported; %s is", rounding, place, want[0])
		}
	case mode == "linear" && (place == "half_pixel" || place == "pytorch_half_pixel"):
		opts["mode"] = "bilinear"
	case mode == "linear" && place == "align_corners":
		opts["mode"], opts["align_corners"] = "bilinear", true
	default:
		return nil, fmt.Errorf("mode %q with coordinates %q is not supported; PyTorch's nearest and bilinear are", mode, place)
	}
	return im.layer(im.name("upsample", nil), "upsample", opts, nil, v)
}

// depthToSpace is a layer pixelshuffle.
func depthToSpace(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	factor := intAttr(n, "blocksize", 0)
	if factor < 1 || factor > maxExtent || len(v.shape) != 3 || int64(v.shape[0])%(factor*factor) != 0 {
		return nil, fmt.Errorf("blocksize %d does not fit %s", factor, v)
	}
	if mode := stringAttr(n, "mode", "DCR"); mode == "DCR" { // the places within a block count before the channels
		places := int(factor * factor)
		index := make([]int, v.shape[0])
		for u := range index {
			index[u] = u%places*(len(index)/places) + u/places
		}
		if v, err = im.layer(im.name("select", nil), "select", options{"index": index}, nil, v); err != nil {
			return nil, err
		}
	}
	return im.layer(im.name("pixelshuffle", nil), "pixelshuffle", options{"factor": factor}, nil, v)
}

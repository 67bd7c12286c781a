package conv

// Patch copies the inputs that the outputs of a group weigh at a position to dst, in the order
// of the weights: [KH, KW, C/Groups]. image is one image [H, W, C], and positions count the
// rows of the output one after another. Inputs in the padding are 0.
func (s Shape) Patch(dst, image []float32, position, group int) {
	width := s.C / max(s.Groups, 1)
	y, x := position/s.OutW()*s.StrideH-s.PadH, position%s.OutW()*s.StrideW-s.PadW
	clear(dst[:s.KH*s.KW*width])
	dy, dx := max(1, s.DilationH), max(1, s.DilationW)
	for ky := range s.KH {
		row := y + ky*dy
		if row < 0 || row >= s.H {
			continue
		}
		for kx := range s.KW {
			column := x + kx*dx
			if column < 0 || column >= s.W {
				continue
			}
			from := (row*s.W+column)*s.C + group*width
			copy(dst[(ky*s.KW+kx)*width:][:width], image[from:][:width])
		}
	}
}

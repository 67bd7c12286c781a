package kernel

// Epilogue is what a convolution does with each part of its result while that
// is still in cache. The zero value leaves the result as it is.
type Epilogue struct {
	ReLU bool // max(·, 0); NaN stays NaN

	// Mean and Variance, [O], receive the mean and the biased variance of every
	// output channel over all images and positions; nil for none. Both or
	// neither; not together with ReLU.
	Mean, Variance []float32
}

// moments tells whether the epilogue asks for moments.
func (e Epilogue) moments() bool {
	if (e.Mean == nil) != (e.Variance == nil) || e.ReLU && e.Mean != nil {
		panic("kernel: epilogue with half of the moments, or with moments and ReLU")
	}
	return e.Mean != nil
}

// finish applies the epilogue to a finished result.
func (e Epilogue) finish(y []float32, channels int) {
	if e.ReLU {
		ReLU(y, y)
	}
	if e.moments() {
		BNMoments(e.Mean, e.Variance, y, len(y)/max(channels, 1), channels)
	}
}

package layers

import (
	"gorgonia.org/gorgonia"

	"pare/internal/kernel/sparse"
	"pare/internal/kernel/vector"
	"pare/nn"
)

// leastHidden is the number of weights of a matrix from which a feed-forward layer is computed as
// one.
const leastHidden = 1 << 12

// ffnForm is the form of the weight behind a hidden layer for the whole feed-forward layer.
type ffnForm struct {
	nn.Hidden
	bias *nn.Param
}

// FeedsForward implements nn.FeedForward. A weight with so many zeros that its compressed form is
// faster is no part of one.
func (l *Linear) FeedsForward(b *nn.Builder) (weight, bias *nn.Param) {
	in := l.weight.Size() / l.Out
	if l.readsTable() || l.weight.Size() < leastHidden || compress(b, l.weight, l.bias, in, l.Out) != nil {
		return nil, nil
	}
	return l.weight, l.bias
}

// feedForward is the whole feed-forward layer; the first call measures whether it is worth while.
func (l *Linear) feedForward(b *nn.Builder, h nn.Hidden) *sparse.FFN {
	in := h.First.Size() / (l.weight.Size() / l.Out)
	return nn.MakeFrozen(b, l.weight, ffnForm{h, l.bias}, func() *sparse.FFN {
		return sparse.NewFFN(sparse.FFNWeights{In: in, Hidden: h.First.Size() / in, Out: l.Out, Threshold: float32(h.Threshold),
			First: h.First.Data(), FirstBias: valuesOf(h.FirstBias), Up: valuesOf(h.Up), UpBias: valuesOf(h.UpBias),
			Down: l.weight.Data(), DownBias: valuesOf(l.bias)}, b.Zeros())
	})
}

// SkipsHidden implements nn.FeedForward.
func (l *Linear) SkipsHidden(b *nn.Builder, h nn.Hidden, rows int) bool {
	return l.feedForward(b, h).Skips(rows)
}

// BuildFeedForward implements nn.FeedForward.
func (l *Linear) BuildFeedForward(b *nn.Builder, x *gorgonia.Node, h nn.Hidden, e nn.Epilogue) (*gorgonia.Node, error) {
	out := x.Shape().Clone()
	rows := out.TotalSize() / out[len(out)-1]
	out[len(out)-1] = l.Out
	f := l.feedForward(b, h)
	run := f.Run()
	run.Counts.First, run.Counts.Down = b.CountsOf(h.FirstName), b.Counts()
	if h.Up != nil {
		run.Counts.Up = b.CountsOf(h.UpName)
	}
	return applyRows("ffn", ffnRows{run}, rows, out, e, x)
}

// ffnRows is a feed-forward layer as a rowsKernel.
type ffnRows struct{ *sparse.FFNRun }

func (r ffnRows) Forward(y, x []float32, rows int, relu bool) {
	if r.FFNRun.Forward(y, x, rows); relu {
		vector.ReLU(y, y)
	}
}

package pare

import (
	"context"

	"pare/internal/fault"
	"pare/run"
	"pare/train"
)

// predictBatch is how many examples are computed at once, at most.
const predictBatch = 64

// Predict computes the outputs for examples: x holds them one after the other, channels first,
// with the values that the network was trained on, before m.Preprocess (of images 0..1). An
// answer has the probabilities of classes or labels in the order of m.Classes, or numbers; of a
// network with an output at every position [K, T], the T values of the first, then of the
// second. The end of ctx is train.ErrInterrupted.
func Predict(ctx context.Context, m Model, x []float32) (answers [][]float32, err error) {
	defer fault.Recover(&err)
	if err := whole(ctx, m); err != nil {
		return nil, err
	}
	in, err := examples(m, x)
	if err != nil || len(in) == 0 {
		return nil, err
	}
	shape, meaning := m.Net.Output().Shape, m.Meaning()
	size, units := m.Net.Input.Size(), shape.Units()
	batch := m.Net.BatchUpTo(min(predictBatch, len(in)/size))
	values := make([]float64, units)
	source := run.Examples{X: in, Size: size, Batch: batch}
	err = run.Logits(ctx, m.Net, source, batch, func(b train.Batch, logits []float32) error {
		for k := range b.N {
			answer := logits[k*shape.Size():][:shape.Size()]
			for at := 0; at < len(answer); at += units {
				for i, v := range answer[at:][:units] {
					values[i] = float64(v)
				}
				meaning.Interpret(values)
				for i, v := range values {
					answer[at+i] = float32(v)
				}
			}
			answers = append(answers, run.ChannelsFirst(answer, shape))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

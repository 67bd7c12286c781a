package train

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"pare/layers"
	"pare/layers/layertest"
	"pare/nn"
)

const (
	streamRows   = 3
	streamWindow = 4
	streamTokens = 5
	memoryDecay  = 0.5
)

// stream is a source of tokens in windows. Row r of the batches reads a text of
// its own; with carry each batch goes on where the one before ended.
type stream struct {
	text    [streamRows][]float32 // one more than the tokens that are read
	carry   bool
	corrupt bool // the first batch claims to go on
}

func newStream(windows int, carry bool) *stream {
	s := &stream{carry: carry}
	rng := rand.New(rand.NewPCG(3, 4))
	for r := range s.text {
		for range windows*streamWindow + 1 {
			s.text[r] = append(s.text[r], float32(rng.IntN(streamTokens)))
		}
	}
	return s
}

func (s *stream) BatchSize() int { return streamRows }
func (s *stream) Batches() int   { return len(s.text[0]) / streamWindow }

func (s *stream) Epoch(_ context.Context, _ uint64, first int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for b := first; b < s.Batches(); b++ {
			batch := Batch{N: streamRows, Continues: s.carry && b > 0 || s.corrupt}
			for _, text := range s.text {
				batch.X = append(batch.X, text[b*streamWindow:][:streamWindow]...)
				batch.Y = append(batch.Y, text[b*streamWindow+1:][:streamWindow]...)
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

func (s *stream) All(ctx context.Context) iter.Seq2[Batch, error] { return s.Epoch(ctx, 0, 0) }

func memoryNet(t *testing.T, seed uint64) *nn.Network {
	t.Helper()
	net, err := nn.New("memory", nn.Shape{1, streamWindow}, rand.New(rand.NewPCG(seed, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net.Vocabulary = streamTokens
	if err := net.Add("memory", &layertest.Memory{Tokens: streamTokens, Out: streamTokens, Decay: memoryDecay}); err != nil {
		t.Fatal(err)
	}
	return net
}

// byHand is the mean loss of every batch of the stream, computed in one go over
// each row's text.
func (s *stream) byHand(t *testing.T, net *nn.Network) []float64 {
	t.Helper()
	weight := net.Params()[0].Data()
	out := make([]float64, s.Batches())
	for _, text := range s.text {
		h := make([]float32, streamTokens)
		for at, token := range text[:len(text)-1] {
			if !s.carry && at%streamWindow == 0 {
				clear(h)
			}
			for u := range h {
				h[u] = memoryDecay*h[u] + weight[int(token)*streamTokens+u]
			}
			loss, _, err := CrossEntropyScore(h, text[at+1])
			if err != nil {
				t.Fatal(err)
			}
			out[at/streamWindow] += loss / (streamRows * streamWindow)
		}
	}
	return out
}

func TestEvaluationCarriesState(t *testing.T) {
	net := memoryNet(t, 1)
	losses := map[bool]float64{}
	for _, carry := range []bool{true, false} {
		s := newStream(6, carry)
		want := 0.0
		for _, l := range s.byHand(t, net) {
			want += l / 6
		}
		e, err := NewEvaluator(net, streamRows, layers.CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second run must not go on from the first
			m, err := e.Run(t.Context(), s)
			if err != nil || math.Abs(m.Loss-want) > 1e-12 || m.N != 6*streamRows*streamWindow {
				t.Errorf("carry %t: %+v, %v; want a loss of %v", carry, m, err, want)
			}
		}
		losses[carry] = want
	}
	if losses[true] == losses[false] {
		t.Error("the state makes no difference")
	}
}

// TestTrainingCarriesState trains without changing anything, so that the loss of
// each step is that of the network at hand.
func TestTrainingCarriesState(t *testing.T) {
	for _, carry := range []bool{true, false} {
		net, s := memoryNet(t, 1), newStream(6, carry)
		log, err := OpenMetricsLog(filepath.Join(t.TempDir(), "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		o := Options{Train: s, Val: newStream(5, carry), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 1e-30},
			Epochs: 3, Log: log, LogEvery: 1}
		if _, err := mustNew(t, net, o).Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines, err := ReadMetrics(log.path)
		if err != nil {
			t.Fatal(err)
		}
		want, step := s.byHand(t, net), 0
		for _, l := range lines {
			if l.Kind != "step" {
				continue
			}
			if math.Abs(l.Loss-want[step%6]) > 1e-6 {
				t.Errorf("carry %t: step %d has loss %v, want %v", carry, step+1, l.Loss, want[step%6])
			}
			step++
		}
		if step != 18 {
			t.Errorf("%d steps", step)
		}
	}
}

func carrySession(t *testing.T, dir string, seed uint64, report Reporter) *Trainer {
	t.Helper()
	return mustNew(t, memoryNet(t, seed), Options{Train: newStream(7, true), Val: newStream(5, true), Loss: layers.CrossEntropy{},
		Optimizer: &SGD{LR: 0.5, Momentum: 0.9}, Epochs: 2, Dir: dir, Reporter: report})
}

// TestResumeCarriesState stops a training after each of its steps and goes on
// in a new Trainer: the result is that of the undisturbed one, bit for bit.
func TestResumeCarriesState(t *testing.T) {
	whole := carrySession(t, "", 1, nil)
	if _, err := whole.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for stop := 1; stop < 14; stop++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		first := carrySession(t, dir, 1, callback{step: func(s Status) {
			if s.Step == stop {
				cancel()
			}
		}})
		if _, err := first.Fit(ctx); !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		c, _, err := LatestCheckpoint(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.State) != 1 || len(c.State[0].Data) != streamRows*streamTokens || c.State[0].Data[0] == 0 {
			t.Fatalf("after step %d the state saved is %v", stop, c.State)
		}
		second := carrySession(t, "", 9, nil)
		if err := second.Resume(c); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		expectSame(t, "parameters", paramTensors(second.net), paramTensors(whole.net))
		if *second.val != *whole.val || second.pos.Last.Loss != whole.pos.Last.Loss {
			t.Errorf("stopped after step %d: validation %+v and loss %v, undisturbed %+v and %v",
				stop, *second.val, second.pos.Last.Loss, *whole.val, whole.pos.Last.Loss)
		}
	}
	// Between epochs there is nothing to keep.
	if c := whole.Checkpoint(); c.State != nil {
		t.Errorf("a checkpoint at the end has state %v", c.State)
	}
}

func TestResumeRefusesOtherState(t *testing.T) {
	at := func() *Checkpoint {
		tr := carrySession(t, "", 1, nil)
		tr.pos.Batch, tr.pos.Step = 2, 2
		c := *tr.Checkpoint()
		return &c
	}
	if err := carrySession(t, "", 1, nil).Resume(at()); err != nil {
		t.Errorf("as it was: %v", err)
	}
	for want, change := range map[string]func(*Checkpoint){
		"tensor memory.h is missing":      func(c *Checkpoint) { c.State = nil },
		"has 2 values, expected 15":       func(c *Checkpoint) { c.State = []NamedTensor{{"memory.h", make([]float32, 2)}} },
		"found tensor other":              func(c *Checkpoint) { c.State = []NamedTensor{{"other", make([]float32, 15)}} },
		"tensor memory.h is not expected": func(c *Checkpoint) { c.Position.Batch, c.Position.Step = 0, 0 },
	} {
		tr := carrySession(t, "", 1, nil)
		before := cloneTensors(tr.params)
		c := at()
		change(c)
		if err := tr.Resume(c); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		expectSame(t, "parameters after a refusal", tr.params, before)
	}
}

func TestFirstBatchCannotContinue(t *testing.T) {
	s := newStream(6, true)
	s.corrupt = true
	tr := mustNew(t, memoryNet(t, 1), Options{Train: s, Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.1}, Epochs: 1})
	if _, err := tr.Fit(t.Context()); err == nil || !strings.Contains(err.Error(), "epoch 1, batch 1: it goes on from a batch before it") {
		t.Errorf("error %v", err)
	}
}

// TestFingerprintOfTokens: the same layers with another vocabulary are another
// network.
func TestFingerprintOfTokens(t *testing.T) {
	a, b := memoryNet(t, 1), memoryNet(t, 1)
	b.Vocabulary++
	if Fingerprint(a) == Fingerprint(b) {
		t.Error("another vocabulary has the same fingerprint")
	}
}

// TestRegression: a loss of numbers is scored by its own measure.
func TestRegression(t *testing.T) {
	var _ Scorer = layers.MeanSquare{}
	net := toyNet(t, 1)
	data := newToy(40, 10, 1)
	m, err := Evaluate(t.Context(), net, regression{data}, 10, layers.MeanSquare{})
	if err != nil || m.N != 40*toyClasses || m.Loss <= 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	tr := mustNew(t, net, Options{Train: regression{newToy(512, 16, 1)}, Val: regression{data}, Loss: layers.MeanSquare{},
		Optimizer: NewAdam(0.01), Epochs: 6})
	res, err := tr.Fit(t.Context())
	if err != nil || res.Val.Loss > 0.5*m.Loss {
		t.Errorf("mean square error %+v before training, %+v after it, %v", m, res.Val, err)
	}
}

// regression turns a class into as many numbers as there are classes: a 1 among
// zeros.
type regression struct{ *toy }

func (r regression) one(batches iter.Seq2[Batch, error]) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for b, err := range batches {
			y := make([]float32, b.N*toyClasses)
			for i := range b.N {
				y[i*toyClasses+int(b.Y[i])] = 1
			}
			if b.Y = y; !yield(b, err) {
				return
			}
		}
	}
}

func (r regression) Epoch(ctx context.Context, epoch uint64, first int) iter.Seq2[Batch, error] {
	return r.one(r.toy.Epoch(ctx, epoch, first))
}

func (r regression) All(ctx context.Context) iter.Seq2[Batch, error] { return r.one(r.toy.All(ctx)) }

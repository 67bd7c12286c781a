// Package export writes networks with everything needed to use them, and reads them back:
// safetensors weights beside an architecture.json, and ONNX.
//
// A model read back computes exactly the same outputs as the written one. Weights have
// the same names, "layer.parameter", shapes and axis order, PyTorch's, in both
// formats. Files are replaced whole: a failure leaves the old file.
package export

import (
	"fmt"
	"math"
	"unicode/utf8"

	"pare/datasets"
	_ "pare/layers" // the kinds that files name
	"pare/nn"
)

// Model is a network with all that its users need to know.
//
// A network with a Vocabulary reads tokens. Where it predicts the token that
// follows, Classes are the tokens: the characters of a text, say.
type Model struct {
	Net        *nn.Network
	Preprocess Preprocess        // zero: inputs are fed as they are; tokens always are
	Classes    []string          // name of each output; empty where they have none
	Recipe     datasets.Recipe   // how files become inputs, before Preprocess; nil: not known
	Meta       map[string]string // free-form notes, such as the seed; may be nil
}

// Preprocess says how an input of values in 0..1 becomes the network's input:
// (x − Mean[c]) / Std[c] for channel c. Both are empty, for no change,
// or have one value a channel.
type Preprocess struct {
	Mean []float32 `json:"mean,omitempty"`
	Std  []float32 `json:"std,omitempty"` // above 0
}

// check reports parts of the model that do not fit the network.
func (m Model) check() error {
	if m.Net == nil || len(m.Net.Nodes) == 0 {
		return fmt.Errorf("the model has no network, or one without layers")
	}
	if err := m.Preprocess.check(m.Net.Input.Units()); err != nil {
		return err
	}
	if err := nn.CheckVocabulary(m.Net.Vocabulary, m.Net.Input); err != nil {
		return err
	}
	if m.Net.Vocabulary > 0 && len(m.Preprocess.Mean) > 0 {
		return fmt.Errorf("the network reads tokens, which have no mean and deviation; leave the preprocessing out")
	}
	outputs := m.Net.Output().Shape.Units()
	if len(m.Classes) > 0 && len(m.Classes) != outputs {
		return fmt.Errorf("%d class names for %d outputs", len(m.Classes), outputs)
	}
	if r := m.Recipe; r != nil {
		if err := r.Validate(); err != nil {
			return fmt.Errorf("recipe %s: %w", r.Kind(), err)
		}
		if r.Size() != m.Net.Input.Size() {
			return fmt.Errorf("recipe %s gives %d values an example, the network takes %d", r.Kind(), r.Size(), m.Net.Input.Size())
		}
	}
	for _, p := range m.Net.Params() {
		if err := checkFinite(p.Data()); err != nil {
			return fmt.Errorf("parameter %s: %w", p.Full, err)
		}
	}
	return m.checkTexts()
}

// checkFinite reports a value that no network computes with.
func checkFinite(values []float32) error {
	for i, v := range values {
		if v-v != 0 {
			return fmt.Errorf("value %d is %g, not a finite number", i, v)
		}
	}
	return nil
}

// checkTexts requires UTF-8, without which the files cannot hold a text.
func (m Model) checkTexts() error {
	texts := append([]string{m.Net.Name}, m.Classes...)
	for _, node := range m.Net.Nodes {
		texts = append(texts, node.Name)
	}
	for k, v := range m.Meta {
		texts = append(texts, k, v)
	}
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q is not valid UTF-8; choose another name", s)
		}
	}
	return nil
}

func (p Preprocess) check(channels int) error {
	if len(p.Mean) == 0 && len(p.Std) == 0 {
		return nil
	}
	if len(p.Mean) != channels || len(p.Std) != channels {
		return fmt.Errorf("preprocess has %d means and %d deviations for %d channels", len(p.Mean), len(p.Std), channels)
	}
	for c := range channels {
		mean, std := float64(p.Mean[c]), float64(p.Std[c])
		if !(math.Abs(mean) <= math.MaxFloat32) || !(std > 0 && std <= math.MaxFloat32) {
			return fmt.Errorf("preprocess: mean %g and deviation %g of channel %d are not usable; both must be finite and the deviation above 0",
				mean, std, c)
		}
	}
	return nil
}

package models_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	. "pare/models"
	"pare/nn"
)

// Tasks of sequences, as data give them.
var (
	text    = Task{Data: "text", Input: nn.Shape{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65}
	adding  = Task{Data: "adding", Input: nn.Shape{2, 50}, Targets: 1}
	rows    = Task{Data: "mnist", Input: nn.Shape{28, 28}, Classes: 10, Targets: 1}
	tagging = Task{Input: nn.Shape{3, 5}, Classes: 4, Targets: 5}
)

// Models say in one line which data they cannot read.
func TestModelsRefuseSequences(t *testing.T) {
	for _, model := range []string{"resnet", "lenet5", "cnn", "inception"} {
		for _, c := range []struct {
			task Task
			want string
		}{
			{text, model + " needs images, text gives sequences of 64 tokens"},
			{adding, model + " needs images, adding gives sequences of 50 vectors of 2"},
			{rows, model + " needs images, mnist gives sequences of 28 vectors of 28"},
			{Task{Data: "mnist", Input: nn.Shape{1, 784}, Classes: 10}, model + " needs images, mnist gives sequences of 784 numbers"},
		} {
			if _, err := build(model, "", c.task); err == nil || err.Error() != c.want {
				t.Errorf("%s: error %v, want %s", model, err, c.want)
			}
		}
	}
	for want, task := range map[string]Task{
		"mlp needs numbers, text gives sequences of 64 tokens":                                text,
		"mlp gives one answer an example, the data asks for one at each of 5 positions":       tagging,
		"network resnet20: the input is 3×8×8, tokens of a vocabulary have shape 1×T":         {Input: nn.Shape{3, 8, 8}, Classes: 3, Vocabulary: 9},
		"resnet gives one answer an example, the data asks for one at each of 4 positions":    {Input: nn.Shape{3, 8, 8}, Classes: 3, Targets: 4},
		"network resnet20: a vocabulary of -1 tokens is not usable, it must be 0 to 16777216": {Input: nn.Shape{3, 8, 8}, Classes: 3, Vocabulary: -1},
	} {
		model := "resnet"
		if strings.HasPrefix(want, "mlp") {
			model = "mlp"
		}
		if _, err := build(model, "", task); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A multilayer perceptron reads real sequences whole, and gives numbers.
func TestMLPOnSequences(t *testing.T) {
	for _, c := range []struct {
		task   Task
		params int64
	}{
		{adding, 100*7 + 7 + 7*1 + 1},
		{rows, 784*7 + 7 + 7*10 + 10},
		{Task{Input: nn.Shape{5}, Targets: 3}, 5*7 + 7 + 7*3 + 3},
	} {
		net := mustBuild(t, "mlp", "hidden: [7]", c.task)
		if got := net.Count().Params; got != c.params {
			t.Errorf("on %v: %d parameters, want %d", c.task.Input, got, c.params)
		}
	}
}

func TestCheck(t *testing.T) {
	net := func(task Task, last nn.Layer) *nn.Network {
		n, err := (&List{Name: "net"}).Build(task, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if last != nil {
			if err := n.Add("last", last); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	numbers := Task{Input: nn.Shape{6}, Targets: 2}
	labels := Task{Input: nn.Shape{6}, Targets: 2, Labels: true}
	other := text
	other.Vocabulary = 60
	for _, c := range []struct {
		net  *nn.Network
		task Task
		want string // "": it fits
	}{
		{net(Task{Input: nn.Shape{6}}, &layers.Linear{Out: 10}), Task{Input: nn.Shape{6}, Classes: 10}, ""},
		{net(numbers, &layers.Linear{Out: 2}), numbers, ""},
		{net(tagging, &layers.Constant{Shape: []int{4, 5}}), tagging, ""},
		{net(text, &layers.Constant{Shape: []int{65, 64}}), text, ""},
		{net(text, nil), text, "network net has no layers"},
		{net(numbers, &layers.Linear{Out: 10}), numbers, "layer last: the last layer gives 10, the data asks for 2 numbers; end with a linear layer of out: 2"},
		{net(labels, &layers.Linear{Out: 10}), labels, "layer last: the last layer gives 10, the data has 2 labels; end with a linear layer of out: 2"},
		{net(adding, &layers.Flatten{}), adding, "layer last: the last layer gives 100, the data asks for a number; end with a linear layer of out: 1"},
		{net(tagging, &layers.Flatten{}), tagging, "layer last: the last layer gives 15, the data has 4 classes at each of 5 positions: 4×5"},
		{net(rows, &layers.Flatten{}), rows, "layer last: the last layer gives 784, the data has 10 classes; end with a linear layer of out: 10"},
		{net(rows, &layers.Flatten{}), adding, "the network takes 28×28, adding gives sequences of 50 vectors of 2"},
		{net(other, &layers.Constant{Shape: []int{65, 64}}), text, "the network takes tokens of a vocabulary of 60, text gives tokens of a vocabulary of 65"},
		{net(Task{Input: nn.Shape{1, 64}}, &layers.Constant{Shape: []int{65, 64}}), text, "the network takes real numbers, text gives tokens of a vocabulary of 65"},
	} {
		err := Check(c.net, c.task)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

type nothing struct{}

func (nothing) Build(Task, *rand.Rand) (*nn.Network, error) { return nil, nil }

func TestModelWithoutNetwork(t *testing.T) {
	if _, err := Build(nothing{}, Task{}, nil); err == nil || err.Error() != "models_test.nothing builds no network" {
		t.Error(err)
	}
}

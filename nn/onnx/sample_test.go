package onnx

import (
	"math"
	"math/rand/v2"
)

// Sizes of the sample network.
const (
	inC, inH, inW = 3, 8, 6
	midC          = 4
	kernel        = 3
	stride        = 2
	pad           = 1
	classes       = 5
	epsilon       = 1e-5
)

// sampleWeights are the constants of the sample network.
type sampleWeights struct {
	conv, convBias           []float32 // [midC, inC, kernel, kernel], [midC]
	scale, shift, mean, vari []float32 // [midC]
	fc, fcBias               []float32 // [classes, midC], [classes]
}

func random(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

func newSampleWeights(rng *rand.Rand) sampleWeights {
	w := sampleWeights{
		conv: random(rng, midC*inC*kernel*kernel), convBias: random(rng, midC),
		scale: random(rng, midC), shift: random(rng, midC), mean: random(rng, midC), vari: random(rng, midC),
		fc: random(rng, classes*midC), fcBias: random(rng, classes),
	}
	for i, v := range w.vari {
		w.vari[i] = 0.5 + v*v
	}
	return w
}

// sampleModel is Conv, BatchNormalization, Relu, GlobalAveragePool, Flatten
// and Gemm with a symbolic batch size.
func sampleModel(w sampleWeights) *Model {
	return &Model{
		Producer: "pare", ProducerVersion: "test", Opset: DefaultOpset, IRVersion: DefaultIRVersion,
		Metadata: map[string]string{"classes": "a,b,c,d,e", "arch": "sample"},
		Graph: Graph{
			Name:    "sample",
			Inputs:  []ValueInfo{{Name: "input", Dims: []Dim{Symbolic("batch"), Fixed(inC), Fixed(inH), Fixed(inW)}}},
			Outputs: []ValueInfo{{Name: "logits", Dims: []Dim{Symbolic("batch"), Fixed(classes)}}},
			Nodes: []Node{
				{Name: "conv", Op: "Conv", Inputs: []string{"input", "conv.w", "conv.b"}, Outputs: []string{"c"}, Attrs: []Attr{
					Ints("kernel_shape", kernel, kernel), Ints("strides", stride, stride),
					Ints("pads", pad, pad, pad, pad), Int("group", 1), String("auto_pad", "NOTSET"),
				}},
				{Name: "bn", Op: "BatchNormalization", Inputs: []string{"c", "bn.scale", "bn.shift", "bn.mean", "bn.var"}, Outputs: []string{"n"}, Attrs: []Attr{Float("epsilon", epsilon)}},
				{Name: "relu", Op: "Relu", Inputs: []string{"n"}, Outputs: []string{"r"}},
				{Name: "pool", Op: "GlobalAveragePool", Inputs: []string{"r"}, Outputs: []string{"p"}},
				{Name: "flatten", Op: "Flatten", Inputs: []string{"p"}, Outputs: []string{"f"}, Attrs: []Attr{Int("axis", 1)}},
				{Name: "fc", Op: "Gemm", Inputs: []string{"f", "fc.w", "fc.b"}, Outputs: []string{"logits"}, Attrs: []Attr{Int("transB", 1), Float("alpha", 1)}},
			},
			Initializers: []Tensor{
				{Name: "conv.w", Dims: []int64{midC, inC, kernel, kernel}, Floats: w.conv},
				{Name: "conv.b", Dims: []int64{midC}, Floats: w.convBias},
				{Name: "bn.scale", Dims: []int64{midC}, Floats: w.scale},
				{Name: "bn.shift", Dims: []int64{midC}, Floats: w.shift},
				{Name: "bn.mean", Dims: []int64{midC}, Floats: w.mean},
				{Name: "bn.var", Dims: []int64{midC}, Floats: w.vari},
				{Name: "fc.w", Dims: []int64{classes, midC}, Floats: w.fc},
				{Name: "fc.b", Dims: []int64{classes}, Floats: w.fcBias},
			},
		},
	}
}

// forward computes the sample network for one image [inC, inH, inW].
func (w sampleWeights) forward(image []float32) []float64 {
	const outH, outW = (inH+2*pad-kernel)/stride + 1, (inW+2*pad-kernel)/stride + 1
	logits := make([]float64, classes)
	for k := range logits {
		logits[k] = float64(w.fcBias[k])
	}
	for m := range midC {
		pooled := 0.0
		for y := range outH {
			for x := range outW {
				v := w.convAt(image, m, y*stride-pad, x*stride-pad)
				v = (v-float64(w.mean[m]))/math.Sqrt(float64(w.vari[m])+epsilon)*float64(w.scale[m]) + float64(w.shift[m])
				pooled += max(v, 0) / (outH * outW)
			}
		}
		for k := range logits {
			logits[k] += pooled * float64(w.fc[k*midC+m])
		}
	}
	return logits
}

// convAt is output channel m of the convolution with the kernel's corner at
// row top and column left.
func (w sampleWeights) convAt(image []float32, m, top, left int) float64 {
	sum := float64(w.convBias[m])
	for c := range inC {
		for i := range kernel {
			for j := range kernel {
				y, x := top+i, left+j
				if y < 0 || y >= inH || x < 0 || x >= inW {
					continue
				}
				sum += float64(image[(c*inH+y)*inW+x]) * float64(w.conv[((m*inC+c)*kernel+i)*kernel+j])
			}
		}
	}
	return sum
}

// Command flops counts the parameters and operations of networks as papers on
// pruned LeNets do: (K²·Cin + 1)·Ho·Wo·Cout for a convolution, (In + 1)·Out for a
// linear layer, nothing for others.
//
//	go run ./scripts/flops runs/mnist-lenet5 runs/mnist-lenet5-2
//
// Arguments are run folders, or folders with model.safetensors and
// architecture.json.
package main

import (
	"fmt"
	"os"
	"strings"

	"pare/export"
	"pare/nn"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "flops: no run folder given")
		os.Exit(2)
	}
	for _, dir := range os.Args[1:] {
		m, err := export.Load(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "flops:", err)
			os.Exit(2)
		}
		flops, shape := count(m.Net)
		c := m.Net.Count()
		fmt.Printf("%s: %s, %d parameters (%d not zero), %d FLOPs\n", dir, shape, c.Params, c.NonZero, flops)
	}
}

// count returns the operations and the units that the layers read and give:
// LeNet-5 papers write "5-10-76-16" for two convolutions, the inputs of the first
// linear layer and its outputs.
func count(net *nn.Network) (flops int64, shape string) {
	var units []string
	for i, node := range net.Nodes {
		kind := node.Layer.Kind()
		if kind != "conv" && kind != "linear" {
			continue
		}
		coster, ok := node.Layer.(nn.Coster)
		if !ok {
			continue
		}
		in := net.InputShapes(node)
		flops += coster.MACs(in) + int64(node.Shape.Size())
		if first := i == 0 || net.Nodes[i-1].Layer.Kind() == "flatten" || net.Nodes[i-1].Layer.Kind() == "select"; kind == "linear" && first {
			units = append(units, fmt.Sprint(in[0].Size()))
		}
		if i < len(net.Nodes)-1 {
			units = append(units, fmt.Sprint(node.Shape.Units()))
		}
	}
	return flops, strings.Join(units, "-")
}

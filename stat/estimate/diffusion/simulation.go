package diffusion

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"pare/internal/limit"
	"pare/report/graph"
	"pare/stat/diffusion"
	"pare/stat/estimate"

	"gonum.org/v1/gonum/mat"
)

// Simulation asks for random signals on a graph, with the truth.
type Simulation struct {
	Graph        string // er, ring, grid (as square as Nodes allow) or ba
	Kernel       string // consensus (one round), heat (for time 0.3) or walk (one step)
	Nodes        int
	Degree       float64 // mean, of er and ba
	Observations int
	Decibels     float64 // signal over noise; +Inf: no noise
	Seed         uint64
}

// SimulationResult holds signals with their graph and kernel.
type SimulationResult struct {
	estimate.Head
	Request Simulation
	Truth   *diffusion.Graph
	H       *mat.Dense
	X, Y    *mat.Dense
}

// Run draws the graph, its kernel and the signals.
func (s Simulation) Run() (*SimulationResult, error) {
	rng := rand.New(rand.NewPCG(s.Seed, 0))
	r := &SimulationResult{Request: s, Head: estimate.Head{Command: "diffusion", Observations: s.Observations}}
	var err error
	if s.Nodes < 3 || s.Observations < 2 || !(s.Degree > 0 && s.Degree < float64(s.Nodes)) {
		return nil, fmt.Errorf("a simulation of %d nodes, mean degree %v, %d observations: it needs at least 3 nodes, "+
			"2 observations, and a mean degree above 0 and below the number of nodes", s.Nodes, s.Degree, s.Observations)
	}
	// The kernel and its eigenvectors are matrices of the nodes.
	const largest = 1 << 29 // the products do not overflow
	n, m := int64(min(s.Nodes, largest)), int64(min(s.Observations, largest))
	if err := limit.Check(fmt.Sprintf("a simulation of %d nodes and %d observations", s.Nodes, s.Observations), 4*n*n+4*n*m, 8); err != nil {
		return nil, err
	}
	switch s.Graph {
	case "er":
		r.Truth, err = diffusion.ErdosRenyi(s.Nodes, s.Degree/float64(s.Nodes-1), rng)
	case "ring":
		r.Truth, err = diffusion.Ring(s.Nodes)
	case "grid":
		rows := int(math.Sqrt(float64(s.Nodes)))
		for s.Nodes%rows != 0 {
			rows--
		}
		r.Truth, err = diffusion.Grid(rows, s.Nodes/rows)
	case "ba":
		r.Truth, err = diffusion.BarabasiAlbert(s.Nodes, max(1, int(s.Degree/2+0.5)), rng)
	default:
		err = fmt.Errorf("there is no graph %q; choose er, ring, grid or ba", s.Graph)
	}
	if err != nil {
		return nil, err
	}
	most := 0.0
	for _, d := range r.Truth.Degrees() {
		most = max(most, d)
	}
	switch s.Kernel {
	case "consensus":
		r.H, err = diffusion.Consensus(r.Truth, 1/(most+1), 1)
	case "heat":
		r.H, err = diffusion.Heat(r.Truth, 0.3)
	case "walk":
		r.H, err = diffusion.RandomWalk(r.Truth, 1)
	default:
		err = fmt.Errorf("there is no kernel %q; choose consensus, heat or walk", s.Kernel)
	}
	if err != nil {
		return nil, err
	}
	r.X, r.Y, err = diffusion.Simulate(r.H, s.Observations, s.Decibels, rng)
	return r, err
}

// WriteText writes one line about the signals.
func (r *SimulationResult) WriteText(w io.Writer) {
	r.WriteHead(w, "%d observations of %d nodes with %s, kernel %s", r.Observations, r.Truth.Nodes,
		estimate.Plural(len(r.Truth.Edges), "edge"), r.Request.Kernel)
}

// JSON returns the options of the simulation and the number of edges.
func (r *SimulationResult) JSON() estimate.Object {
	return r.Envelope(object{"graph", r.Request.Graph, "kernel", r.Request.Kernel, "nodes", r.Truth.Nodes, "edges", len(r.Truth.Edges),
		"seed", r.Request.Seed})
}

// Warnings returns none: nothing is fitted.
func (r *SimulationResult) Warnings() []string { return nil }

// Files returns inputs.csv, outputs.csv, kernel.csv, edges.csv, network.dot, network.graphml
// and network.svg.
func (r *SimulationResult) Files() ([]estimate.File, error) {
	names := make([]string, r.Truth.Nodes)
	for i := range names {
		names[i] = fmt.Sprintf("n%d", i+1)
	}
	g, err := graph.FromMatrix(r.Truth.Adjacency(), names)
	if err != nil {
		return nil, err
	}
	files := []estimate.File{estimate.MatrixFile("inputs.csv", names, r.Observations, r.X.At),
		estimate.MatrixFile("outputs.csv", names, r.Observations, r.Y.At),
		estimate.MatrixFile("kernel.csv", names, len(names), r.H.At)}
	return append(files, estimate.GraphFiles(g, fmt.Sprintf("%s: %s", r.Request.Graph, estimate.Plural(len(g.Edges), "edge")))...), nil
}

package diffusion

import "errors"

var errRank = errors.New("lambda = 0 needs inputs of full column rank, with more observations than nodes; give a lambda above 0")

// solveRows fits every row by itself.
func solveRows(prob *Problem, m *moments, lambdas []float64, o Options) ([]*Model, error) {
	unpenalised := false
	for _, l := range lambdas {
		unpenalised = unpenalised || l == 0
	}
	models := make([]*Model, len(lambdas))
	fits := make([][]fit, len(lambdas))
	for l := range models {
		models[l] = &Model{Kernel: Kernel{Inputs: m.p, Rows: make([]Row, m.q)}}
		fits[l] = make([]fit, m.q)
	}
	solvers := make([]*rowSolver, workers(m.q, o.Threads))
	singular := make([]bool, m.q)
	parallel(m.q, o.Threads, o.Progress, func(w, row int) {
		if solvers[w] == nil {
			solvers[w] = newRowSolver(prob, m, o)
		}
		s := solvers[w]
		s.begin(row)
		// Without a known support the factor is the same for all rows.
		if unpenalised && (s.factor == nil || prob.Support != nil) {
			if singular[row] = !s.factorise(); singular[row] {
				return
			}
		}
		for l, lambda := range lambdas {
			fits[l][row] = s.solve(lambda)
			models[l].Kernel.Rows[row] = s.entries()
		}
	})
	for _, bad := range singular {
		if bad {
			return nil, errRank
		}
	}
	for l, model := range models {
		for _, f := range fits[l] {
			model.Objective += f.objective
			model.Gap += f.gap
			model.Iterations += f.iterations
		}
	}
	return models, nil
}

package estimate

import (
	"fmt"

	"pare/internal/table"
)

// readReference reads pairs of nodes, from and to, by their indices: edges  one a row, the
// names of the nodes in the first two columns, as the files edges.csv have them; or a
// matrix of len(to) × len(from), in which entry (i, j) that is not 0 joins from[j] to
// to[i].
func readReference(path string, from, to []string) ([][2]int, error) {
	t, err := table.Read(path, table.Options{Missing: []string{}})
	if err != nil {
		return nil, err
	}
	names := t.Names()
	if len(names) < 2 {
		return nil, fmt.Errorf("%s: the first two columns must name the two nodes of each edge; there is only one column", t.Source)
	}
	a, err := t.Column(names[0])
	if err != nil {
		return nil, err
	}
	b, err := t.Column(names[1])
	if err != nil {
		return nil, err
	}
	edges := !a.Numeric() || names[0] == "a" && names[1] == "b" || names[0] == "from" && names[1] == "to"
	if !edges && len(names) >= len(from) {
		return referenceMatrix(path, from, to)
	}
	index := func(names []string) map[string]int {
		at := map[string]int{}
		for i, name := range names {
			at[name] = i
		}
		return at
	}
	sources, targets := index(from), index(to)
	var pairs [][2]int
	for row := range t.Rows() {
		i, ok := sources[a.Text(row)]
		if !ok {
			return nil, fmt.Errorf("%s: row %d: no node %q%s", t.Source, row+1, a.Text(row), table.Suggestion(a.Text(row), "nodes", from))
		}
		j, ok := targets[b.Text(row)]
		if !ok {
			return nil, fmt.Errorf("%s: row %d: no node %q%s", t.Source, row+1, b.Text(row), table.Suggestion(b.Text(row), "nodes", to))
		}
		pairs = append(pairs, [2]int{i, j})
		if names[0] == "a" && names[1] == "b" { // as files write edges without a direction
			pairs = append(pairs, [2]int{j, i})
		}
	}
	return pairs, nil
}

func referenceMatrix(path string, from, to []string) ([][2]int, error) {
	m, err := readMatrix(path, false)
	if err != nil {
		return nil, err
	}
	values, err := m.of(to, from)
	if err != nil {
		return nil, err
	}
	var pairs [][2]int
	for i := range to {
		for j := range from {
			if values[i*len(from)+j] != 0 {
				pairs = append(pairs, [2]int{j, i})
			}
		}
	}
	return pairs, nil
}

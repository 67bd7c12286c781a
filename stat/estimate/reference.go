package estimate

import (
	"fmt"

	"pare/internal/table"
)

// ReadReference reads pairs of nodes, from and to, by their indices: edges one a row, the
// names of the nodes in the first two columns, as the files edges.csv have them; or a
// matrix of len(to) × len(from), in which entry (i, j) that is not 0 joins from[j] to
// to[i].
func ReadReference(path string, from, to []string) ([][2]int, error) {
	t, err := table.Read(path, table.Options{Missing: []string{}})
	if err != nil {
		return nil, err
	}
	names := t.Names()
	if len(names) < 2 {
		return nil, fmt.Errorf("%s: the first two columns must name the two nodes of each edge; there is only one column", t.Source)
	}
	var ends [2]*table.Column
	for k := range ends {
		if ends[k], err = t.Column(names[k]); err != nil {
			return nil, err
		}
	}
	undirected := names[0] == "a" && names[1] == "b" // as files write edges without a direction
	edges := !ends[0].Numeric() || undirected || names[0] == "from" && names[1] == "to"
	if !edges && len(names) >= len(from) {
		return referenceMatrix(path, from, to)
	}
	var index [2]map[string]int
	for k, nodes := range [2][]string{from, to} {
		index[k] = map[string]int{}
		for i, name := range nodes {
			index[k][name] = i
		}
	}
	var pairs [][2]int
	for row := range t.Rows() {
		var pair [2]int
		for k, nodes := range [2][]string{from, to} {
			name, ok := ends[k].Text(row), false
			if pair[k], ok = index[k][name]; !ok {
				return nil, fmt.Errorf("%s: row %d: no node %q%s", t.Source, row+1, name, table.Suggestion(name, "nodes", nodes))
			}
		}
		if pairs = append(pairs, pair); undirected {
			pairs = append(pairs, [2]int{pair[1], pair[0]})
		}
	}
	return pairs, nil
}

func referenceMatrix(path string, from, to []string) ([][2]int, error) {
	m, err := ReadMatrix(path, false)
	if err != nil {
		return nil, err
	}
	values, err := m.Of(to, from)
	var pairs [][2]int
	for k, v := range values {
		if v != 0 {
			pairs = append(pairs, [2]int{k % len(from), k / len(from)})
		}
	}
	return pairs, err
}

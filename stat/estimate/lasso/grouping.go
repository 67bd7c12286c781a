package lasso

import (
	"fmt"
	"path"

	"pare/internal/table"
)

// grouped reports whether the penalty is a group lasso.
func (o *Options) grouped() bool { return o.GroupLasso || o.GroupColumns != nil || o.GroupFile != "" }

// grouping returns the group of each column of the table that GroupColumns or GroupFile puts
// into one.
func (o *Options) grouping(columns []string) (map[string]string, error) {
	out := map[string]string{}
	for _, pattern := range o.GroupColumns {
		found := false
		for _, name := range columns {
			switch ok, err := path.Match(pattern, name); {
			case err != nil:
				return nil, fmt.Errorf("-group-columns: %q is no pattern: a [ has no ]", pattern)
			case !ok:
			case out[name] != "" && out[name] != pattern:
				return nil, fmt.Errorf("-group-columns: column %s matches both %s and %s", name, out[name], pattern)
			default:
				out[name], found = pattern, true
			}
		}
		if !found {
			return nil, fmt.Errorf("-group-columns: no column matches %s", pattern)
		}
	}
	if o.GroupFile == "" {
		return out, nil
	}
	t, err := table.Read(o.GroupFile, table.Options{})
	if err != nil {
		return nil, err
	}
	names, err := t.Column("column")
	if err != nil {
		return nil, err
	}
	groups, err := t.Column("group")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, name := range columns {
		known[name] = true
	}
	for row := range t.Rows() {
		name, group := names.Text(row), groups.Text(row)
		switch {
		case !known[name]:
			return nil, fmt.Errorf("%s: row %d: no feature %q%s", t.Source, row+1, name, table.Suggestion(name, "features", columns))
		case out[name] != "":
			return nil, fmt.Errorf("%s: row %d: column %s is in two groups", t.Source, row+1, name)
		case group == "" || groups.Missing(row):
			return nil, fmt.Errorf("%s: row %d: column %s has no group", t.Source, row+1, name)
		}
		out[name] = group
	}
	return out, nil
}

package estimate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func source(t *testing.T, text string) Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Source{Path: path}
}

// TestMissingCells: a missing cell is refused or its row left out, in columns of numbers, of
// text, and of text that becomes numbers.
func TestMissingCells(t *testing.T) {
	s := source(t, "a,b,k\n1,2,u\n2,,v\n3,inf,u\n4,5,\n5,1,v\n6,3,w\n")
	s.OneHot = true
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), "d.csv: row 2, column b: the cell has no number") ||
		!strings.Contains(err.Error(), "-complete, or the column with -drop b") {
		t.Errorf("%v", err)
	}
	s.Complete = true
	d, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "k=u", "k=v", "k=w"}; d.Rows != 3 || !slices.Equal(d.Names, want) {
		t.Errorf("%d rows of %v, want 3 of %v", d.Rows, d.Names, want)
	}
	if len(d.Notes) != 1 || d.Notes[0] != "3 of 6 rows with a missing cell are left out" {
		t.Errorf("notes %q", d.Notes)
	}
	s.Columns = []string{"a", "b"} // the cells of other columns do not count
	if d, err = s.Read(); err != nil || d.Rows != 4 {
		t.Errorf("%+v, %v", d, err)
	}
	s.Columns, s.Drop = nil, []string{"k"}
	if d, err = s.Read(); err != nil || d.Rows != 4 || len(d.Names) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestConstantColumns(t *testing.T) {
	s := source(t, "a,b,c\n1,2,7\n2,2,7\n3,2,7\n")
	want := "columns b, c are constant (2 in the first); leave out with -drop b,c, or all such columns with -drop-constant"
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	s.DropConstant = true
	if d, err := s.Read(); err != nil || !slices.Equal(d.Names, []string{"a"}) ||
		!slices.Equal(d.Constant, []string{"b", "c"}) || len(d.Notes) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	s.Drop = []string{"a"}
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), "all columns are constant") {
		t.Errorf("%v", err)
	}
}

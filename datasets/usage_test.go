package datasets

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.csv")
	text := "flag,amount,colour,y,part\n0,1.5,red,0,train\n0,2.5,red,1,train\n1,3.5,blue,0,train\n0,4.5,red,1,train\n0,5.5,green,1,train\n1,7.5,green,1,test\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Load(t.Context(), "table", &Table{File: file, Split: "part", Target: []string{"y"}, Missing: "refuse", Unseen: "refuse"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func(old int) { usageMemory = old }(usageMemory)
	for _, usageMemory = range []int{usageMemory, 2 * 5, 1} { // all variables at once, two, one
		checkUsage(t, set)
	}
}

func checkUsage(t *testing.T, set *Set) {
	t.Helper()
	shares, err := Usage(set)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"flag": 0.2, "amount": 0.8, "colour": 0.4} {
		if got := shares[name]; got != want {
			t.Errorf("%s is used by %g, want %g", name, got, want)
		}
	}
	if len(shares) != 3 {
		t.Errorf("shares of %d variables", len(shares))
	}
}

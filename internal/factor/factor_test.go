package factor

import (
	"slices"
	"testing"
)

func TestFactor(t *testing.T) {
	var a, b Factor
	texts := []string{"nurse", "", "clerk", "nurse", "", "smith"}
	for _, text := range texts {
		a.Add(text)
		b.AddBytes([]byte(text))
	}
	for _, f := range []Factor{a, b} {
		if !slices.Equal(f.Levels, []string{"nurse", "", "clerk", "smith"}) || !slices.Equal(f.Codes, []int32{0, 1, 2, 0, 1, 3}) {
			t.Errorf("levels %q, codes %v", f.Levels, f.Codes)
		}
	}
	text := []byte("clerk")
	a.Codes = slices.Grow(a.Codes, 200)
	if allocated := testing.AllocsPerRun(100, func() { a.AddBytes(text) }); allocated != 0 {
		t.Errorf("a known text allocates %g times", allocated)
	}
}

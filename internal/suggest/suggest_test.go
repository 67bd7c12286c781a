package suggest

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"channels", "neurons", "branches", "blocks", "gates"}
	for word, want := range map[string][]string{
		"channel":  {"channels"},
		"Nuerons":  {"neurons"}, // a swap is one edit
		"gate":     {"gates"},
		"weights":  nil,
		"x":        nil,
		"blockses": {"blocks"},
		"":         nil,
	} {
		if got := Nearest(word, names); !slices.Equal(got, want) {
			t.Errorf("%q: %q, not %q", word, got, want)
		}
	}
	if got := Nearest("aaa", []string{"aab", "aaa", "aac"}); !slices.Equal(got, []string{"aaa", "aab"}) {
		t.Errorf("nearest first, at most two: %q", got)
	}
}

func TestSorted(t *testing.T) {
	names := []string{"fc10", "conv1", "Conv2", "fc1"}
	if got := Sorted("conv2", names); !slices.Equal(got, []string{"Conv2", "conv1", "fc10", "fc1"}) {
		t.Errorf("%q", got)
	}
}

func TestEdits(t *testing.T) {
	for _, x := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"größe", "grösse", 2}, {"trian", "train", 1}, {"é", "e", 1}} {
		for _, d := range []int{edits(x.a, x.b, 9), edits(x.b, x.a, 9)} {
			if d != x.want {
				t.Errorf("%q, %q: %d edits, not %d", x.a, x.b, d, x.want)
			}
		}
	}
	if d := edits("a", "abcdef", 2); d <= 2 {
		t.Errorf("too far apart for 2: %d", d)
	}
}

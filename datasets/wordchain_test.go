package datasets

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestLanguage(t *testing.T) {
	l := newLanguage()
	if len(l.words) != lexiconWords || len(slices.Compact(slices.Sorted(slices.Values(l.words)))) != lexiconWords {
		t.Fatalf("words %q", l.words)
	}
	for w := range l.words {
		sum := 0.0
		for v := range l.words {
			p := l.probability(w, v)
			if p <= 0 {
				t.Fatalf("%s never follows %s: the chain may not have one equilibrium", l.words[v], l.words[w])
			}
			sum += p
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("the row of %s sums to %v", l.words[w], sum)
		}
	}
	pi, sum := l.stationary(), 0.0
	for v := range l.words {
		flow := 0.0
		for w := range l.words {
			flow += pi[w] * l.probability(w, v)
		}
		if math.Abs(flow-pi[v]) > 1e-14 {
			t.Errorf("share of %s is %v, one step later %v", l.words[v], pi[v], flow)
		}
		sum += pi[v]
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("shares sum to %v", sum)
	}
	// People have results on this language: it must not change unseen.
	if got := strings.Join(l.words[:6], " "); got != "lani ba wo da gavut mar" {
		t.Errorf("the first words are %q", got)
	}
}

// TestEntropy scores a long text by the model that wrote it, character by character, as
// the best network could: the mean is the entropy, within its error.
func TestEntropy(t *testing.T) {
	l := newLanguage()
	v, err := newVocabulary(letters(l))
	if err != nil {
		t.Fatal(err)
	}
	const n = 1_000_000
	tokens, err := l.write(t.Context(), v, n, 5)
	if err != nil {
		t.Fatal(err)
	}
	index := map[string]int{}
	for w, word := range l.words {
		index[word] = w
	}
	// mass of the words that begin with a text, behind each word
	mass := make([]map[string]float64, len(l.words))
	for w := range mass {
		mass[w] = map[string]float64{}
		for next, word := range l.words {
			p := l.probability(w, next)
			for i := range len(word) + 2 {
				mass[w][(word + " ")[:i]] += p
			}
		}
	}
	last, begun := -1, ""
	want := l.entropy()
	total, squares, scored := 0.0, 0.0, 0
	word, length := 0.0, 0
	for _, token := range tokens {
		c := string(v.runes[token])
		if last >= 0 {
			word -= math.Log(mass[last][begun+c] / mass[last][begun])
			length++
		}
		if begun += c; c == " " {
			if last >= 0 {
				miss := word - want*float64(length)
				total, squares, scored = total+word, squares+miss*miss, scored+length
			}
			last, begun, word, length = index[strings.TrimSpace(begun)], "", 0, 0
		}
	}
	got := total / float64(scored)
	// The costs of words are nearly independent: 4 standard deviations of the mean.
	tolerance := 4 * math.Sqrt(squares) / float64(scored)
	t.Logf("%.5f nats a character scored, entropy %.5f (%.4f bits), tolerance %.5f", got, want, want/math.Ln2, tolerance)
	if math.Abs(got-want) > tolerance || tolerance > 0.01*want {
		t.Errorf("a text costs %v nats a character, the entropy is %v, tolerance %v", got, want, tolerance)
	}
}

func TestWordchain(t *testing.T) {
	wordchain := func(o opts) *Set {
		set, err := load(t.Context(), "wordchain", o)
		if err != nil {
			t.Fatal(err)
		}
		if err := set.validate(); err != nil {
			t.Fatal(err)
		}
		return set
	}
	set := wordchain(opts{Train: 50, Validation: 20, Test: 30, Seed: 1})
	if set.Train.Len() != 50 || set.Validation.Len() != 20 || set.Test.Len() != 30 || set.Task.Targets != 64 || set.Task.Alphabet[0] != " " {
		t.Errorf("sizes %d, %d, %d of %+v", set.Train.Len(), set.Validation.Len(), set.Test.Len(), set.Task)
	}
	if h := set.Entropy / math.Ln2; h < 0.5 || h > 2 {
		t.Errorf("entropy of %v bits a character is unlike a language", h)
	}
	// All parts are text of the lexicon, each another one, and a longer one goes on as a
	// shorter one.
	known := map[string]bool{}
	for _, w := range newLanguage().words {
		known[w] = true
	}
	texts := map[string]bool{}
	for _, p := range []Part{set.Train, set.Validation, set.Test} {
		x, y := read(t, set, p, []int{0, 1}, Draw{})
		words := strings.Fields(x[0] + x[1])
		for _, w := range words[:len(words)-1] {
			if !known[w] {
				t.Errorf("%q is no word", w)
			}
		}
		if y[0] != x[0][1:]+x[1][:1] {
			t.Errorf("targets %q of %q and %q", y[0], x[0], x[1])
		}
		texts[x[0]] = true
	}
	x, _ := read(t, set, set.Train, []int{49}, Draw{})
	larger := wordchain(opts{Train: 80, Validation: 1, Test: 1, Seed: 1})
	if again, _ := read(t, larger, larger.Train, []int{49}, Draw{}); again[0] != x[0] {
		t.Errorf("window 49 is %q, of a larger set %q", x[0], again[0])
	}
	other := wordchain(opts{Train: 80, Validation: 1, Test: 1, Seed: 2, Carry: true})
	x, _ = read(t, other, other.Train, []int{0}, Draw{})
	if texts[x[0]] = true; len(texts) != 4 {
		t.Errorf("%d different texts, want 4", len(texts))
	}
	if _, ok := other.Train.(Planner); !ok {
		t.Error("carry makes no streams")
	}
	for want, o := range map[string]opts{
		"windows of 1000000 are too long": {Window: 1000000},
		"train is 10000001":               {Train: generatedMax + 1},
	} {
		_, err := load(t.Context(), "wordchain", o)
		wantError(t, err, "wordchain", want)
	}
}

func BenchmarkWordchain(b *testing.B) {
	for b.Loop() {
		if _, err := load(b.Context(), "wordchain", opts{}); err != nil {
			b.Fatal(err)
		}
	}
}

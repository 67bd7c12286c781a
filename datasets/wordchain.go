package datasets

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
)

// wordchain is text of a made-up language whose entropy is known.
type wordchain struct{}

// chainWarmup is the number of words drawn before the first one of a text, so that it may
// begin with any.
const chainWarmup = 64

func (wordchain) Name() string { return "wordchain" }

func (wordchain) Doc() string {
	return "Generated text of a made-up language: 256 words in a Markov chain, separated by spaces, to predict the next character of. " +
		"Its entropy is known, so that a model can be held against the best there can be. Options window and carry as for text; " +
		"train, validation and test count windows. Default sizes 20,000/2,000/4,000."
}

func (wordchain) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check("wordchain", "window", "carry"); err != nil {
		return nil, err
	}
	sizes, err := o.sizes("wordchain")
	if err != nil {
		return nil, err
	}
	if o.window() > maxText/(sizes[0]+1) || o.window() > maxText/(sizes[1]+sizes[2]+1) {
		return nil, fmt.Errorf("datasets: wordchain: windows of %d are too long for %d of them; a text must stay below %d MiB", o.window(), max(sizes[0], sizes[1]+sizes[2]), maxText>>20)
	}
	l := newLanguage()
	v, err := newVocabulary(letters(l))
	if err != nil {
		return nil, fmt.Errorf("datasets: wordchain: %w", err)
	}
	// In training the first window begins up to a window later, so there is one more.
	lengths := [3]int{(sizes[0] + 1) * o.window(), sizes[1]*o.window() + 1, sizes[2]*o.window() + 1}
	var texts [3][]uint16
	for i, stream := range []uint64{streamChainTrain, streamChainValidation, streamChainTest} {
		if texts[i], err = l.write(ctx, v, lengths[i], mix(o.Seed, stream)); err != nil {
			return nil, fmt.Errorf("datasets: wordchain: %s: %w", partNames[i], err)
		}
	}
	set := cutText("wordchain", v, texts[0], texts[1], texts[2], o)
	set.Entropy = l.entropy()
	return set, nil
}

// letters are the characters of a language.
func letters(l *language) []rune {
	var out []rune
	seen := map[rune]bool{}
	for _, r := range strings.Join(l.words, " ") {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// write draws the first n characters of an endless text.
func (l *language) write(ctx context.Context, v *vocabulary, n int, seed uint64) ([]uint16, error) {
	r := rand.New(rand.NewPCG(seed, streamChain))
	w := 0
	for range chainWarmup {
		w = l.next(w, r)
	}
	tokens := make([]uint16, 0, n)
	for words := 0; len(tokens) < n; words++ {
		if words%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		w = l.next(w, r)
		for _, c := range l.words[w] + " " {
			tokens = append(tokens, v.index[c])
		}
	}
	return tokens[:n], nil
}

package datasets

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
)

// Wordchain is text of a made-up language whose entropy is known.
type Wordchain struct{ Windows }

// chainWarmup is the number of words drawn before the first one of a text, so that it may
// begin with any.
const chainWarmup = 64

func init() {
	Kinds.Register("wordchain", "Generated text of a made-up language: "+
		"256 words in a Markov chain, separated by spaces, to predict the next character of. "+
		"Its entropy is known, so that a model can be held against the best there can be. Options window and carry as for text; "+
		"train, validation and test count windows. Default sizes 20,000/2,000/4,000.",
		func() Dataset { return &Wordchain{} })
}

// Load implements Dataset.
func (d *Wordchain) Load(ctx context.Context, o Options) (*Set, error) {
	sizes, err := o.sizes()
	if err != nil {
		return nil, err
	}
	length := d.length()
	if length > maxText/(sizes[0]+1) || length > maxText/(sizes[1]+sizes[2]+1) {
		return nil, fmt.Errorf("windows of %d are too long for %d of them; a text must stay below %d MiB",
			length, max(sizes[0], sizes[1]+sizes[2]), maxText>>20)
	}
	l := newLanguage()
	v, err := newVocabulary(letters(l))
	if err != nil {
		return nil, err
	}
	// In training the first window begins up to a window later, so there is one more.
	lengths := [3]int{(sizes[0] + 1) * length, sizes[1]*length + 1, sizes[2]*length + 1}
	var texts [3][]uint16
	for i, stream := range []uint64{streamChainTrain, streamChainValidation, streamChainTest} {
		if texts[i], err = l.write(ctx, v, lengths[i], mix(o.Seed, stream)); err != nil {
			return nil, fmt.Errorf("%s: %w", partNames[i], err)
		}
	}
	set := d.cut(v, texts[0], texts[1], texts[2])
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

// Sizes of the language of wordchain.
const (
	lexiconWords = 256
	lexiconSeed  = 1951 // of words and weights: the year of Shannon's "Prediction and Entropy of Printed English"
)

// language is a Markov chain over words: weight[w][v] says how likely word v is to follow
// word w, against the sum of the row. Weights are whole numbers, so that every machine
// draws the same text.
type language struct {
	words []string // distinct, of letters only
	// until[w][v] is the sum of the weights of the words up to v.
	until [][]uint64
}

// newLanguage makes the one language of wordchain. Word v has about the 1/(v+1)-th part of
// the weight of word 0 behind any word, as in Zipf's law, but some pairs are up to 2¹²
// times as likely as others, so that knowing the word before helps.
func newLanguage() *language {
	l := &language{words: lexicon(rand.New(rand.NewPCG(lexiconSeed, streamLexicon)))}
	r := rand.New(rand.NewPCG(lexiconSeed, streamChain))
	for range l.words {
		row, sum := make([]uint64, len(l.words)), uint64(0)
		for v := range row {
			sum += (1 << 20) / uint64(v+1) << min(bits.TrailingZeros64(r.Uint64()), 12)
			row[v] = sum
		}
		l.until = append(l.until, row)
	}
	return l
}

// lexicon makes up words of one to three syllables; frequent ones are short.
func lexicon(r *rand.Rand) []string {
	const consonants, vowels, ends = "bdfghklmnprstvw", "aeiou", "lmnrst"
	pick := func(letters string) string { return string(letters[r.IntN(len(letters))]) }
	seen := map[string]bool{}
	var words []string
	for len(words) < lexiconWords {
		syllables := 1 + r.IntN(2)
		if len(words) >= lexiconWords/8 {
			syllables++
		}
		word := ""
		for range syllables {
			word += pick(consonants) + pick(vowels)
		}
		if r.IntN(2) == 0 {
			word += pick(ends)
		}
		if !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// probability returns the probability that word v follows word w.
func (l *language) probability(w, v int) float64 {
	row := l.until[w]
	weight := row[v]
	if v > 0 {
		weight -= row[v-1]
	}
	return float64(weight) / float64(row[len(row)-1])
}

// next draws the word behind word w.
func (l *language) next(w int, r *rand.Rand) int {
	row := l.until[w]
	v, _ := slices.BinarySearch(row, r.Uint64N(row[len(row)-1])+1)
	return v
}

// stationary is the share of each word in a long text: π = π·P, by the power method. All
// weights are positive, so there is one, and the method comes near to it fast.
func (l *language) stationary() []float64 {
	n := len(l.words)
	now := make([]float64, n)
	for w := range now {
		now[w] = 1 / float64(n)
	}
	for range 10000 {
		then := make([]float64, n)
		for w, share := range now {
			for v := range then {
				then[v] += share * l.probability(w, v)
			}
		}
		change := 0.0
		for v := range then {
			change += math.Abs(then[v] - now[v])
		}
		now = then
		if change < 1e-15 {
			break
		}
	}
	return now
}

// entropy is the least mean loss of a model that predicts the next character, in nats: the
// entropy of the next word over the mean length of a word with its space. Words are distinct
// and have no spaces, so a text and its words have the same information.
func (l *language) entropy() float64 {
	perWord, length := 0.0, 0.0
	for w, share := range l.stationary() {
		row := 0.0
		for v := range l.words {
			p := l.probability(w, v)
			row -= p * math.Log(p)
		}
		perWord += share * row
		length += share * float64(len(l.words[w])+1)
	}
	return perWord / length
}

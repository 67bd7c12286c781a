package datasets

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// someText has 1,000 characters: all of Greek and a line break, so that characters are not
// bytes.
func someText() string {
	var b strings.Builder
	for i := range 1000 {
		if i%37 == 36 {
			b.WriteByte('\n')
		} else {
			b.WriteRune('α' + rune(i*i/7%25))
		}
	}
	return b.String()
}

func loadText(t testing.TB, content string, o opts) (*Set, error) {
	t.Helper()
	o.File = filepath.Join(t.TempDir(), "some.txt")
	put(t, o.File, []byte(content))
	return load(t.Context(), "text", o)
}

func mustText(t testing.TB, content string, o opts) *Set {
	t.Helper()
	set, err := loadText(t, content, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.validate(); err != nil {
		t.Fatal(err)
	}
	return set
}

// read returns examples of a part as text: inputs and targets.
func read(t testing.TB, set *Set, p Part, idx []int, draw Draw) (x, y []string) {
	t.Helper()
	n := set.Task.Size()
	in, out := make([]float32, n*len(idx)), make([]float32, n*len(idx))
	if err := p.Fill(in, out, idx, draw); err != nil {
		t.Fatal(err)
	}
	word := func(tokens []float32) (s string) {
		for _, v := range tokens {
			s += set.Task.Alphabet[int(v)]
		}
		return s
	}
	for k := range idx {
		x, y = append(x, word(in[k*n:][:n])), append(y, word(out[k*n:][:n]))
	}
	return x, y
}

func TestText(t *testing.T) {
	content := someText()
	runes := []rune(content)
	for _, content := range []string{content, byteOrderMark + content, string(gzipped(t, []byte(content)))} {
		set := mustText(t, content, opts{Window: 8, Validation: 3})
		task := set.Task
		if task.Classes != 26 || task.Vocabulary != 26 || task.Targets != 8 || !slices.Equal(task.Input, []int{1, 8}) || !task.NextToken {
			t.Errorf("task %+v", task)
		}
		if task.Alphabet[0] != "\n" || task.Alphabet[1] != "α" || task.Alphabet[25] != "ω" || !slices.Equal(set.ClassNames, task.Alphabet) {
			t.Errorf("alphabet %q", task.Alphabet)
		}
		// 900 characters for training, (900−8)/8 windows; 100 behind, of 12 windows.
		if set.Train.Len() != 111 || set.Validation.Len() != 3 || set.Test.Len() != 9 {
			t.Errorf("sizes %d, %d, %d", set.Train.Len(), set.Validation.Len(), set.Test.Len())
		}
		for _, c := range []struct {
			part  Part
			i, at int
		}{{set.Train, 0, 0}, {set.Train, 110, 880}, {set.Validation, 0, 900}, {set.Validation, 2, 916}, {set.Test, 0, 924}, {set.Test, 8, 988}} {
			x, y := read(t, set, c.part, []int{c.i}, Draw{Seed: 5, Epoch: 7})
			if want := string(runes[c.at:][:8]); x[0] != want {
				t.Errorf("window %d is %q, want %q", c.i, x[0], want)
			}
			if want := string(runes[c.at+1:][:8]); y[0] != want {
				t.Errorf("targets of window %d are %q, want %q", c.i, y[0], want)
			}
		}
	}
}

// TestTextSizes: each part has the size that was asked for, from its beginning.
func TestTextSizes(t *testing.T) {
	content := someText()
	all, some := mustText(t, content, opts{Window: 8}), mustText(t, content, opts{Window: 8, Train: 5, Test: 4})
	if all.Validation != nil || all.Test.Len() != 12 || some.Train.Len() != 5 || some.Test.Len() != 4 {
		t.Errorf("sizes %d; %d and %d", all.Test.Len(), some.Train.Len(), some.Test.Len())
	}
	if most := mustText(t, content, opts{Window: 8, Train: 111}); most.Train.Len() != 111 {
		t.Errorf("%d training windows, want 111", most.Train.Len())
	}
	a, _ := read(t, all, all.Train, []int{4}, Draw{})
	b, _ := read(t, some, some.Train, []int{4}, Draw{})
	if a[0] != b[0] {
		t.Errorf("window 4 of five is %q, of all %q", b[0], a[0])
	}
	if set := mustText(t, content, opts{Window: 99}); set.Train.Len() != 8 || set.Test.Len() != 1 {
		t.Errorf("windows of 99: %d and %d", set.Train.Len(), set.Test.Len())
	}
	// The default window, and one window only to train on: it has to begin at the first character.
	set := mustText(t, strings.Repeat("ab", 325), opts{})
	if set.Task.Targets != 64 || set.Train.Len() != 8 {
		t.Errorf("windows of %d, %d of them", set.Task.Targets, set.Train.Len())
	}
}

// TestTextShifts: in training windows begin anywhere within the length of one, over the
// epochs, and cover the text.
func TestTextShifts(t *testing.T) {
	set := mustText(t, someText(), opts{Window: 8})
	runes := []rune(someText())
	starts := map[int]int{}
	for epoch := range uint64(200) {
		x, y := read(t, set, set.Train, []int{0, 110}, Draw{Seed: 1, Epoch: epoch, Augment: true})
		at := -1
		for s := range 8 {
			if x[0] == string(runes[s:][:8]) && x[1] == string(runes[s+880:][:8]) && y[1] == string(runes[s+881:][:8]) {
				at = s
			}
		}
		if at < 0 {
			t.Fatalf("epoch %d reads %q and %q", epoch, x[0], x[1])
		}
		starts[at]++
	}
	if len(starts) != 8 {
		t.Errorf("windows begin at %v, want all of 0 to 7", starts)
	}
}

func TestTextErrors(t *testing.T) {
	content := someText()
	cut := []byte(content)
	cut = cut[:len(cut)-1]
	latin := []byte("first line\nsecond αλ line is caf\xe9\n")
	for _, c := range []struct {
		name, content string
		o             opts
		want          []string
	}{
		{"empty", "", opts{}, []string{"some.txt", "no text"}},
		{"only a mark", byteOrderMark, opts{}, []string{"no text"}},
		{"not UTF-8", string(latin), opts{}, []string{"some.txt: line 2, column 22", "byte 0xe9"}},
		{"cut off", string(cut), opts{}, []string{"line 28, column 1", "is not UTF-8"}},
		{"short", strings.Repeat("ab", 40), opts{}, []string{"80 characters", "8 are too few", "window of 64"}},
		{"one short", strings.Repeat("a", 640), opts{}, []string{"640 characters", "64 are too few"}},
		{"short for the window", content, opts{Window: 100}, []string{"100 are too few for a window of 100"}},
		{"rune outside", "abc\nab d\n", opts{Vocabulary: `abc\n`}, []string{"some.txt: line 2, column 3", "' ' (U+0020)", "4 characters"}},
		{"rune outside", content, opts{Vocabulary: `αβ\n`}, []string{"line 1, column 5", "'γ' (U+03B3)"}},
		{"twice", content, opts{Vocabulary: `aba`}, []string{"vocabulary", "'a' (U+0061) twice"}},
		{"bad escape", content, opts{Vocabulary: `a\q`}, []string{"vocabulary", `"\\q"`}},
		{"backslash", content, opts{Vocabulary: `a\`}, []string{"vocabulary", `\\`}},
		{"byte", content, opts{Vocabulary: `a\xff`}, []string{"vocabulary"}},
		{"train", content, opts{Window: 8, Train: 112}, []string{"train 112", "111 windows of 8"}},
		{"validation", content, opts{Window: 8, Validation: 12}, []string{"validation 12 leaves nothing", "12 windows of 8"}},
		{"test", content, opts{Window: 8, Validation: 5, Test: 8}, []string{"validation 5 and test 8", "12 windows"}},
		{"window", content, opts{Window: -1}, []string{"window must be at least 1, got -1"}},
		{"gzip", string(gzipped(t, []byte(content))[:40]), opts{}, []string{"gzip"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadText(t, c.content, c.o)
			wantError(t, err, append(c.want, "text: ")...)
		})
	}
	wantError(t, func() error { _, err := load(t.Context(), "text", opts{}); return err }(), "data.file", "data.dir")
	if _, err := os.Stat("/dev/null"); err == nil {
		wantError(t, func() error { _, err := load(t.Context(), "text", opts{File: "/dev/null"}); return err }(), "/dev/null is no regular file")
	}
}

// TestTextFolder: a folder with one text needs no name.
func TestTextFolder(t *testing.T) {
	dir := t.TempDir()
	load := func(o opts) error {
		_, err := load(t.Context(), "text", o)
		return err
	}
	wantError(t, load(opts{Dir: dir}), dir, "0 .txt files", "data.file")
	put(t, filepath.Join(dir, "a.TXT"), []byte(someText()))
	put(t, filepath.Join(dir, "readme.md"), nil)
	put(t, filepath.Join(dir, "more.txt", "inner"), nil)
	if err := load(opts{Dir: dir}); err != nil {
		t.Error(err)
	}
	put(t, filepath.Join(dir, "b.txt"), []byte("b"))
	wantError(t, load(opts{Dir: dir}), "2 .txt files")
	if err := load(opts{Dir: dir, File: "a.TXT"}); err != nil {
		t.Error(err)
	}
	wantError(t, load(opts{Dir: dir, File: filepath.Join(dir, "a.TXT")}), "give one of them")
	wantError(t, load(opts{Dir: dir, File: "c.txt"}), "c.txt")
	wantError(t, load(opts{Dir: filepath.Join(dir, "none")}), "none")
	wantError(t, load(opts{File: dir}), dir)
}

// TestVocabularyQuotes: the option can hold all characters of a text, and gives the same tokens.
func TestVocabularyQuotes(t *testing.T) {
	content := strings.Repeat("a'\"\\ \n\r\tö\x00\x7f\u0080\u2028🙂\ufffd\u00ad", 60)
	set := mustText(t, content, opts{})
	quoted := QuoteVocabulary(set.Task.Alphabet)
	for _, r := range quoted {
		if !(r == ' ' || strconvPrintable(r)) {
			t.Errorf("%q has the invisible character %U", quoted, r)
		}
	}
	again := mustText(t, content, opts{Vocabulary: quoted})
	if !slices.Equal(again.Task.Alphabet, set.Task.Alphabet) {
		t.Errorf("%q gives %q, want %q", quoted, again.Task.Alphabet, set.Task.Alphabet)
	}
	// A larger vocabulary numbers its own characters, in code point order.
	larger := mustText(t, "abba"+strings.Repeat("ab", 400), opts{Vocabulary: "zbüa"})
	if !slices.Equal(larger.Task.Alphabet, []string{"a", "b", "z", "ü"}) || larger.Task.Classes != 4 {
		t.Errorf("alphabet %q", larger.Task.Alphabet)
	}
	if x, _ := read(t, larger, larger.Train, []int{0}, Draw{}); !strings.HasPrefix(x[0], "abba") {
		t.Errorf("the text begins with %q", x[0])
	}
}

func strconvPrintable(r rune) bool {
	return r > ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0) && r != 0x2028 && r != 0xad
}

func TestManyCharacters(t *testing.T) {
	var b strings.Builder
	for r := rune(0x10000); r <= 0x10000+maxCharacters; r++ {
		b.WriteRune(r)
	}
	_, _, err := tokenize([]byte(b.String()), nil)
	wantError(t, err, "65537 different characters")
	tokens, v, err := tokenize([]byte(b.String())[4:], nil)
	if err != nil || len(v.runes) != maxCharacters || tokens[len(tokens)-1] != maxCharacters-1 {
		t.Errorf("%d characters: %v", len(tokens), err)
	}
}

// TestRealText reads tinyshakespeare.
func TestRealText(t *testing.T) {
	dir := dataDir(t, "tinyshakespeare")
	set, err := load(t.Context(), "text", opts{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "input.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if set.Task.Vocabulary != 65 || strings.Join(set.Task.Alphabet, "") != "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
		t.Errorf("vocabulary %q", set.Task.Alphabet)
	}
	cut := len(data) * 9 / 10
	if set.Train.Len() != (cut-64)/64 || set.Test.Len() != (len(data)-cut-1)/64 {
		t.Errorf("%d and %d windows", set.Train.Len(), set.Test.Len())
	}
	if x, y := read(t, set, set.Test, []int{3}, Draw{}); x[0] != string(data[cut+3*64:][:64]) || y[0] != string(data[cut+3*64+1:][:64]) {
		t.Errorf("window 3 of the test part is %q", x[0])
	}
}

// FuzzText: whatever the bytes, reading them ends; an error is one line, and the tokens
// are the text.
func FuzzText(f *testing.F) {
	f.Add([]byte(someText()), uint8(8), "")
	f.Add([]byte("abc"), uint8(1), `abc`)
	f.Add([]byte("a\xffb"), uint8(1), `a\n\u00e4`)
	f.Add([]byte(byteOrderMark+"\r\n\x00"), uint8(0), `\\`)
	f.Fuzz(func(t *testing.T, data []byte, window uint8, chars string) {
		oneLine := func(err error) bool {
			if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %q", err)
			}
			return err == nil
		}
		var v *vocabulary
		if chars != "" {
			var err error
			if v, err = parseVocabulary(chars); !oneLine(err) {
				return
			}
			if again, err := parseVocabulary(QuoteVocabulary(v.alphabet())); err != nil || !slices.Equal(again.runes, v.runes) {
				t.Fatalf("%q is read back as %q, %v", v.runes, again.runes, err)
			}
		}
		tokens, v, err := tokenize(data, v)
		if !oneLine(err) {
			return
		}
		var back []byte
		for _, token := range tokens {
			back = utf8.AppendRune(back, v.runes[token])
		}
		if !bytes.Equal(back, bytes.TrimPrefix(data, []byte(byteOrderMark))) {
			t.Fatalf("%q is read as %q", data, back)
		}
		set, err := Windows{Window: int(window)}.divide(tokens, v, Options{})
		if !oneLine(err) {
			return
		}
		if err := set.validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []Part{set.Train, set.Test} {
			n := set.Task.Targets
			x, y := make([]float32, n), make([]float32, n)
			for epoch := range uint64(3) {
				if err := p.Fill(x, y, []int{p.Len() - 1}, Draw{Epoch: epoch, Augment: true}); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(x[1:], y[:n-1]) || int(slices.Max(y)) >= set.Task.Classes {
					t.Fatalf("inputs %v, targets %v", x, y)
				}
			}
		}
	})
}

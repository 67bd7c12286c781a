package printable

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"größe, 身長 → 5 \u200c": "größe, 身長 → 5 \u200c",
		"\x1b[31mRED":          `\u001b[31mRED`,
		"a\r\nb\tc\x7f":        `a\u000d\u000ab\u0009c\u007f`,
		"\u009b2J":             `\u009b2J`,
		"caf\xe9 \x9b":         `caf\u00e9 \u009b`,
		"user\u202egnp.exe":    `user\u202egnp.exe`,
		"\u200bx\u2066\ufeff":  `\u200bx\u2066\ufeff`,
		"tag\U000e0041":        `tag\U000e0041`,
		"unknown \ufffd glyph": "unknown \ufffd glyph",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestWriter: lines stay lines, and JSON stays JSON of the same texts.
func TestWriter(t *testing.T) {
	var b strings.Builder
	line := "a\tb\x1b]0;title\x07\n"
	if n, err := (Writer{&b}).Write([]byte(line)); n != len(line) || err != nil {
		t.Errorf("%d of %d bytes, %v", n, len(line), err)
	}
	if want := "a\tb" + `\u001b]0;title\u0007` + "\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	names := []string{"\x1b[2J", "\u009b1m\u202e", "plain"}
	if err := json.NewEncoder(Writer{&b}).Encode(names); err != nil {
		t.Fatal(err)
	}
	var again []string
	if err := json.Unmarshal([]byte(b.String()), &again); err != nil || strings.Join(again, "|") != strings.Join(names, "|") {
		t.Errorf("%q was written as %s and is read as %q, %v", names, b.String(), again, err)
	}
}

package datasets

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font/gofont/goregular"
)

// fontTable is where a table of a font lies.
func fontTable(t testing.TB, font []byte, tag string) []byte {
	t.Helper()
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		e := font[12+16*i:]
		if string(e[:4]) == tag {
			at, n := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
			return font[at : at+n]
		}
	}
	t.Fatalf("no table %s", tag)
	return nil
}

// TestCompositeOfItself: a glyph that names itself a thousand times ends.
func TestCompositeOfItself(t *testing.T) {
	f := &trueType{longLoca: true, loca: []byte{0, 0, 0, 0, 0, 0, 0x1f, 0x4a}}
	f.glyf = append(f.glyf, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)
	for range 1000 {
		f.glyf = append(f.glyf, 0, 0x23, 0, 0, 0, 0, 0, 0)
	}
	start := time.Now()
	_, err := f.contours(0, 0)
	if err == nil || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	// One that names an empty glyph is cut off as well.
	f.loca = append(f.loca, 0, 0, 0x1f, 0x4a)
	for at := 13; at < len(f.glyf); at += 8 {
		f.glyf[at] = 1
	}
	if _, err := f.contours(0, 0); err == nil || !strings.Contains(err.Error(), "more than 256") {
		t.Error(err)
	}
}

// FuzzTrueType overwrites a part of a table of a font: every character has its
// outline or an error of one line.
func FuzzTrueType(f *testing.F) {
	tables := []string{"head", "cmap", "loca", "glyf"}
	for i := range tables {
		f.Add(uint8(i), uint32(50), []byte{0, 4}, 'H')
		f.Add(uint8(i), uint32(4000), []byte{255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0, 36}, 'A')
	}
	f.Fuzz(func(t *testing.T, table uint8, at uint32, patch []byte, r rune) {
		font := bytes.Clone(goregular.TTF)
		if int(table) < len(tables) {
			part := fontTable(t, font, tables[table])
			copy(part[int(at)%len(part):], patch)
		} else { // the directory
			copy(font[int(at)%300:], patch)
		}
		read, err := parseTrueType(font)
		if err == nil {
			_, _, err = polygons(read, r, 1)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("error of several lines: %q", err)
		}
	})
}

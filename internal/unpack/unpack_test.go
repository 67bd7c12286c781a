package unpack

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"
)

func packed(t *testing.T, write func(w io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	write(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzip(t *testing.T) {
	zeros := packed(t, func(w io.Writer) {
		for range 64 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := packed(t, func(w io.Writer) {
		var text []byte
		for len(text) < Free+1<<20 {
			text = append(strconv.AppendInt(text, rng.Int64N(2), 10), ",0,0,0\n"...)
		}
		_, _ = w.Write(text)
	})
	for _, c := range []struct {
		name    string
		data    []byte
		refused bool
	}{{"zeros", zeros, true}, {"zeros and ones", numbers, false}} {
		r, err := Gzip(bytes.NewReader(c.data))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if errors.As(err, new(Error)) != c.refused || (err != nil) != c.refused {
			t.Errorf("%s: %d bytes from %d: %v", c.name, n, len(c.data), err)
		}
		if most := int64(Free + Ratio*len(c.data)); n > most {
			t.Errorf("%s: %d bytes came out of %d, at most %d may", c.name, n, len(c.data), most)
		}
	}
	if _, err := io.Copy(io.Discard, Bounded(bytes.NewReader(make([]byte, Free+Ratio*20)), 10)); !errors.As(err, new(Error)) {
		t.Errorf("Bounded: %v", err)
	}
}

// Package unpack bounds the unpacked size of compressed files. A few hundred
// kilobytes of zeros can become gigabytes; real data does not.
package unpack

import (
	"compress/gzip"
	"fmt"
	"io"
)

// A file may unpack to Free bytes and Ratio times the bytes that it has. Tables
// and texts come to 3 to 20 times their size, columns of zeros and ones to 30.
const (
	Free  = 16 << 20
	Ratio = 100
)

// Error is that a file unpacks to more than it may.
type Error struct{}

func (Error) Error() string {
	return fmt.Sprintf("it unpacks to more than %d MiB and %d times its size, as data do not; "+
		"if it is as it should be, unpack it and give the unpacked file",
		Free>>20, Ratio)
}

// Gzip unpacks r, and gives an Error where that becomes more than it may.
func Gzip(r io.Reader) (io.Reader, error) {
	packed := &counter{r: r}
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	return &bounded{r: z, packed: func() int64 { return packed.n }}, nil
}

// Bounded passes on the unpacked contents r of a file of packed bytes, and gives an
// Error once they exceed the limit for that size.
func Bounded(r io.Reader, packed int64) io.Reader {
	return &bounded{r: r, packed: func() int64 { return packed }}
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

type bounded struct {
	r        io.Reader
	packed   func() int64
	unpacked int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.unpacked += int64(n)
	if b.unpacked > Free && (b.unpacked-Free)/Ratio > b.packed() {
		return 0, Error{}
	}
	return n, err
}

package serve

import (
	"io"
	"net/http"
	"sync/atomic"
)

// budget bounds the memory of all requests together.
type budget struct {
	left atomic.Int64
}

var errMemory = &failure{http.StatusServiceUnavailable, "memory", "the requests in progress take all memory for requests; try again later"}

// loan is the part of the budget that a request has.
type loan struct {
	*budget
	bytes int64
}

// take enlarges the loan.
func (l *loan) take(bytes int64) error {
	if l.left.Add(-bytes) < 0 {
		l.left.Add(bytes)
		return errMemory
	}
	l.bytes += bytes
	return nil
}

// end gives the loan back.
func (l *loan) end() {
	l.left.Add(l.bytes)
	l.bytes = 0
}

// read reads a body of at most limit bytes. It takes memory as bytes arrive, not as the request
// announces them.
func (l *loan) read(r io.Reader, announced, limit int64) ([]byte, error) {
	const start = 64 << 10
	size := int64(start)
	if announced >= 0 {
		size = min(size, announced)
	}
	size++ // the end is seen without another buffer
	if err := l.take(size); err != nil {
		return nil, err
	}
	body := make([]byte, 0, size)
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, &failure{http.StatusRequestEntityTooLarge, "input", tooLarge(limit)}
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
		if len(body) < cap(body) {
			continue
		}
		size := min(2*int64(cap(body)), limit+1)
		if announced >= 0 {
			size = min(size, max(announced, int64(cap(body)))+1)
		}
		if err := l.take(size); err != nil {
			return nil, err
		}
		larger := make([]byte, len(body), size)
		copy(larger, body)
		l.left.Add(int64(cap(body)))
		l.bytes -= int64(cap(body))
		body = larger
	}
}

package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hold is a model whose predictor enters and leaves each batch when the test says so.
func hold() (*Model, *sums) {
	p := &sums{}
	return model(p), p
}

// blocked starts a request that fills a batch of its own and waits until it is computed. The
// function lets the predictor go on.
func blocked(t *testing.T, s *Server, p *sums) (release func()) {
	t.Helper()
	p.sizes = nil
	p.enter, p.leave = make(chan struct{}), make(chan struct{})
	go ask(s, "POST", inferPath, input("FP32", "[4, 3]", "[1,1,1, 2,2,2, 3,3,3, 4,4,4]"))
	<-p.enter
	return func() {
		p.leave <- struct{}{}
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, event string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 10 s", event)
		}
	}
}

// waiting waits until so many examples are in the queue.
func waiting(t *testing.T, s *Server, n int64) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d examples in the queue", n), func() bool { return s.models["m"].waiting.Load() == n })
}

// Requests that come during a batch are the next one, in their order, as far as whole requests fit.
func TestBatches(t *testing.T) {
	m, p := hold()
	s := start(t, Options{}, m)
	release := blocked(t, s, p)
	answers := make([]*httptest.ResponseRecorder, 4)
	var all sync.WaitGroup
	for i, n := range []int{1, 2, 3, 1} { // 1+2 fit, 3 begins the next batch, 1 joins it
		data := strings.Repeat(fmt.Sprintf("%d,0,1,", i), n)
		all.Go(func() {
			answers[i] = ask(s, "POST", inferPath, input("FP32", fmt.Sprintf("[%d,3]", n), "["+strings.TrimSuffix(data, ",")+"]"))
		})
		waiting(t, s, []int64{1, 3, 6, 7}[i])
	}
	go func() {
		for range 2 {
			<-p.enter
			p.leave <- struct{}{}
		}
	}()
	release()
	all.Wait()
	for i, n := range []int{1, 2, 3, 1} {
		want := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("%d,%d,", i+1, 2*i), n), ",")
		if body := answers[i].Body.String(); !strings.Contains(body, `"data":[`+want+`]`) {
			t.Errorf("request %d: %s\nwant %s", i, body, want)
		}
	}
	if !slices.Equal(p.sizes, []int{4, 3, 4}) {
		t.Errorf("batches %v", p.sizes)
	}
}

// A batch begins when it is full, or when its first request has waited long enough.
func TestWait(t *testing.T) {
	m, p := hold()
	s := start(t, Options{Wait: time.Hour}, m)
	p.sizes = nil
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]")) })
	}
	all.Wait()
	if !slices.Equal(p.sizes, []int{4}) {
		t.Errorf("batches %v", p.sizes)
	}
	const wait = 30 * time.Millisecond
	s = start(t, Options{Wait: wait}, m)
	p.sizes = nil
	begin := time.Now()
	ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]"))
	if took := time.Since(begin); took < wait || !slices.Equal(p.sizes, []int{1}) {
		t.Errorf("batches %v after %v", p.sizes, took)
	}
}

// Requests beyond the queue get status 503 and are told to try again.
func TestFullQueue(t *testing.T) {
	m, p := hold()
	s := start(t, Options{Queue: 5}, m)
	release := blocked(t, s, p)
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() { ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]")) })
		waiting(t, s, int64(i+1))
	}
	w := ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]"))
	if got := message(t, w); w.Code != 503 || got != "the queue is full; try again later" || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %q %s", w.Code, got, w.Header())
	}
	go func() {
		for range 2 {
			<-p.enter
			p.leave <- struct{}{}
		}
	}()
	release()
	all.Wait()
	if c := s.Counts(); c.Failed != 1 {
		t.Errorf("%+v", c)
	}
}

// A request whose client goes leaves the queue, and one that waits too long is answered.
func TestLeavingRequests(t *testing.T) {
	m, p := hold()
	s := start(t, Options{}, m)
	release := blocked(t, s, p)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, "POST", inferPath, strings.NewReader(input("FP32", "[2, 3]", "[1, 2, 3, 4, 5, 6]")))
		s.ServeHTTP(w, r)
		gone <- w.Code
	}()
	waiting(t, s, 2)
	cancel()
	if status := <-gone; status != 499 {
		t.Errorf("status %d of a request without a client", status)
	}
	s.o.Timeout = 20 * time.Millisecond
	w := ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]"))
	s.o.Timeout = time.Minute
	if got := message(t, w); w.Code != 503 || got != "not computed within the time for a request; try again later" {
		t.Errorf("%d %q", w.Code, got)
	}
	release()
	waiting(t, s, 0)
	p.enter = nil // the predictor is idle
	if w := ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]")); w.Code != http.StatusOK || !slices.Equal(p.sizes, []int{4, 1}) {
		t.Errorf("%d %s, batches %v", w.Code, w.Body, p.sizes)
	}
}

// A request whose client goes while its batch waits for others leaves the batch.
func TestLeavingBatch(t *testing.T) {
	m, p := hold()
	s := start(t, Options{Wait: time.Hour}, m)
	p.sizes = nil
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", inferPath, strings.NewReader(input("FP32", "[1, 3]", "[1, 2, 3]"))))
		gone <- w.Code
	}()
	waitFor(t, "the batch begins", func() bool { return s.models["m"].waiting.Load() == 1 && len(s.models["m"].queue) == 0 })
	cancel()
	if status := <-gone; status != 499 {
		t.Errorf("status %d", status)
	}
	w := ask(s, "POST", inferPath, input("FP32", "[4, 3]", "[1,1,1, 2,2,2, 3,3,3, 4,4,4]"))
	if w.Code != 200 || !slices.Equal(p.sizes, []int{4}) || !strings.Contains(w.Body.String(), `"data":[3,2,6,4,9,6,12,8]`) {
		t.Errorf("%d %s, batches %v", w.Code, w.Body, p.sizes)
	}
	waiting(t, s, 0)
}

// Requests whose memory is not there get status 503; the memory comes back.
func TestMemory(t *testing.T) {
	m, p := hold()
	s := start(t, Options{Memory: 5*(bytesAround+4*3*bytesPerValue) + 1000}, m)
	release := blocked(t, s, p)
	taken := loan{budget: &s.memory}
	if err := taken.take(s.memory.left.Load()); err != nil {
		t.Fatal(err)
	}
	w := ask(s, "POST", inferPath, input("FP32", "[1, 3]", "[1, 2, 3]"))
	if got := message(t, w); w.Code != 503 || got != "the requests in progress take all memory for requests; try again later" {
		t.Errorf("%d %q", w.Code, got)
	}
	taken.end()
	release()
	waitFor(t, "memory", func() bool { return s.memory.left.Load() == s.o.Memory })
}

// read takes memory for the bytes that came, whatever the length in the header.
func TestReadInSteps(t *testing.T) {
	for _, announced := range []int64{-1, 200_000, 1 << 20} {
		b := &budget{}
		b.left.Store(1 << 30)
		l := loan{budget: b}
		body, err := l.read(strings.NewReader(strings.Repeat("x", 200_000)), announced, 1<<20)
		if err != nil || len(body) != 200_000 || l.bytes != int64(cap(body)) || l.bytes > 500_000 || b.left.Load() != 1<<30-l.bytes {
			t.Errorf("announced %d: %d bytes, %v, loan %d", announced, len(body), err, l.bytes)
		}
		l.end()
		if _, err := l.read(strings.NewReader(strings.Repeat("x", 200_000)), announced, 199_999); err == nil {
			t.Error("a body above the limit is read")
		}
		b.left.Store(100_000)
		l.bytes = 0
		if _, err := l.read(strings.NewReader(strings.Repeat("x", 200_000)), announced, 1<<20); !errors.Is(err, errMemory) {
			t.Errorf("%v", err)
		}
	}
}

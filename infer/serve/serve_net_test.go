package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// listening is a server at a free port.
type listening struct {
	*Server
	addr  string
	stop  context.CancelFunc
	ended chan error // of Serve
}

func listen(t *testing.T, o Options, grace time.Duration, models ...*Model) *listening {
	t.Helper()
	s, err := New(models, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	v := &listening{s, l.Addr().String(), stop, make(chan error, 1)}
	go func() {
		v.ended <- s.Serve(ctx, l, grace)
		close(v.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-v.ended
	})
	return v
}

// url is the address of a path.
func (l *listening) url(path string) string { return "http://" + l.addr + path }

// Many clients at once get their own answers, and leave no goroutines, memory or connections behind.
func TestManyClients(t *testing.T) {
	const clients, each = 64, 32
	before := runtime.NumGoroutine()
	m := model(&sums{})
	m.Batch = 32
	s := listen(t, Options{Wait: 200 * time.Microsecond}, time.Minute, m)
	round := func() {
		transport := &http.Transport{MaxIdleConnsPerHost: clients}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		var all sync.WaitGroup
		for c := range clients {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(c)))
				for range each {
					a, b := rng.IntN(1000), rng.IntN(1000)
					r, err := client.Post(s.url(inferPath), "application/json", strings.NewReader(input("FP32", "[1,3]", fmt.Sprintf("[%d,%d,1]", a, b))))
					if err != nil {
						t.Error(err)
						return
					}
					var got struct{ Outputs []struct{ Data []float32 } }
					err = json.NewDecoder(r.Body).Decode(&got)
					r.Body.Close()
					if err != nil || r.StatusCode != 200 || got.Outputs[0].Data[0] != float32(a+b+1) || got.Outputs[1].Data[1] != float32(-2*a) {
						t.Errorf("%d, %v: %v for %d, %d", r.StatusCode, err, got, a, b)
					}
				}
			})
		}
		all.Wait()
		http.DefaultClient.CloseIdleConnections()
	}
	heap := func() uint64 {
		waitFor(t, "connections close", func() bool { return runtime.NumGoroutine() <= before+4 })
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	round()
	first := heap()
	round()
	if second := heap(); second > first+1<<20 {
		t.Errorf("heap %d bytes after a round, %d after two", first, second)
	}
	if c := s.Counts(); c != (Counts{2 * clients * each, 0, 2 * clients * each}) {
		t.Errorf("%+v", c)
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	waitFor(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	if left := s.memory.left.Load(); left != s.o.Memory {
		t.Errorf("%d bytes of %d are left", left, s.o.Memory)
	}
}

// dial opens a connection and writes the beginning of a request.
func dial(t *testing.T, s *listening, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// Headers and bodies that do not arrive end the connection, and so do clients that send no request.
func TestSlowClients(t *testing.T) {
	s := listen(t, Options{Timeout: 150 * time.Millisecond}, time.Second, model(&sums{}))
	for name, c := range map[string]struct{ text, answer string }{
		"no request":    {"", ""},
		"half a header": {"POST " + inferPath + " HTTP/1.1\r\nHost: x\r\nContent-Ty", "HTTP/1.1 400 Bad Request"},
		"half a body": {"POST " + inferPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"inputs\"",
			"HTTP/1.1 408 Request Timeout"},
	} {
		conn := dial(t, s, c.text)
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(b), c.answer) || c.answer == "" && len(b) > 0 {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	// Headers without an end.
	conn := dial(t, s, "GET /v2 HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 64<<10))
	b, _ := io.ReadAll(conn) // the server may close before it has read everything
	if len(b) > 0 && !strings.HasPrefix(string(b), "HTTP/1.1 431") {
		t.Errorf("%.80q", b)
	}
}

// A connection beyond the limit is served when another one closes.
func TestConnections(t *testing.T) {
	s := listen(t, Options{Connections: 2}, time.Second, model(&sums{}))
	first, _ := dial(t, s, ""), dial(t, s, "")
	third := dial(t, s, "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := third.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("a third connection is served")
	}
	first.Close()
	if err := third.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(third).ReadString('\n')
	if err != nil || !strings.Contains(line, "200") {
		t.Errorf("%q, %v", line, err)
	}
}

// A server that is told to stop is not ready, finishes its requests and refuses connections.
func TestStop(t *testing.T) {
	m, p := hold()
	s := listen(t, Options{}, time.Minute, m)
	p.enter, p.leave = make(chan struct{}), make(chan struct{})
	status := make(chan int, 1)
	go func() {
		r, err := http.Post(s.url(inferPath), "application/json", strings.NewReader(input("FP32", "[1,3]", "[1,2,3]")))
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		r.Body.Close()
		status <- r.StatusCode
	}()
	<-p.enter
	s.stop()
	waitFor(t, "the listener closes", func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	for _, path := range []string{"/v2/health/ready", "/v2/models/m/ready"} {
		if w := ask(s, "GET", path, ""); w.Code != 503 || !strings.Contains(w.Body.String(), `"ready":false`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(s, "GET", "/v2/health/live", ""); w.Code != 200 {
		t.Errorf("live: %d", w.Code)
	}
	p.leave <- struct{}{}
	if got := <-status; got != 200 {
		t.Errorf("status %d of the accepted request", got)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

// Requests that take longer than the grace are cut off, and the error counts them.
func TestGrace(t *testing.T) {
	m, p := hold()
	s := listen(t, Options{}, 50*time.Millisecond, m)
	p.enter, p.leave = make(chan struct{}), make(chan struct{})
	broken := make(chan error, 1)
	go func() {
		r, err := http.Post(s.url(inferPath), "application/json", strings.NewReader(input("FP32", "[1,3]", "[1,2,3]")))
		if err == nil {
			r.Body.Close()
		}
		broken <- err
	}()
	<-p.enter
	s.stop()
	if err := <-broken; err == nil {
		t.Error("the request was answered")
	}
	p.leave <- struct{}{} // Serve waits for the batch that is computed
	if err := <-s.ended; err == nil || err.Error() != "1 requests were not finished within 50ms and are cut off" {
		t.Error(err)
	}
}

// The access log has a line for each request.
func TestAccessLog(t *testing.T) {
	var b bytes.Buffer
	s := start(t, Options{Access: slog.New(slog.NewTextHandler(&b, nil))}, model(&sums{}))
	ask(s, "GET", "/v2/health/live", "")
	ask(s, "GET", "/x%0ay", "")
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "method=GET path=/v2/health/live status=200 bytes=13 ms=") ||
		!strings.Contains(lines[1], `path="/x\ny" status=404`) {
		t.Errorf("%s", b.String())
	}
}

// Command serve checks pare serve as clients see it. It starts the server on a free port of this
// machine and then:
//
//   - sends 10,000 requests of 64 clients, twice, compares every answer with pare predict, and
//     compares the server's goroutines, open files, live heap and memory after both rounds;
//   - sends malformed, huge and slow requests;
//   - stops the server while requests run.
//
// It prints the rate and the quantiles of the times, and exits with status 1 at any fault.
//
//	go run ./scripts/serve -pare bin/pare -run runs/resnet [-requests 10000] [-clients 64] [-args "-batch 32"]
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/npy"
)

func main() {
	pare := flag.String("pare", "bin/pare", "the program `pare`")
	folder := flag.String("run", "", "`folder` of a run whose network reads numbers and predicts classes")
	requests := flag.Int("requests", 10000, "requests in a round")
	clients := flag.Int("clients", 64, "clients at once")
	args := flag.String("args", "", "more options of pare serve")
	flag.Parse()
	if err := check(*pare, *folder, *requests, *clients, strings.Fields(*args)); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// examples is the number of different inputs.
const examples = 256

// inputs are examples with the logits of pare predict.
type inputs struct {
	shape  []int // of an example
	x      []float32
	width  int
	logits []float32
}

func check(pare, folder string, requests, clients int, args []string) error {
	in, err := predicted(pare, folder)
	if err != nil {
		return err
	}
	s, err := start(pare, append([]string{"m=" + folder, "-raw"}, args...))
	if err != nil {
		return err
	}
	defer func() { _ = s.Process.Kill() }() // it has ended unless a check failed
	var after []map[string]float64
	for round := range 3 {
		if round == 0 { // a short one, so that all clients have connected once
			if _, err := s.load(in, clients*4, clients); err != nil {
				return err
			}
		} else {
			begin := time.Now()
			times, err := s.load(in, requests, clients)
			if err != nil {
				return err
			}
			took := time.Since(begin)
			slices.Sort(times)
			at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))].Round(10 * time.Microsecond) }
			fmt.Printf("%d requests of %d clients: %.0f a second, median %v, p95 %v, p99 %v, slowest %v\n",
				requests, clients, float64(requests)/took.Seconds(), at(0.5), at(0.95), at(0.99), at(1))
		}
		figures, err := s.settled()
		if err != nil {
			return err
		}
		fmt.Printf("  then: %s\n", figuresText(figures))
		after = append(after, figures)
	}
	if err := compare(after[1], after[2]); err != nil {
		return err
	}
	if err := s.bad(in); err != nil {
		return err
	}
	if _, err := s.load(in, clients, clients); err != nil {
		return fmt.Errorf("after bad requests: %w", err)
	}
	return s.stop(in, clients)
}

// predicted draws inputs and lets pare predict compute their logits.
func predicted(pare, folder string) (*inputs, error) {
	m, err := export.Load(folder)
	if err != nil {
		return nil, err
	}
	in := &inputs{shape: m.Net.Input, x: make([]float32, examples*m.Net.Input.Size()), width: m.Net.Output().Shape.Size()}
	if m.Net.Vocabulary > 0 || m.Meaning() == export.OutputNumbers {
		return nil, fmt.Errorf("%s: the network reads tokens or predicts numbers; give one with classes or labels", folder)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range in.x {
		in.x[i] = rng.Float32()
	}
	dir, err := os.MkdirTemp("", "serve")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	x, y := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	if err := atomicfile.Write(x, func(w io.Writer) error { return npy.Write(w, append([]int{examples}, in.shape...), in.x) }); err != nil {
		return nil, err
	}
	if out, err := exec.Command(pare, "predict", folder, "-inputs", x, "-out", y).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	b, err := os.ReadFile(y)
	if err != nil {
		return nil, err
	}
	_, in.logits, err = npy.Read(bytes.NewReader(b))
	return in, err
}

// server is a process of pare serve.
type server struct {
	*exec.Cmd
	out  *bufio.Reader
	addr string
}

func start(pare string, args []string) (*server, error) {
	s := &server{Cmd: exec.Command(pare, append([]string{"serve", "-addr", "127.0.0.1:0", "-timeout", "10s"}, args...)...)}
	s.Stderr = os.Stderr
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	line, err := s.out.ReadString('\n')
	fmt.Print(line)
	_, s.addr, _ = strings.Cut(strings.TrimSpace(line), " at http://")
	return s, err
}

func (s *server) url(path string) string { return "http://" + s.addr + path }

// connections is a client of the server with so many of them.
func connections(n int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}}
}

// load sends requests, every second one in binary, and returns the time of each.
func (s *server) load(in *inputs, requests, clients int) ([]time.Duration, error) {
	client := connections(clients)
	defer client.CloseIdleConnections()
	times := make([]time.Duration, requests)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= requests || failed.Load() != nil {
					return
				}
				begin := time.Now()
				if err := s.ask(client, in, i%examples, i/2%2 == 1); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
				times[i] = time.Since(begin)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return times, nil
}

const (
	inferPath    = "/v2/models/m/infer"
	headerLength = "Inference-Header-Content-Length"
)

// ask sends an example and compares the answer.
func (s *server) ask(client *http.Client, in *inputs, k int, binaryData bool) error {
	size := len(in.x) / examples
	x, want := in.x[k*size:][:size], in.logits[k*in.width:][:in.width]
	tensor := map[string]any{"name": "input", "datatype": "FP32", "shape": append([]int{1}, in.shape...)}
	output := map[string]any{"name": export.ONNXOutput}
	if binaryData {
		tensor["parameters"] = map[string]int{"binary_data_size": 4 * size}
		output["parameters"] = map[string]bool{"binary_data": true}
	} else {
		tensor["data"] = x
	}
	body, err := json.Marshal(map[string]any{"inputs": []any{tensor}, "outputs": []any{output}})
	if err != nil {
		return err
	}
	jsonSize := len(body)
	if binaryData {
		for _, v := range x {
			body = binary.LittleEndian.AppendUint32(body, math.Float32bits(v))
		}
	}
	r, err := http.NewRequest(http.MethodPost, s.url(inferPath), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if binaryData {
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set(headerLength, strconv.Itoa(jsonSize))
	}
	w, err := client.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode != http.StatusOK {
		return fmt.Errorf("example %d: %s %.200s, %v", k, w.Status, answer, err)
	}
	got, err := values(answer, w.Header.Get(headerLength))
	if err != nil || len(got) != len(want) {
		return fmt.Errorf("example %d: %d values, not %d, %v", k, len(got), len(want), err)
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i]-v)) <= 1e-5*(1+math.Abs(float64(v)))) {
			return fmt.Errorf("example %d: output %d is %v, of pare predict %v", k, i, got[i], v)
		}
	}
	return nil
}

// values are the values of the one output of an answer.
func values(answer []byte, jsonSize string) ([]float32, error) {
	text := answer
	if jsonSize != "" {
		n, err := strconv.Atoi(jsonSize)
		if err != nil || n > len(answer) {
			return nil, fmt.Errorf("%s %q", headerLength, jsonSize)
		}
		text = answer[:n]
	}
	var a struct{ Outputs []struct{ Data []float32 } }
	if err := json.Unmarshal(text, &a); err != nil || len(a.Outputs) != 1 {
		return nil, fmt.Errorf("%d outputs, %v", len(a.Outputs), err)
	}
	out := a.Outputs[0].Data
	for rest := answer[len(text):]; len(rest) >= 4; rest = rest[4:] {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(rest)))
	}
	return out, nil
}

// names are the metrics that show a leak. The collector lets the heap grow to next_gc, a
// multiple of the live heap after the last collection.
var names = []string{"go_goroutines", "process_open_fds", "go_memstats_next_gc_bytes", "process_resident_memory_bytes"}

// settled reads the metrics when connections have closed.
func (s *server) settled() (map[string]float64, error) {
	time.Sleep(500 * time.Millisecond)
	r, err := http.Get(s.url("/metrics"))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if slices.Contains(names, name) {
			if out[name], err = strconv.ParseFloat(value, 64); err != nil {
				return nil, err
			}
		}
	}
	if len(out) != len(names) {
		return nil, fmt.Errorf("metrics %v, not all of %v", out, names)
	}
	return out, nil
}

func figuresText(figures map[string]float64) string {
	var parts []string
	for _, n := range names {
		unit := ""
		v := figures[n]
		if strings.HasSuffix(n, "_bytes") {
			v, unit = v/(1<<20), " MiB"
		}
		parts = append(parts, fmt.Sprintf("%s %.4g%s", n, v, unit))
	}
	return strings.Join(parts, ", ")
}

// compare reports growth between two equal rounds.
func compare(first, second map[string]float64) error {
	for name, allowed := range map[string]float64{"go_goroutines": 4, "process_open_fds": 4,
		"go_memstats_next_gc_bytes": max(8<<20, first["go_memstats_next_gc_bytes"]/4), "process_resident_memory_bytes": 64 << 20} {
		if second[name] > first[name]+allowed {
			return fmt.Errorf("%s grew from %g to %g", name, first[name], second[name])
		}
	}
	return nil
}

// bad sends requests that must be refused.
func (s *server) bad(in *inputs) error {
	post := func(body io.Reader, contentType string) (int, error) {
		r, err := http.Post(s.url(inferPath), contentType, body)
		if err != nil {
			return 0, err
		}
		defer r.Body.Close()
		_, err = io.Copy(io.Discard, r.Body)
		return r.StatusCode, err
	}
	many := fmt.Sprintf(`{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1000000000%s], "data": []}]}`,
		strings.ReplaceAll(strings.Trim(fmt.Sprint(append([]int{1}, in.shape...)), "[]")[1:], " ", ", "))
	for _, c := range []struct {
		name, contentType string
		body              io.Reader
		want              int
	}{
		{"no JSON", "application/json", strings.NewReader("{"), 400},
		{"random bytes", "application/json", bytes.NewReader(noise(1 << 16)), 400},
		{"deep JSON", "application/json", strings.NewReader(strings.Repeat(`{"a":`, 1<<13)), 400},
		{"many examples", "application/json", strings.NewReader(many), 413},
		{"text", "text/plain", strings.NewReader("{}"), 415},
	} {
		if got, err := post(c.body, c.contentType); err != nil || got != c.want {
			return fmt.Errorf("%s: status %d, %v, want %d", c.name, got, err, c.want)
		}
	}
	// The server answers before it has read everything, and closes the connection.
	if got, err := post(io.LimitReader(zeros{}, 8<<30), "application/json"); err == nil && got != http.StatusRequestEntityTooLarge {
		return fmt.Errorf("huge body: status %d", got)
	}
	return s.slow()
}

// slow opens connections that send a byte now and then, and waits until the server has closed them.
func (s *server) slow() error {
	begin := time.Now()
	failed := make(chan error)
	for i := range 20 {
		go func() {
			text := "POST " + inferPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
			if i%2 == 0 {
				text += "\r\n{" // a slow body, otherwise slow headers
			}
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				failed <- err
				return
			}
			defer conn.Close()
			for err == nil && time.Since(begin) < 30*time.Second {
				_, err = io.WriteString(conn, text)
				text = " "
				time.Sleep(200 * time.Millisecond)
			}
			if err == nil {
				failed <- errors.New("a slow connection is open after 30 s")
				return
			}
			failed <- nil
		}()
	}
	for range 20 {
		if err := <-failed; err != nil {
			return err
		}
	}
	fmt.Printf("20 slow connections were closed within %.1f s\n", time.Since(begin).Seconds())
	return nil
}

// stop ends the server while requests run: they are answered, or not accepted.
func (s *server) stop(in *inputs, clients int) error {
	client := connections(clients)
	defer client.CloseIdleConnections()
	var answered, refused atomic.Int64
	var fault atomic.Pointer[error]
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for k := 0; ; k++ {
				err := s.ask(client, in, k%examples, true)
				var closed net.Error
				switch {
				case err == nil:
					answered.Add(1)
					continue
				case errors.As(err, &closed), errors.Is(err, io.EOF): // a connection that was idle, or is not accepted
					refused.Add(1)
				default:
					fault.Store(&err)
				}
				return
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	all.Wait()
	line, err := s.out.ReadString('\n')
	fmt.Print(line)
	if err := errors.Join(err, s.Wait()); err != nil {
		return fmt.Errorf("the server ended with %w", err)
	}
	if err := fault.Load(); err != nil {
		return fmt.Errorf("while it stopped: %w", *err)
	}
	fmt.Printf("SIGTERM: %d requests answered, %d clients ended at a closed connection, exit status 0\n", answered.Load(), refused.Load())
	return nil
}

func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.Uint32())
	}
	return out
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
